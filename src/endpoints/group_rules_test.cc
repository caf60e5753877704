// Groups of proxies, and who may keep the challenge path of an endpoint to its app.
#include "endpoints/service.h"
#include "endpoints/testing/world.h"

#include <gtest/gtest.h>

namespace endpoints {
namespace {

using testing::code_of;
using testing::World;

NewEndpoint wanted(const std::string& group, bool own_challenges = false)
{
    NewEndpoint made;
    made.names = {"shop.customer.test"};
    made.upstream = "http://app.example.net:8080";
    made.edge_group = group;
    made.own_challenges = own_challenges;
    return made;
}

void add_group(World& world, const std::string& name, bool own_challenges)
{
    model::EdgeGroup group;
    group.name = name;
    group.own_challenges = own_challenges;
    ASSERT_TRUE(world.write([group](store::Transaction& tx) { return tx.groups.put(group); }));
}

TEST(Groups, TheOperatorChoosesOneThatExistsAndItStays)
{
    World world;
    add_group(world, "web", false);
    const auto create = [&](const std::string& tenant, const std::string& group) {
        return world.run(world.service.create(Caller{tenant}, wanted(group)));
    };

    EXPECT_EQ(code_of(create("", "none")), "group_not_found");
    EXPECT_EQ(code_of(create("acme", "web")), "group_forbidden");
    const auto made = create("", "web");
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->endpoint.edge_group, "web");
    EXPECT_EQ(create("", "")->endpoint.id, made->endpoint.id);
    EXPECT_EQ(create("", "")->endpoint.edge_group, "web");
    EXPECT_EQ(code_of(create("", "default")), "group_immutable");
}

TEST(Groups, OneThatLeavesChallengesToTheAppsDoesSoForEachEndpoint)
{
    World world;
    add_group(world, "legacy", true);
    const auto made = world.run(world.service.create(Caller{}, wanted("legacy")));
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->endpoint.own_challenges);
    ASSERT_EQ(made->warnings.size(), 1U);
    EndpointChange back;
    back.own_challenges = false;
    EXPECT_TRUE(world.run(world.service.update(Caller{}, made->endpoint.id, back))->endpoint.own_challenges);
}

TEST(Groups, OfProxiesNeedNoUpstreamAndOfEdgesDo)
{
    World world;
    const auto add = [&](const std::string& name, bool proxies) {
        model::EdgeGroup group;
        group.name = name;
        group.proxies = proxies;
        ASSERT_TRUE(world.write([group](store::Transaction& tx) { return tx.groups.put(group); }));
    };
    add("web", true);
    add("west", false);
    auto asked = wanted("web");
    asked.upstream.clear();
    const auto made = world.run(world.service.create(Caller{}, asked));
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_TRUE(made->endpoint.behind_proxies);
    EXPECT_EQ(made->endpoint.upstream, "");
    EndpointChange change;
    change.key_types = {{model::KeyType::rsa_2048}};
    EXPECT_TRUE(
        world.run(world.service.update(Caller{}, made->endpoint.id, change))->endpoint.behind_proxies);

    asked.names = {"other.customer.test"};
    asked.edge_group = "west";
    EXPECT_EQ(code_of(world.run(world.service.create(Caller{}, asked))), "upstream_invalid");
    asked.upstream = "http://app.example.net";
    const auto ours = world.run(world.service.create(Caller{}, asked));
    ASSERT_TRUE(ours) << ours.error().message();
    EXPECT_FALSE(ours->endpoint.behind_proxies);
    change = {};
    change.upstream = "";
    EXPECT_EQ(code_of(world.run(world.service.update(Caller{}, ours->endpoint.id, change))),
              "upstream_invalid");
}

TEST(OwnChallenges, AreForTheOperatorAndTheTenantsThatHeNames)
{
    auto options = testing::test_options();
    options.own_challenges_for = {"globex"};
    World world(options);
    const auto create = [&](const std::string& tenant) {
        return world.run(world.service.create(Caller{tenant}, wanted("", true)));
    };

    EXPECT_EQ(code_of(create("acme")), "own_challenges_forbidden");
    const auto made = create("globex");
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_TRUE(made->endpoint.own_challenges);
    EXPECT_EQ(made->warnings.size(), 1U);
    // What was granted stays when somebody changes something else.
    EndpointChange change;
    change.upstream = "http://other.example.net";
    EXPECT_TRUE(world.run(world.service.update(Caller{"globex"}, made->endpoint.id, change))
                    ->endpoint.own_challenges);
}

}  // namespace
}  // namespace endpoints
