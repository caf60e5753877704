// Whose a name is: what DNS proves, on a real store.
#include "diagnosis/ownership.h"

#include "diagnosis/dns_check.h"
#include "diagnosis/ownership_check.h"
#include "diagnosis/status.h"
#include "fakes/fake_resolver.h"
#include "fakes/sample_endpoint.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

using dns::RecordType;
using model::ConditionStatus;
using model::EndpointState;

const base::Time start = base::from_millis(1'800'000'000'000);
const std::vector<std::string> our_addresses{"198.51.100.7", "2001:db8::7"};

class Ownership : public ::testing::Test {
protected:
    template <class F>
    auto write(F function)
    {
        auto done = test::run(loop, store->write(std::move(function)));
        EXPECT_TRUE(done) << done.error().message();
        return std::move(done).value();
    }

    // A claim of a tenant whom nobody vouches for.
    std::string claim(const std::string& tenant, const std::vector<std::string>& names,
                      model::EndpointKind kind = model::EndpointKind::external)
    {
        auto made = test::sample_endpoint(names, kind);
        made.id = "ep_" + tenant;
        made.tenant = tenant;
        made.label = "label-of-" + tenant;
        made.vouched = false;
        made.required_records = model::required_records(made, test::sample_platform(), our_addresses);
        made.status.since = start;
        write([made](store::Transaction& tx) { return tx.endpoints.insert(made); });
        return made.id;
    }
    static std::string target(const std::string& tenant)
    {
        return "label-of-" + tenant + ".edge.example.net";
    }
    static std::string challenge_target(const std::string& tenant)
    {
        return "label-of-" + tenant + ".acme.edge.example.net";
    }
    void txt(const std::string& name, const std::vector<std::string>& tenants)
    {
        std::vector<std::string> values{"something else"};
        for (const auto& each : tenants) {
            values.push_back("certwright=label-of-" + each);
        }
        resolver.set("_certwright-ownership." + name, RecordType::txt, values);
    }
    void lead_here(const std::string& name)
    {
        resolver.set(name, RecordType::a, {our_addresses[0]});
        resolver.set(name, RecordType::aaaa, {our_addresses[1]});
    }

    // A look at DNS, stored.
    model::Endpoint look(const std::string& id)
    {
        diagnosis::CheckContext context;
        context.addresses = our_addresses;
        const auto now = clock.now();
        const auto found = test::run(loop, diagnosis::check_dns(resolver, stored(id), context, now));
        return write([&](store::Transaction& tx) { return diagnosis::record_findings(tx, id, found, now); });
    }
    model::Endpoint stored(const std::string& id)
    {
        return test::run(loop, store->read([id](store::Transaction& tx) { return tx.endpoints.get(id); }))
            .value();
    }
    std::string holder(const std::string& name)
    {
        const auto asked = *model::DomainName::parse(name);
        return test::run(loop,
                         store->read([asked](store::Transaction& tx) { return tx.names.holder(asked); }))
            .value()
            .value_or("nobody");
    }
    static model::Condition ownership(const model::Endpoint& endpoint)
    {
        return diagnosis::condition_of(endpoint.status.conditions, "Ownership");
    }
    static bool provable(const model::Endpoint& endpoint)
    {
        return !diagnosis::provable_challenges(endpoint, endpoint.status.conditions, false).empty();
    }
    void give_certificate(const std::string& id)
    {
        write([&](store::Transaction& tx) -> base::Result<> {
            model::Certificate made;
            made.id = "crt_" + id;
            made.endpoint = id;
            made.identifiers = {"shop.example.com"};
            made.not_before = clock.now() - std::chrono::hours(1);
            made.not_after = clock.now() + std::chrono::days(60);
            made.renew_at = clock.now() + std::chrono::days(40);
            made.created_at = clock.now();
            CHECKED(tx.certificates.insert(made));
            return diagnosis::refresh_status(tx, id, clock.now());
        });
    }
    std::vector<std::string> routes_published(std::int64_t after)
    {
        auto read = [after](store::Transaction& tx) -> base::Result<std::vector<model::Revision>> {
            TRY(head, tx.revisions.head());
            head.number = after;
            return tx.revisions.after(head, 100);
        };
        std::vector<std::string> keys;
        for (const auto& each : test::run(loop, store->read(read)).value()) {
            if (each.kind == model::RevisionKind::route) {
                keys.push_back(each.key);
            }
        }
        return keys;
    }
    std::int64_t head()
    {
        return test::run(loop, store->read([](store::Transaction& tx) { return tx.revisions.head(); }))
            ->number;
    }
    boost::asio::io_context loop{1};
    test::TempDir folder;
    base::ManualClock clock{start};
    test::FakeResolver resolver;
    std::unique_ptr<store::Store> store = store::open_sqlite(folder.path() / "test.db", clock).value();
};

