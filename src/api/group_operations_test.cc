#include "api/testing/api_world.h"

#include <gtest/gtest.h>

namespace api {
namespace {

struct Groups : ::testing::Test, testing::ApiWorld {
    testing::Answered put(const std::string& body)
    {
        return ask(operator_token, "POST", "/v1/edge-groups", body);
    }
};

TEST_F(Groups, AreAddedOnceAndTakeOverOtherAddresses)
{
    const auto made = put(R"({"name":"web","addresses":["192.0.2.80","2001:DB8::80"]})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("addresses").at(1).as_string(), "2001:db8::80");
    EXPECT_EQ(put(R"({"name":"web","addresses":["192.0.2.81"]})").status, 200);
    const auto listed = ask(operator_token, "GET", "/v1/edge-groups");
    EXPECT_NE(listed.text.find("192.0.2.81"), std::string::npos) << listed.text;
    EXPECT_EQ(listed.text.find("192.0.2.80"), std::string::npos) << listed.text;
    const auto endpoint =
        ask(operator_token, "POST", "/v1/endpoints",
            R"({"name":"a.customer.test","upstream":"http://app.example.net","edge_group":"web"})");
    EXPECT_EQ(endpoint.status, 201) << endpoint.text;
    EXPECT_EQ(endpoint.body.at("edge_group").as_string(), "web");
}

TEST_F(Groups, AreOfProxiesUnlessSaidOtherwiseAndStaySo)
{
    EXPECT_EQ(put(R"({"name":"web","addresses":["192.0.2.80"]})").body.at("proxies").as_bool(), true);
    const auto edges = put(R"({"name":"west","addresses":["192.0.2.82"],"proxies":false})");
    EXPECT_EQ(edges.body.at("proxies").as_bool(), false) << edges.text;
    EXPECT_EQ(put(R"({"name":"west","addresses":["192.0.2.83"]})").body.at("proxies").as_bool(), false);
    EXPECT_EQ(put(R"({"name":"west","addresses":["192.0.2.83"],"proxies":true})").code(), "group_immutable");

    const auto behind =
        ask(operator_token, "POST", "/v1/endpoints", R"({"name":"b.customer.test","edge_group":"web"})");
    ASSERT_EQ(behind.status, 201) << behind.text;
    EXPECT_TRUE(behind.body.at("upstream").is_null());
    EXPECT_EQ(
        ask(operator_token, "POST", "/v1/endpoints", R"({"name":"c.customer.test","edge_group":"west"})")
            .code(),
        "upstream_invalid");
}

TEST_F(Groups, BeginWithThePlatformsCertificate)
{
    ASSERT_TRUE(world.write([](store::Transaction& tx) {
        model::EdgeGroup own;
        own.name = "default";
        own.default_certificate = "crt_platform";
        return tx.groups.put(own);
    }));
    EXPECT_EQ(put(R"({"name":"web","addresses":["192.0.2.80"]})").body.at("default_certificate").as_string(),
              "crt_platform");
}

TEST_F(Groups, RefuseWhatCannotBe)
{
    EXPECT_EQ(put(R"({"name":"Web Site","addresses":["192.0.2.80"]})").status, 400);
    EXPECT_EQ(put(R"({"name":"web","addresses":["nowhere"]})").status, 400);
    EXPECT_EQ(put(R"({"name":"web"})").status, 400);
    EXPECT_EQ(put(R"({"name":"default","addresses":["192.0.2.80"]})").code(), "group_configured");
    ASSERT_EQ(put(R"({"name":"web","addresses":["192.0.2.80"]})").status, 201);
    EXPECT_EQ(put(R"({"name":"web","addresses":["192.0.2.80"],"own_challenges":true})").code(),
              "group_immutable");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/edge-groups").code(), "operator_required");
}

TEST_F(Groups, BecomePoolsAndEndToBeSo)
{
    const auto made = put(R"({"name":"apex","addresses":["192.0.2.1"],"pool_to":"https://www.{name}"})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("pool_to").as_string(), "https://www.{name}");
    EXPECT_EQ(made.body.at("pool_status").as_int64(), 301);
    EXPECT_EQ(made.body.at("pool_labels").as_int64(), 0);
    EXPECT_FALSE(made.body.at("proxies").as_bool());
    const auto deeper = put(R"({"name":"apex","pool_to":"https://{name}.example","pool_labels":2})");
    EXPECT_EQ(deeper.body.at("pool_labels").as_int64(), 2) << deeper.text;
    EXPECT_EQ(deeper.body.at("addresses").at(0).as_string(), "192.0.2.1");
    EXPECT_TRUE(put(R"({"name":"apex","pool_to":""})").body.at("pool_to").is_null());
    EXPECT_EQ(put(R"({"name":"apex","pool_to":"https://{name}"})").code(), "redirect_loop");
    EXPECT_EQ(put(R"({"name":"other","pool_to":"https://www.{name}"})").code(), "addresses_missing");
    EXPECT_EQ(put(R"({"name":"other"})").code(), "body_invalid");
    put(R"({"name":"web","addresses":["192.0.2.80"]})");
    EXPECT_EQ(put(R"({"name":"web","pool_to":"https://www.{name}"})").code(), "redirect_needs_edges");
}

}  // namespace
}  // namespace api
