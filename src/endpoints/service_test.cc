#include "endpoints/service.h"

#include "endpoints/testing/world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace endpoints {
namespace {

using testing::code_of;
using testing::World;

std::vector<std::string> event_types(World& world)
{
    auto events = world.read([](store::Transaction& tx) { return tx.events.after(0, "", 100); });
    std::vector<std::string> types;
    for (const auto& each : events.value()) {
        types.push_back(each.type);
    }
    return types;
}

std::vector<model::Revision> revisions(World& world, std::int64_t after)
{
    return world
        .read([after](store::Transaction& tx) -> base::Result<std::vector<model::Revision>> {
            TRY(head, tx.revisions.head());
            head.number = after;
            return tx.revisions.after(head, 100);
        })
        .value();
}

TEST(Service, CreatesAnEndpointWithItsRecordsInOneStep)
{
    World world;

    const auto made = world.add("acme", "Shop.Customer.TEST.");

    ASSERT_TRUE(made) << made.error().message();
    const auto& endpoint = made->endpoint;
    EXPECT_TRUE(made->created);
    EXPECT_EQ(endpoint.name().text(), "shop.customer.test");
    EXPECT_EQ(endpoint.tenant, "acme");
    EXPECT_EQ(endpoint.status.state, model::EndpointState::pending_dns);
    EXPECT_EQ(endpoint.next_check_at, world.clock.now());
    ASSERT_EQ(endpoint.required_records.size(), 3U);
    EXPECT_EQ(endpoint.required_records[0].value, endpoint.label + ".platform.test");
    EXPECT_EQ(endpoint.required_records[1].value, endpoint.label + ".acme.platform.test");
    EXPECT_EQ(endpoint.label.size(), 13U);
    EXPECT_EQ(event_types(world), std::vector<std::string>{"endpoint.created"});
    const auto rows = revisions(world, 0);
    const auto has = [&](model::RevisionKind kind, const std::string& key) {
        return std::ranges::any_of(
            rows, [&](const model::Revision& row) { return row.kind == kind && row.key == key; });
    };
    EXPECT_TRUE(has(model::RevisionKind::route, endpoint.id));
    EXPECT_TRUE(has(model::RevisionKind::alias, endpoint.label + ".platform.test"));
}

TEST(Service, ReturnsTheSameEndpointWhenItIsCreatedAgain)
{
    World world;
    const auto first = world.add("acme", "shop.customer.test").value();

    const auto again = world.add("acme", "shop.customer.test").value();

    EXPECT_FALSE(again.created);
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.endpoint.id, first.endpoint.id);
    EXPECT_EQ(again.endpoint.required_records, first.endpoint.required_records);
    EXPECT_EQ(event_types(world).size(), 1U);
}

TEST(Service, UpdatesTheSettingsWhenItIsCreatedAgainWithOthers)
{
    World world;
    const auto first = world.add("acme", "shop.customer.test").value();

    const auto again = world.add("acme", "shop.customer.test", "https://new.example.net").value();

    EXPECT_TRUE(again.changed);
    EXPECT_EQ(again.endpoint.id, first.endpoint.id);
    EXPECT_EQ(again.endpoint.upstream, "https://new.example.net");
    EXPECT_EQ(again.endpoint.required_records, first.endpoint.required_records);
}

TEST(Service, RefusesNamesThatCannotBe)
{
    World world;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "name_invalid"},
        {"192.0.2.7", "name_invalid"},
        {"https://shop.customer.test/", "name_invalid"},
        {"shop customer.test", "name_invalid"},
        {"-shop.customer.test", "name_invalid"},
        {"a..customer.test", "name_invalid"},
        {"a.*.customer.test", "name_invalid"},
        {"_acme-challenge.customer.test", "name_invalid"},
        {std::string(64, 'a') + ".customer.test", "name_too_long"},
        {"co.uk", "name_public_suffix"},
        {"*.co.uk", "name_public_suffix"},
        {"test", "name_public_suffix"},
        {"platform.test", "name_reserved"},
        {"x.platform.test", "name_reserved"},
        {"*.platform.test", "name_reserved"},
        {"x.acme.platform.test", "name_reserved"},
    };
    for (const auto& [name, code] : cases) {
        const auto refused = world.add("acme", name);

        EXPECT_EQ(code_of(refused), code) << name;
        EXPECT_TRUE(refused || !refused.error().message().empty());
    }
    EXPECT_TRUE(event_types(world).empty());
}

TEST(Service, AcceptsUnicodeNames)
{
    World world;

    const auto made = world.add("acme", "shop.münchen.example").value();

    EXPECT_EQ(made.endpoint.name().text(), "shop.xn--mnchen-3ya.example");
}

TEST(Service, SaysThatAWildcardNeedsItsDelegation)
{
    World world;

    const auto made = world.add("acme", "*.shop.customer.test").value();

    ASSERT_EQ(made.warnings.size(), 1U);
    EXPECT_EQ(made.warnings[0].code, "delegation_missing");
    EXPECT_NE(made.warnings[0].fix.find("_acme-challenge.shop"), std::string::npos);
}

