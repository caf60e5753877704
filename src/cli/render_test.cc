#include "cli/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const base::Time now = base::parse_rfc3339("2026-11-22T12:00:00Z").value();

json::object pending()
{
    return json::parse(R"({
        "id": "ep_abc", "name": "shop.customer.test", "display_name": "shop.customer.test", "names": ["shop.customer.test"],
        "kind": "external", "ip_filter": [], "filter_at": "edge", "upstream": "http://10.0.0.5:3000", "key_types": ["ecdsa_p256"],
        "state": "pending_dns", "since": "2026-11-22T11:55:00Z", "retrying": true, "next_attempt_at": "2026-11-22T12:00:40Z",
        "serving": false, "conditions": [], "next_check_at": "2026-11-22T12:00:40Z", "certificates": [], "order": null,
        "reason": {"code": "dns_wrong_target", "message": "shop.customer.test points to 192.0.2.1.", "actor": "customer",
                   "fix": "Replace the record."},
        "required_records": [
            {"purpose": "routing", "type": "CNAME", "name": "shop.customer.test", "host": "shop", "value": "k3x.platform.test",
             "required": true, "status": "wrong", "found": ["A 192.0.2.1"]},
            {"purpose": "challenge", "type": "CNAME", "name": "_acme-challenge.shop.customer.test", "host": "_acme-challenge.shop",
             "value": "k3x.acme.platform.test", "required": true, "status": "missing", "found": []}]
    })")
        .as_object();
}

TEST(EndpointText, SaysWhatIsWrongWhoActsAndWhatToCreate)
{
    EXPECT_EQ(endpoint_text(pending(), Paint(), now),
              R"(shop.customer.test  ep_abc
  state      pending_dns for 5 min; certwright tries again in 40 s
  reason     shop.customer.test points to 192.0.2.1. [dns_wrong_target]
  who acts   customer
  fix        Replace the record.
  kind       external
  upstream   http://10.0.0.5:3000
  IP filter  none; everybody may come in
  serves     the platform's certificate; it has none of its own yet

DNS records
  routing wrong
    type    CNAME
    host    shop   (full: shop.customer.test)
    value   k3x.platform.test
    found   A 192.0.2.1
  challenge missing
    type    CNAME
    host    _acme-challenge.shop   (full: _acme-challenge.shop.customer.test)
    value   k3x.acme.platform.test
    found   nothing

Next
  certwright doctor shop.customer.test                    look at DNS now, in detail
  certwright certificate upload shop.customer.test --chain FILE --key FILE
                             bridges the time with a certificate you have
)");
}

TEST(EndpointText, TellsWhichCertificateIsServed)
{
    auto endpoint = pending();
    endpoint["state"] = "active";
    endpoint["reason"] = nullptr;
    endpoint["serving"] = true;
    endpoint["certificates"] = json::parse(
        R"([{"id": "crt_1", "source": "managed", "state": "live", "identifiers": ["shop.customer.test"],
        "key_type": "ecdsa_p256", "issuer": "Pebble", "serial": "0a1b", "not_after": "2027-02-20T12:00:00Z",
        "renew_at": "2027-01-21T12:00:00Z", "served": true}])");

    const auto shown = endpoint_text(endpoint, Paint(), now);

    EXPECT_THAT(
        shown,
        HasSubstr("serves     managed certificate of Pebble, serial 0a1b, until 2027-02-20 (in 90 days)\n"));
    EXPECT_THAT(
        shown,
        HasSubstr(
            R"(ID     NAMES               SOURCE            STATE  KEY         ISSUER  SERIAL  ENDS                     RENEWS
crt_1  shop.customer.test  managed (served)  live   ecdsa_p256  Pebble  0a1b    2027-02-20 (in 90 days)  2027-01-21 (in 60 days)
)"));
    EXPECT_THAT(shown, Not(HasSubstr("reason")));
}

TEST(EndpointText, LetsNothingFromOutsideControlTheTerminal)
{
    auto endpoint = pending();
    endpoint["required_records"].as_array()[0].as_object()["found"] = json::array{"TXT \x1b[2J\x07"};

    const auto shown = endpoint_text(endpoint, Paint(), now);

    EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
    EXPECT_THAT(shown, HasSubstr("TXT ?[2J?"));
}

