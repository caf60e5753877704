#include "api/testing/api_world.h"

#include <gtest/gtest.h>

namespace api {
namespace {

struct ServingFieldsTest : ::testing::Test, testing::ApiWorld {
    ServingFieldsTest()
    {
        ask(operator_token, "POST", "/v1/endpoints",
            R"({"name":"a.customer.test","upstream":"http://10.0.0.1"})");
    }
    testing::Answered change(const std::string& body)
    {
        return ask(operator_token, "PATCH", "/v1/endpoints/a.customer.test", body);
    }
};

TEST_F(ServingFieldsTest, AreAsUsualUntilTheyAreChangedAndMembersOfForwardingOneByOne)
{
    const auto usual = ask(operator_token, "GET", "/v1/endpoints/a.customer.test");
    EXPECT_EQ(usual.body.at("plain_http").as_string(), "redirect");
    EXPECT_EQ(usual.body.at("hsts").at("max_age").as_int64(), 0);
    EXPECT_TRUE(usual.body.at("forwarding").at("more_upstreams").as_array().empty());

    EXPECT_EQ(
        change(R"({"forwarding":{"more_upstreams":["HTTP://10.0.0.2:81/"],"answer_timeout":5}})").status,
        200);
    const auto changed = change(
        R"({"forwarding":{"proxy_protocol":true,"health_path":"/up"},"hsts":{"max_age":3600},"plain_http":"refuse"})");
    ASSERT_EQ(changed.status, 200) << changed.text;
    const auto& forwarding = changed.body.at("forwarding");
    EXPECT_EQ(forwarding.at("more_upstreams").at(0).as_string(), "http://10.0.0.2:81/");
    EXPECT_EQ(forwarding.at("answer_timeout").as_int64(), 5);
    EXPECT_TRUE(forwarding.at("proxy_protocol").as_bool());
    EXPECT_EQ(forwarding.at("health_path").as_string(), "/up");
    EXPECT_EQ(changed.body.at("hsts").at("max_age").as_int64(), 3600);
    EXPECT_EQ(changed.body.at("plain_http").as_string(), "refuse");
    EXPECT_EQ(change(R"({"kind":"internal"})").body.at("forwarding"), forwarding)
        << "what is not named stays";
}

TEST_F(ServingFieldsTest, RefusesWhatMakesNoSense)
{
    const std::vector<std::pair<std::string, std::string>> wrong{
        {R"({"hsts":{"max_age":-1}})", "body_invalid"},
        {R"({"hsts":{"max_age":60,"unknown":1}})", "body_invalid"},
        {R"({"hsts":{"subdomains":true}})", "hsts_invalid"},
        {R"({"hsts":{"max_age":60,"subdomains":true,"preload":true}})", "hsts_invalid"},
        {R"({"plain_http":"serve","hsts":{"max_age":31536000,"subdomains":true,"preload":true}})",
         "hsts_invalid"},
        {R"({"plain_http":"sometimes"})", "body_invalid"},
        {R"({"forwarding":{"idle_timeout":3601}})", "body_invalid"},
        {R"({"forwarding":{"health_path":"up"}})", "forwarding_invalid"},
        {R"({"forwarding":{"health_path":"/a b"}})", "forwarding_invalid"},
        {R"({"forwarding":{"more_upstreams":["ftp://10.0.0.2"]}})", "upstream_invalid"},
        {R"({"forwarding":{"more_upstreams":["http://a.customer.test"]}})", "upstream_invalid"},
        {R"({"forwarding":[]})", "body_invalid"},
    };
    for (const auto& [body, code] : wrong) {
        EXPECT_EQ(change(body).code(), code) << body;
    }
    const auto tenants = ask(acme_token, "POST", "/v1/endpoints",
                             R"({"name":"b.customer.test","upstream":"http://app.example.net",)"
                             R"("forwarding":{"more_upstreams":["http://127.0.0.1"]}})");
    EXPECT_EQ(tenants.code(), "upstream_forbidden") << "further upstreams are judged like the first";
}

}  // namespace
}  // namespace api