TEST(Service, LetsEachTenantClaimANameAndHidesWhoHoldsIt)
{
    World world;
    const auto first = world.add("acme", "shop.customer.test").value();
    const auto open = world.add("globex", "shop.customer.test").value();
    ASSERT_TRUE(world.hold(first.endpoint));

    const auto held = world.add("globex2", "shop.customer.test").value();

    EXPECT_TRUE(open.created);
    EXPECT_TRUE(open.warnings.empty());
    EXPECT_TRUE(held.created);
    ASSERT_EQ(held.warnings.size(), 1U);
    const auto& warning = held.warnings[0];
    EXPECT_EQ(warning.code, "name_in_use");
    EXPECT_EQ(warning.message.find("acme"), std::string::npos);
    EXPECT_EQ(warning.message.find(first.endpoint.id), std::string::npos);
    EXPECT_NE(warning.fix.find("_certwright-ownership.shop TXT certwright=" + held.endpoint.label),
              std::string::npos);
    const auto& proof = held.endpoint.required_records.back();
    EXPECT_EQ(proof.purpose, model::RecordPurpose::ownership);
    EXPECT_TRUE(proof.required);
    EXPECT_FALSE(open.endpoint.required_records.back().required);
}

TEST(Service, NeedsNoProofWhereTheOperatorVouches)
{
    World world;
    ASSERT_TRUE(world.add("acme", "shop.customer.test"));

    const auto made = world.add("", "shop.customer.test").value();

    EXPECT_TRUE(made.endpoint.vouched);
    EXPECT_EQ(made.endpoint.required_records.size(), 2U);
    ASSERT_EQ(made.endpoint.status.conditions.size(), 1U);
    EXPECT_EQ(made.endpoint.status.conditions[0].type, "Ownership");
    EXPECT_EQ(made.endpoint.status.conditions[0].status, model::ConditionStatus::yes);
    EXPECT_FALSE(world.hold(world.add("globex", "shop.customer.test").value().endpoint));
    const auto taken = world.add("acme", "taken.customer.test").value().endpoint;
    ASSERT_TRUE(world.hold(taken));
    EXPECT_EQ(code_of(world.add("", "taken.customer.test")), "name_in_use");
}

TEST(Service, TellsAnApexItsAddressesAndTheAliasInstead)
{
    World world;
    ASSERT_TRUE(world.write([](store::Transaction& tx) {
        return tx.groups.put({"default", {"192.0.2.1", "2001:db8::1"}, "", ""});
    }));

    const auto records = world.add("acme", "customer.test").value().endpoint.required_records;

    ASSERT_EQ(records.size(), 4U);
    EXPECT_EQ(records[0].type, "A");
    EXPECT_EQ(records[0].value, "192.0.2.1");
    EXPECT_EQ(records[1].type, "AAAA");
    EXPECT_EQ(records[1].alternatives.at(0).type, "ALIAS");
    EXPECT_EQ(records[3].name, "_certwright-ownership.customer.test");
    EXPECT_TRUE(records[3].required);
}

TEST(Service, LimitsTheNamesUnderOneDomain)
{
    auto options = testing::test_options();
    options.names_per_domain = 2;
    World world(options);
    ASSERT_TRUE(world.add("acme", "a.customer.test"));
    ASSERT_TRUE(world.add("acme", "b.customer.test"));

    const auto refused = world.add("acme", "c.customer.test");

    ASSERT_EQ(code_of(refused), "fanout_limited");
    EXPECT_NE(refused.error().fix().find("*.customer.test"), std::string::npos);
    EXPECT_TRUE(world.add("acme", "a.customer.test"));
    EXPECT_TRUE(world.add("acme", "c.another.test"));
    EXPECT_TRUE(world.add("globex", "c.customer.test"));
}

TEST(Service, RefusesToSpreadNamesOtherwise)
{
    World world;
    ASSERT_TRUE(world.add("acme", "shop.customer.test"));
    NewEndpoint wanted;
    wanted.names = {"www.customer.test", "shop.customer.test"};
    wanted.upstream = "http://app.example.net";

    const auto refused = world.run(world.service.create(Caller{"acme"}, wanted));

    EXPECT_EQ(code_of(refused), "names_immutable");
}

TEST(Service, KeepsForeignEndpointsOutOfSight)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value();

    for (const auto& reference : {made.endpoint.id, std::string("shop.customer.test"),
                                  std::string("nonsense"), std::string("ep_x")}) {
        const auto found = world.run(world.service.get(Caller{"globex"}, reference));
        ASSERT_FALSE(found) << reference;
        EXPECT_EQ(found.error().code(), "endpoint_not_found");
    }
    EXPECT_TRUE(world.run(world.service.get(Caller{"acme"}, "SHOP.customer.test")));
    EXPECT_TRUE(world.run(world.service.get(Caller{""}, made.endpoint.id)));
    EXPECT_TRUE(world.run(world.service.list(Caller{"globex"}, Listing())).value().items.empty());
    EXPECT_FALSE(world.run(world.service.remove(Caller{"globex"}, made.endpoint.id)));
}