TEST(EndpointText, SurvivesAnAnswerOfAnotherShape)
{
    EXPECT_FALSE(endpoint_text(json::object(), Paint(true), now).empty());
    EXPECT_FALSE(status_text(json::object(), Paint(true), now).empty());
    EXPECT_FALSE(endpoint_list_text(json::object{{"items", 7}}, Paint(), now).empty());
}

TEST(EndpointList, AlignsItsColumns)
{
    json::object page;
    auto wide = pending();
    wide["name"] = "a.test";
    wide["state"] = "active";
    wide["reason"] = nullptr;
    page["items"] = json::array{pending(), wide};

    EXPECT_EQ(endpoint_list_text(page, Paint(), now),
              R"(NAME                STATE        SINCE      KIND      LEADS TO              REASON
shop.customer.test  pending_dns  5 min ago  external  http://10.0.0.5:3000  dns_wrong_target
a.test              active       5 min ago  external  http://10.0.0.5:3000  -
)");
}

TEST(StatusText, TellsCountsAndWhatIsWrongWithZones)
{
    const auto status = json::parse(
        R"({"version": "0.1.0", "endpoints": {"active": 2, "parked": 1}, "alerts": {"warning": 2, "critical": 1}, "orders": {"deployed": 3},
        "next_order_at": "2026-11-22T12:05:00Z", "platform_certificate": null, "next_renewal": null,
        "ca_account": {"directory_url": "https://ca.test/dir"}, "revision": 7,
        "edges": [{"revision": 7}, {"revision": 5}],
        "zones": [{"zone": "platform.test", "ok": false, "message": "no NS at the parent", "fix": "Create them.",
                   "records": ["platform.test NS ns1.platform.test"]}]})");

    EXPECT_EQ(status_text(status.as_object(), Paint(), now), R"(certwright 0.1.0
  endpoints  2 active, 1 parked
  alerts     3 active, 1 critical; see: certwright alert list
  orders     3 deployed
  next order in 5 min
  platform   none yet
  CA         https://ca.test/dir
  zone       platform.test: no NS at the parent
  fix        Create them.
             platform.test NS ns1.platform.test
  edges      1 of 2 up to date (revision 7)
)");
}

TEST(Paint, ColoursOnlyWhenItIsOn)
{
    EXPECT_EQ(Paint(false).state("active"), "active");
    EXPECT_EQ(Paint(true).state("active"), "\x1b[32mactive\x1b[0m");
    EXPECT_EQ(display_width(Paint(true).state("münchen")), 7U);
}

TEST(Relative, PicksAUnitThatPeopleUse)
{
    const auto at = [](std::chrono::seconds offset) { return relative(now + offset, now); };

    EXPECT_EQ(at(std::chrono::seconds(0)), "now");
    EXPECT_EQ(at(std::chrono::seconds(90)), "in 90 s");
    EXPECT_EQ(at(std::chrono::minutes(-10)), "10 min ago");
    EXPECT_EQ(at(std::chrono::hours(5)), "in 5 hours");
    EXPECT_EQ(at(std::chrono::hours(-24 * 90)), "90 days ago");
}

TEST(Table, GoesOnInFurtherLinesWhereATerminalHasNoRoom)
{
    Table table({"ID", "NAMES", "ENDS"});
    table.add({"crt_1", "shop.example.com", "2027-01-31"});

    EXPECT_EQ(table.text(Paint()), "ID     NAMES             ENDS\ncrt_1  shop.example.com  2027-01-31\n");
    EXPECT_EQ(table.text(Paint(false, 26)),
              "ID     NAMES\n    ENDS\ncrt_1  shop.example.com\n    2027-01-31\n");
    EXPECT_EQ(wrapped("a bc def", 4), "a bc\ndef");
    EXPECT_EQ(wrapped("a\nlongword", 4), "a\nlongword");
}

}  // namespace
}  // namespace cli
