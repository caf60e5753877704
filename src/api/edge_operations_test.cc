#include "api/testing/api_world.h"

#include <gtest/gtest.h>

namespace api {
namespace {

struct Edges : ::testing::Test, testing::ApiWorld {
    void put(const std::string& id, const std::string& name, base::Time seen_at,
             const std::string& trouble = "")
    {
        model::EdgeNode node;
        node.id = id;
        node.name = name;
        node.group = "default";
        node.seen_at = seen_at;
        node.trouble = trouble;
        ASSERT_TRUE(world.write([node](store::Transaction& tx) { return tx.edges.put(node); }));
    }
};

TEST_F(Edges, AreListedWithTheirHealth)
{
    const auto now = world.clock.now();
    put("edge_1", "one", now);
    put("edge_2", "two", now - std::chrono::minutes(5));
    put("edge_3", "three", now, "the disk is full");

    const auto listed = ask(operator_token, "GET", "/v1/edges").body.at("items").as_array();

    ASSERT_EQ(listed.size(), 3U);
    EXPECT_EQ(listed[0].at("health"), "live");
    EXPECT_EQ(listed[1].at("health"), "lost");
    EXPECT_EQ(listed[2].at("health"), "trouble");
    EXPECT_EQ(listed[0].at("behind").as_int64(),
              ask(operator_token, "GET", "/v1/edges").body.at("revision").as_int64());
}

TEST_F(Edges, AreRemovedByNameOrIdAsOftenAsOneLikes)
{
    put("edge_1", "one", world.clock.now());
    put("edge_2", "twin", world.clock.now());
    put("edge_3", "twin", world.clock.now());

    EXPECT_EQ(ask(operator_token, "DELETE", "/v1/edges/one").status, 200);
    const auto again = ask(operator_token, "DELETE", "/v1/edges/one");
    EXPECT_EQ(again.status, 200) << again.text;
    EXPECT_TRUE(again.body.at("removed_at").is_string());
    EXPECT_EQ(ask(operator_token, "DELETE", "/v1/edges/twin").code(), "edge_ambiguous");
    EXPECT_EQ(ask(operator_token, "DELETE", "/v1/edges/edge_2").status, 200);
    EXPECT_EQ(ask(operator_token, "DELETE", "/v1/edges/twin").body.at("id"), "edge_3");
    const auto unknown = ask(operator_token, "DELETE", "/v1/edges/nobody");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.code(), "edge_not_found");
    EXPECT_EQ(ask(acme_token, "DELETE", "/v1/edges/one").status, 403);
    EXPECT_TRUE(ask(operator_token, "GET", "/v1/edges").body.at("items").as_array().empty());
}

TEST_F(Edges, AreInvitedWithTheHashOfTheRoot)
{
    EXPECT_EQ(ask(operator_token, "POST", "/v1/edge-invitations", "{}").code(), "feed_not_listening");
    facts.root = std::string(64, 'a');
    EXPECT_EQ(ask(operator_token, "POST", "/v1/edge-invitations", R"({"group":"nowhere"})").code(),
              "group_not_found");
    EXPECT_EQ(ask(operator_token, "POST", "/v1/edge-invitations", R"({"hours":0})").status, 400);
    ASSERT_EQ(ask(operator_token, "POST", "/v1/edge-groups",
                  R"({"name":"west","addresses":["192.0.2.1"],"proxies":false})")
                  .status,
              201);

    const auto made = ask(operator_token, "POST", "/v1/edge-invitations", R"({"group":"west","hours":2})");

    ASSERT_EQ(made.status, 201) << made.text;
    const std::string token(made.body.at("token").as_string());
    EXPECT_TRUE(token.ends_with("." + facts.root));
    const auto hash = hash_secret(token.substr(0, token.find('.')));
    const auto now = world.clock.now();
    const auto row = world.write([hash, now](store::Transaction& tx) { return tx.tokens.find(hash, now); });
    ASSERT_TRUE(row);
    EXPECT_EQ(row->scopes, std::vector<std::string>{"join:west"});
    EXPECT_EQ(row->expires_at, now + std::chrono::hours(2));
    EXPECT_EQ(ask(token.substr(0, token.find('.')), "GET", "/v1/endpoints").status, 403)
        << "good for nothing else";
}

TEST_F(Edges, AreCountedForANameAndNamedToTheOperatorAlone)
{
    facts.edges.live = 3;
    facts.edges.serving = 2;
    facts.edges.behind = {"edge-3"};
    facts.edges.lost.push_back({"edge-4", world.clock.now()});
    ASSERT_EQ(ask(acme_token, "POST", "/v1/endpoints",
                  R"({"name":"a.customer.test","upstream":"http://app.example.net"})")
                  .status,
              201);

    const auto shown = ask(operator_token, "GET", "/v1/endpoints/a.customer.test").body.at("edges");
    const auto to_tenant =
        ask(acme_token, "GET", "/v1/endpoints/a.customer.test").body.at("edges").as_object();

    EXPECT_EQ(shown.at("live").as_int64(), 3);
    EXPECT_EQ(shown.at("serving").as_int64(), 0) << "it has no certificate yet";
    EXPECT_EQ(shown.at("behind").at(0), "edge-3");
    EXPECT_EQ(shown.at("lost").at(0).at("name"), "edge-4");
    EXPECT_TRUE(to_tenant.contains("live"));
    EXPECT_FALSE(to_tenant.contains("behind"));
    EXPECT_FALSE(to_tenant.contains("lost"));
}

}  // namespace
}  // namespace api