TEST(Service, WarnsWhenAChangeMakesTheDelegationNecessary)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value();
    EXPECT_TRUE(made.warnings.empty());
    EndpointChange change;
    change.kind = model::EndpointKind::internal;

    const auto changed = world.run(world.service.update(Caller{"acme"}, made.endpoint.id, change)).value();

    ASSERT_EQ(changed.warnings.size(), 1U);
    EXPECT_EQ(changed.warnings[0].code, "delegation_missing");
    const auto& records = changed.endpoint.required_records;
    EXPECT_FALSE(records[0].required);
    EXPECT_EQ(records[0].value, made.endpoint.required_records[0].value);
}

TEST(Service, NamesTheBadBlockOfAnIpFilter)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value();
    EndpointChange change;
    change.ip_filter = std::vector<std::string>{"192.0.2.0/24", "192.0.2.0/99"};

    const auto refused = world.run(world.service.update(Caller{"acme"}, made.endpoint.id, change));

    ASSERT_EQ(code_of(refused), "ip_filter_invalid");
    EXPECT_NE(refused.error().message().find("192.0.2.0/99"), std::string::npos);
}

TEST(Service, KeepsAnUpstreamThatTheOperatorGranted)
{
    World world;
    NewEndpoint wanted;
    wanted.tenant = "acme";
    wanted.names = {"shop.customer.test"};
    wanted.upstream = "http://10.0.0.7:8080";
    EXPECT_EQ(code_of(world.run(world.service.create(Caller{"acme"}, wanted))), "upstream_forbidden");
    const auto made = world.run(world.service.create(Caller{""}, wanted)).value();
    EndpointChange change;
    change.kind = model::EndpointKind::internal;

    EXPECT_TRUE(world.run(world.service.update(Caller{"acme"}, made.endpoint.id, change)));
    change.upstream = "http://10.0.0.8";
    EXPECT_EQ(code_of(world.run(world.service.update(Caller{"acme"}, made.endpoint.id, change))),
              "upstream_forbidden");
}

TEST(Service, RefusesAnUpstreamThatIsTheEndpointItself)
{
    World world;

    EXPECT_EQ(code_of(world.add("acme", "shop.customer.test", "https://shop.customer.test/")),
              "upstream_invalid");
}

TEST(Service, HoldsTheNamesOfARemovedEndpoint)
{
    World world;
    const auto first = world.add("acme", "shop.customer.test").value().endpoint;
    ASSERT_TRUE(world.hold(first));

    const auto removed = world.run(world.service.remove(Caller{"acme"}, first.id)).value();

    EXPECT_EQ(removed.status.state, model::EndpointState::deleting);
    const auto other = world.add("globex", "shop.customer.test").value();
    EXPECT_EQ(other.warnings.at(0).code, "name_in_use");
    EXPECT_FALSE(world.hold(other.endpoint));
    EXPECT_EQ(world.run(world.service.release_held()).value(), 0U);
    world.clock.advance(std::chrono::hours(24 * 7));
    EXPECT_EQ(world.run(world.service.release_held()).value(), 1U);
    EXPECT_TRUE(world.hold(other.endpoint));
    EXPECT_FALSE(world.run(world.service.get(Caller{"acme"}, first.id)));
}

TEST(Service, EndsTheOrderOfARemovedEndpointAtOnce)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;

    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, made.id)));

    EXPECT_EQ(world.issuance.hastened, std::vector<std::string>{made.id});
    EXPECT_EQ(world.issuance.wakes, 1);
}

TEST(Service, GivesNewTargetsToATenantThatComesBack)
{
    World world;
    const auto first = world.add("acme", "shop.customer.test").value().endpoint;
    ASSERT_TRUE(world.run(world.service.remove(Caller{"acme"}, first.id)));

    const auto second = world.add("acme", "shop.customer.test").value();

    EXPECT_TRUE(second.created);
    EXPECT_NE(second.endpoint.label, first.label);
}

TEST(Service, StopsAtTheQuota)
{
    auto options = testing::test_options();
    options.endpoints_per_tenant = 2;
    World world(options);
    ASSERT_TRUE(world.add("acme", "a.customer.test"));
    ASSERT_TRUE(world.add("acme", "b.customer.test"));

    EXPECT_EQ(code_of(world.add("acme", "c.customer.test")), "quota_exceeded");
    EXPECT_TRUE(world.add("acme", "a.customer.test"));
    EXPECT_TRUE(world.add("globex", "c.customer.test"));
}

TEST(Service, AsksDiagnosisAndIssuanceForWhatIsTheirs)
{
    World world;
    const auto made = world.add("acme", "shop.customer.test").value().endpoint;

    ASSERT_TRUE(world.run(world.service.check(Caller{"acme"}, "shop.customer.test")));
    const auto orders = world.run(world.service.renew(Caller{"acme"}, made.id)).value();

    EXPECT_EQ(world.checks.checked, std::vector<std::string>{made.id});
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_TRUE(orders[0].replaces.empty());
    EXPECT_EQ(world.issuance.wakes, 1);
}

}  // namespace
}  // namespace endpoints