TEST_F(Ownership, AnAddressOfOursProvesNothingForWhoeverAsks)
{
    lead_here("shop.example.com");
    const auto thief = claim("thief", {"shop.example.com"});

    const auto seen = look(thief);

    EXPECT_EQ(diagnosis::condition_of(seen.status.conditions, "DnsRouting").status, ConditionStatus::yes);
    EXPECT_EQ(ownership(seen).status, ConditionStatus::no);
    EXPECT_EQ(ownership(seen).problem.code, "ownership_missing");
    EXPECT_EQ(ownership(seen).problem.actor, model::Actor::customer);
    EXPECT_NE(ownership(seen).problem.fix.find("_certwright-ownership.shop TXT certwright=label-of-thief"),
              std::string::npos)
        << ownership(seen).problem.fix;
    EXPECT_EQ(seen.status.reason.code, "ownership_missing");
    EXPECT_FALSE(provable(seen));
    EXPECT_EQ(holder("shop.example.com"), "nobody");
}

TEST_F(Ownership, TheFirstThatProvesItselfHoldsTheNameAndTheOthersLearnWhy)
{
    const auto first = claim("first", {"shop.example.com"});
    const auto owner = claim("owner", {"shop.example.com"});
    resolver.set("shop.example.com", RecordType::cname, {target("owner")});

    const auto waiting = look(first);
    const auto before = head();
    const auto proved = look(owner);
    const auto told = look(first);

    EXPECT_EQ(waiting.status.reason.code, "dns_wrong_target");
    EXPECT_EQ(ownership(proved).status, ConditionStatus::yes);
    EXPECT_TRUE(provable(proved));
    EXPECT_EQ(holder("shop.example.com"), owner);
    EXPECT_EQ(routes_published(before), std::vector<std::string>{owner});
    EXPECT_EQ(ownership(told).problem.code, "name_in_use");
    EXPECT_FALSE(provable(told));
}

TEST_F(Ownership, TheDelegationProvesItTooAndSoDoesTheEndOfAChain)
{
    const auto internal = claim("internal", {"wiki.example.com"}, model::EndpointKind::internal);
    resolver.set("_acme-challenge.wiki.example.com", RecordType::cname, {challenge_target("internal")});
    const auto chained = claim("chained", {"shop.example.com"});
    resolver.set("shop.example.com", RecordType::cname, {"alias.example.com"});
    resolver.set("alias.example.com", RecordType::cname, {target("chained")});

    EXPECT_EQ(ownership(look(internal)).status, ConditionStatus::yes);
    EXPECT_EQ(ownership(look(chained)).status, ConditionStatus::yes);
}

TEST_F(Ownership, AWildcardThatPointsHereProvesNothingForANameBelowIt)
{
    const auto wildcard = claim("owner", {"*.example.com"});
    resolver.set("*.example.com", RecordType::cname, {target("owner")});
    lead_here(target("owner"));
    const auto thief = claim("thief", {"b.example.com"});

    EXPECT_EQ(ownership(look(wildcard)).status, ConditionStatus::yes);
    const auto seen = look(thief);

    EXPECT_EQ(ownership(seen).status, ConditionStatus::no);
    EXPECT_EQ(holder("b.example.com"), "nobody");
    EXPECT_FALSE(provable(seen));
}

TEST_F(Ownership, AnApexIsProvedByTxtAlone)
{
    const auto apex = claim("owner", {"example.com"});
    lead_here("example.com");
    resolver.set("_acme-challenge.example.com", RecordType::cname, {challenge_target("owner")});

    const auto before = look(apex);
    txt("example.com", {"owner"});
    const auto after = look(apex);

    EXPECT_EQ(ownership(before).problem.code, "ownership_missing");
    EXPECT_EQ(before.status.reason.code, "ownership_missing");
    EXPECT_EQ(ownership(after).status, ConditionStatus::yes);
    EXPECT_TRUE(provable(after));
    for (const auto& each : after.required_records) {
        EXPECT_EQ(each.status, model::RecordStatus::ok) << each.name << " " << each.type;
    }
}

TEST_F(Ownership, ATxtOfAnotherAccountIsAMismatch)
{
    const auto apex = claim("late", {"example.com"});
    txt("example.com", {"someone"});

    const auto seen = look(apex);

    EXPECT_EQ(ownership(seen).problem.code, "ownership_mismatch");
    EXPECT_NE(ownership(seen).problem.message.find("certwright=label-of-someone"), std::string::npos);
    EXPECT_NE(ownership(seen).problem.fix.find("certwright=label-of-late"), std::string::npos);
}

