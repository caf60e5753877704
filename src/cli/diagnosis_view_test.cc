#include "cli/diagnosis_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const base::Time checked_at = base::parse_rfc3339("2026-11-22T12:00:00Z").value();

json::object misdirected()
{
    return json::parse(R"({
        "id": "ep_abc", "name": "shop.customer.test", "state": "pending_dns", "since": "2026-11-22T11:55:00Z",
        "retrying": true, "next_attempt_at": "2026-11-22T12:00:40Z", "serving": false,
        "reason": {"code": "dns_wrong_target", "message": "shop.customer.test leads to 192.0.2.1.", "actor": "customer",
                   "fix": "Replace that record with: shop CNAME k3x.platform.test"},
        "conditions": [
            {"type": "DnsRouting", "status": "false", "problem": {"code": "dns_wrong_target", "actor": "customer",
             "message": "shop.customer.test leads to 192.0.2.1.", "fix": "Replace that record with: shop CNAME k3x.platform.test"}},
            {"type": "ChallengeDelegation", "status": "false", "problem": {"code": "delegation_missing", "actor": "customer",
             "message": "The record is not there yet.", "fix": "Create the record"}},
            {"type": "CaaAllows", "status": "true", "problem": null}],
        "required_records": [
            {"purpose": "routing", "type": "CNAME", "name": "shop.customer.test", "host": "shop", "value": "k3x.platform.test",
             "required": true, "status": "wrong", "found": ["A 192.0.2.1"]},
            {"purpose": "challenge", "type": "CNAME", "name": "_acme-challenge.shop.customer.test", "host": "_acme-challenge.shop",
             "value": "k3x.acme.platform.test", "required": false, "status": "missing", "found": []}]
    })")
        .as_object();
}

json::object active()
{
    auto made = misdirected();
    made["state"] = "active";
    made["reason"] = nullptr;
    made["serving"] = true;
    made["retrying"] = false;
    made["conditions"].as_array()[0] = json::object{{"type", "DnsRouting"}, {"status", "true"}};
    return made;
}

TEST(Diagnosis, SaysWhatWasFoundWhoActsAndWhatIsNext)
{
    EXPECT_EQ(diagnosis_text(misdirected(), Paint(), checked_at),
              R"(shop.customer.test  pending_dns for 5 min
It has no certificate yet and waits for DNS. certwright looks again by itself in 40 s.
shop.customer.test leads to 192.0.2.1. [dns_wrong_target]

DNS records
   x routing    CNAME shop.customer.test
       expected k3x.platform.test
       found    A 192.0.2.1
       host     shop
   - challenge  CNAME _acme-challenge.shop.customer.test  (optional)
       expected k3x.acme.platform.test
       found    nothing
       host     _acme-challenge.shop

What was looked at
   x routing      shop.customer.test leads to 192.0.2.1. [dns_wrong_target]
   x delegation   The record is not there yet. [delegation_missing]
  ok CAA          the certificate authority may issue

Who must act, and how
  customer  Replace that record with: shop CNAME k3x.platform.test

Worth mending, though nothing waits for it
  customer  Create the record

Next
  certwright doctor shop.customer.test                   look again when that is done
  certwright certificate upload shop.customer.test --chain FILE --key FILE
                                                         bridge the time with a certificate you have
)");
}

TEST(Diagnosis, OfAHealthyNameIsShortOfThingsToDo)
{
    EXPECT_TRUE(is_healthy(active()));
    EXPECT_TRUE(actions_for(active()).empty());
    EXPECT_THAT(diagnosis_text(active(), Paint(), checked_at), HasSubstr("All is well"));
    EXPECT_THAT(diagnosis_text(active(), Paint(), checked_at), Not(HasSubstr("Who must act")));
}

TEST(Diagnosis, OfAnActiveNameWhoseOriginFailsIsNotHealthy)
{
    auto ill = active();
    ill["conditions"].as_array().push_back(
        json::object{{"type", "Origin"},
                     {"status", "false"},
                     {"problem", json::object{{"code", "origin_unreachable"},
                                              {"message", "It does not answer."},
                                              {"actor", "platform"},
                                              {"fix", "Start it"}}}});
    EXPECT_FALSE(is_healthy(ill));
    EXPECT_THAT(diagnosis_text(ill, Paint(), checked_at), HasSubstr("platform  Start it"));
}

TEST(Diagnosis, AsJsonHasActionsAndTheNextCommands)
{
    const auto made = diagnosis_json(misdirected());
    EXPECT_FALSE(made.at("healthy").as_bool());
    EXPECT_EQ(made.at("actions").as_array().size(), 2U);
    EXPECT_EQ(made.at("next").as_array().at(0).as_string(), "certwright doctor shop.customer.test");
    EXPECT_EQ(text(made, "name"), "shop.customer.test");
}

TEST(Diagnosis, TextFromOutsideCannotMoveTheCursor)
{
    auto nasty = misdirected();
    nasty["required_records"].as_array()[0].as_object()["found"] = json::array{"A \x1b[2J"};
    EXPECT_THAT(diagnosis_text(nasty, Paint(), checked_at), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace cli
