#include "api/testing/api_world.h"

#include <gtest/gtest.h>

namespace api {
namespace {

struct Zones : ::testing::Test, testing::ApiWorld {
    Zones()
    {
        EXPECT_EQ(as_operator("POST", "",
                              R"({"name":"shop.test","tenant":"acme","name_servers":["ns1.shop.test"]})")
                      .status,
                  201);
    }

    testing::Answered as_operator(const std::string& method, const std::string& path,
                                  const std::string& body = "")
    {
        return ask(operator_token, method, "/v1/zones" + path, body);
    }
    testing::Answered as_acme(const std::string& method, const std::string& path,
                              const std::string& body = "")
    {
        return ask(acme_token, method, "/v1/zones" + path, body);
    }
};

TEST_F(Zones, AreMadeOfFilesAndGivenBackAsFiles)
{
    const auto import = [this](const std::string& more) {
        return as_operator("POST", "/shop.test/import",
                           R"({"file":"www 300 A 192.0.2.1\nns1 A 192.0.2.53\n")" + more + "}");
    };
    const auto preview = import(R"(,"preview":true)");
    ASSERT_EQ(preview.status, 200) << preview.text;
    EXPECT_EQ(preview.body.at("added").as_array().size(), 2U);
    EXPECT_EQ(import("").body.at("added").as_array().size(), 2U);
    EXPECT_EQ(import("").body.at("added").as_array().size(), 0U);
    const auto file = as_acme("GET", "/shop.test/file");
    EXPECT_NE(file.body.at("file").as_string().find("www.shop.test. 300 IN A 192.0.2.1\n"),
              boost::json::string::npos)
        << file.text;
    EXPECT_EQ(as_operator("POST", "/shop.test/import", R"({"file":"a A x"})").code(), "zone_file_invalid");
    EXPECT_EQ(as_acme("POST", "/shop.test/import", R"({"file":""})").code(), "scope_missing");
}

TEST_F(Zones, TakeRecordsOfTheirTenantAlone)
{
    const std::string path = "/shop.test/records/www.shop.test/A";
    EXPECT_EQ(as_acme("PUT", path, R"({"values":["192.0.2.1"],"ttl":60})").status, 201);
    EXPECT_EQ(as_acme("PUT", path, R"({"values":["192.0.2.2"]})").status, 200);
    EXPECT_EQ(as_acme("PUT", path, R"({"values":["nowhere"]})").code(), "body_invalid");
    EXPECT_EQ(as_acme("PUT", path, R"({})").code(), "body_invalid");
    EXPECT_EQ(as_acme("PUT", "/shop.test/records/www.shop.test/CNAME", R"({"values":["a.test"]})").code(),
              "record_conflict");
    EXPECT_EQ(as_acme("PUT", "/shop.test/records/www.other.test/A", R"({"values":["192.0.2.1"]})").code(),
              "record_outside_zone");
    EXPECT_EQ(ask(globex_token, "PUT", "/v1/zones" + path, R"({"values":["192.0.2.1"]})").code(),
              "zone_not_found");
    const auto listed = as_acme("GET", "/shop.test/records");
    EXPECT_EQ(listed.body.at("items").at(0).at("values").at(0).as_string(), "192.0.2.2");
    EXPECT_EQ(as_acme("DELETE", path).status, 204);
    EXPECT_EQ(as_acme("DELETE", path).code(), "record_not_found");
}

TEST_F(Zones, AreShownCheckedAndRemoved)
{
    EXPECT_EQ(as_acme("GET", "/shop.test").body.at("kind").as_string(), "static");
    EXPECT_EQ(as_acme("GET", "").body.at("items").as_array().size(), 1U);
    EXPECT_FALSE(as_acme("GET", "/shop.test/check").body.at("ok").as_bool());
    EXPECT_EQ(as_acme("DELETE", "/shop.test").code(), "scope_missing");
    EXPECT_EQ(as_operator("DELETE", "/shop.test").status, 204);
    EXPECT_EQ(as_operator("GET", "/shop.test").code(), "zone_not_found");
}

}  // namespace
}  // namespace api
