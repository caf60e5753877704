#include "api/testing/api_world.h"

#include <gtest/gtest.h>

namespace api {
namespace {

class RedirectApi : public testing::ApiWorld, public ::testing::Test {};

TEST_F(RedirectApi, AddsShowsChangesAndListsThem)
{
    add(acme_token, "app.customer.test");
    const auto made = ask(acme_token, "POST", "/v1/endpoints",
                          R"({"name":"customer.test","redirect_to":"https://www.customer.test"})");

    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_TRUE(made.body.at("upstream").is_null());
    EXPECT_EQ(made.body.at("redirect_to").as_string(), "https://www.customer.test");
    EXPECT_EQ(made.body.at("redirect_status").as_int64(), 301);
    EXPECT_TRUE(made.body.at("redirect_keep_path").as_bool());
    EXPECT_FALSE(made.body.at("on_demand").as_bool());
    const std::string path = "/v1/endpoints/customer.test";
    const auto changed =
        ask(acme_token, "PATCH", path, R"({"redirect_status":308,"redirect_keep_path":false})");
    EXPECT_EQ(changed.body.at("redirect_status").as_int64(), 308) << changed.text;
    const auto listed = ask(acme_token, "GET", "/v1/endpoints?redirects=true");
    ASSERT_EQ(listed.body.at("items").as_array().size(), 1U);
    EXPECT_EQ(listed.body.at("items").at(0).at("name").as_string(), "customer.test");
    const auto app = ask(acme_token, "PATCH", path, R"({"upstream":"http://app.example.net"})");
    EXPECT_TRUE(app.body.at("redirect_to").is_null()) << app.text;
    EXPECT_TRUE(app.body.at("redirect_status").is_null());
}

TEST_F(RedirectApi, ListsWhatAPoolTook)
{
    for (const std::string name : {"added.test", "taken.test"}) {
        const auto made = ask(acme_token, "POST", "/v1/endpoints",
                              R"({"name":")" + name + R"(","redirect_to":"https://www.customer.test"})");
        ASSERT_EQ(made.status, 201) << made.text;
        auto take = [id = std::string(made.body.at("id").as_string()),
                     name](store::Transaction& tx) -> base::Result<> {
            TRY(endpoint, tx.endpoints.get(id));
            endpoint.on_demand = name == "taken.test";
            endpoint.edge_group = "apex";
            return tx.endpoints.update(endpoint);
        };
        ASSERT_TRUE(world.write(std::move(take)));
    }

    const auto taken = ask(acme_token, "GET", "/v1/endpoints?pool=apex");
    ASSERT_EQ(taken.body.at("items").as_array().size(), 1U) << taken.text;
    EXPECT_EQ(taken.body.at("items").at(0).at("name").as_string(), "taken.test");
    EXPECT_TRUE(ask(acme_token, "GET", "/v1/endpoints?pool=other").body.at("items").as_array().empty());
}

TEST_F(RedirectApi, RefusesWithACodeAndAFix)
{
    struct Case {
        std::string body;
        int status;
        std::string code;
    };
    for (const auto& each :
         std::vector<Case>{{R"({"name":"a.test","redirect_to":"https://a.test"})", 422, "redirect_loop"},
                           {R"({"name":"a.test","redirect_to":"www.a.test"})", 422, "redirect_invalid"},
                           {R"({"name":"a.test","redirect_to":"https://b.test","redirect_status":304})", 422,
                            "redirect_invalid"},
                           {R"({"name":"a.test","redirect_to":"https://b.test","redirect_status":200})", 400,
                            "body_invalid"},
                           {R"({"name":"a.test","redirect_to":"https://b.test","upstream":"http://c.test"})",
                            422, "redirect_invalid"},
                           {R"({"name":"a.test"})", 400, "body_invalid"}}) {
        const auto refused = ask(acme_token, "POST", "/v1/endpoints", each.body);

        EXPECT_EQ(refused.status, each.status) << each.body;
        EXPECT_EQ(refused.code(), each.code) << each.body;
    }
}

TEST_F(RedirectApi, ImportsThem)
{
    const auto answer = ask(acme_token, "POST", "/v1/endpoints/import",
                            R"({"items":[{"names":["a.test"],"redirect_to":"https://www.a.test"},
                                         {"names":["b.test"],"redirect_to":"https://b.test"}]})");

    ASSERT_EQ(answer.status, 200) << answer.text;
    EXPECT_EQ(answer.body.at("items").at(0).at("result").as_string(), "created");
    EXPECT_EQ(answer.body.at("items").at(1).at("problem").at("code").as_string(), "redirect_loop");
}

}  // namespace
}  // namespace api