TEST_F(Ownership, ANameChangesHandsByTxtOnlyAndOnlyAloneThere)
{
    const auto old_owner = claim("old", {"shop.example.com"});
    resolver.set("shop.example.com", RecordType::cname, {target("old")});
    look(old_owner);
    const auto next = claim("next", {"shop.example.com"});

    resolver.set("shop.example.com", RecordType::cname, {target("next")});
    EXPECT_EQ(ownership(look(next)).problem.code, "name_in_use");
    txt("shop.example.com", {"old", "next"});
    EXPECT_EQ(ownership(look(next)).problem.code, "ownership_mismatch");
    EXPECT_EQ(holder("shop.example.com"), old_owner);

    txt("shop.example.com", {"next"});
    const auto before = head();
    const auto taken = look(next);

    EXPECT_EQ(ownership(taken).status, ConditionStatus::yes);
    EXPECT_EQ(holder("shop.example.com"), next);
    EXPECT_EQ(routes_published(before), (std::vector<std::string>{old_owner, next}));
    const auto lost = stored(old_owner);
    EXPECT_EQ(ownership(lost).problem.code, "name_in_use");
    EXPECT_FALSE(provable(lost));
    // And it stays so, whatever the old owner's records said before.
    look(old_owner);
    EXPECT_EQ(holder("shop.example.com"), next);
}

TEST_F(Ownership, AServedNameMovesWhenTheNewOwnerCanServeIt)
{
    const auto old_owner = claim("old", {"shop.example.com"});
    resolver.set("shop.example.com", RecordType::cname, {target("old")});
    lead_here(target("old"));
    look(old_owner);
    give_certificate(old_owner);
    ASSERT_TRUE(stored(old_owner).status.serving);
    const auto next = claim("next", {"shop.example.com"});
    txt("shop.example.com", {"next"});

    const auto coming = look(next);
    EXPECT_EQ(ownership(coming).status, ConditionStatus::yes);
    EXPECT_TRUE(provable(coming));  // by HTTP-01: the name leads to us, by the old target
    EXPECT_EQ(holder("shop.example.com"), old_owner);
    EXPECT_TRUE(stored(old_owner).status.serving);

    give_certificate(next);

    EXPECT_EQ(holder("shop.example.com"), next);
    EXPECT_TRUE(stored(next).status.serving);
    const auto lost = stored(old_owner);
    EXPECT_FALSE(lost.status.serving);
    EXPECT_EQ(lost.status.state, EndpointState::action_required);
    const auto certificates =
        write([&](store::Transaction& tx) { return tx.certificates.of_endpoint(old_owner); });
    EXPECT_EQ(certificates.front().renew_at, std::nullopt);
}

TEST_F(Ownership, WhatTheOperatorVouchesForIsNotTakenOver)
{
    auto vouched = test::sample_endpoint({"shop.example.com"});
    write([vouched](store::Transaction& tx) { return tx.endpoints.insert(vouched); });
    const auto other = claim("other", {"shop.example.com"});
    txt("shop.example.com", {"other"});

    const auto seen = look(other);

    EXPECT_EQ(ownership(look(vouched.id)).status, ConditionStatus::yes);
    EXPECT_EQ(ownership(seen).problem.code, "name_in_use_here");
    EXPECT_EQ(holder("shop.example.com"), vouched.id);
}

TEST_F(Ownership, EachNameOfAnEndpointIsProvedByItself)
{
    const auto several = claim("owner", {"a.example.com", "b.example.com"});
    resolver.set("a.example.com", RecordType::cname, {target("owner")});

    const auto half = look(several);
    resolver.set("b.example.com", RecordType::cname, {target("owner")});
    const auto whole = look(several);

    EXPECT_EQ(holder("a.example.com"), several);
    EXPECT_EQ(ownership(half).status, ConditionStatus::no);
    EXPECT_FALSE(provable(half));
    EXPECT_EQ(half.status.reason.code, "dns_not_found");  // what to create proves it too
    EXPECT_EQ(ownership(whole).status, ConditionStatus::yes);
    EXPECT_EQ(holder("b.example.com"), several);
}

TEST_F(Ownership, AHeldNameStaysHeldWhileItsDnsIsBroken)
{
    const auto owner = claim("owner", {"shop.example.com"});
    resolver.set("shop.example.com", RecordType::cname, {target("owner")});
    look(owner);
    resolver.clear("shop.example.com");

    EXPECT_EQ(ownership(look(owner)).status, ConditionStatus::yes);
    EXPECT_EQ(holder("shop.example.com"), owner);
}

}  // namespace
