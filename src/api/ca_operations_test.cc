#include "api/testing/api_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using api::testing::ApiWorld;

struct CaApi : ::testing::Test, ApiWorld {
    // An account with the id ca_1.
    void add_account(const std::string& more = "")
    {
        const auto made = ask(operator_token, "POST", "/v1/ca-accounts",
                              R"({"name":"backup","directory_url":"https://ca.test/dir")" + more + "}");
        EXPECT_EQ(made.status, 201) << made.text;
    }
    model::Certificate add_certificate(const std::string& endpoint)
    {
        model::Certificate made;
        made.id = "crt_1";
        made.tenant = "acme";
        made.endpoint = endpoint;
        made.account = "ca_1";
        made.identifiers = {"shop.customer.test"};
        made.not_after = world.clock.now() + std::chrono::days(60);
        EXPECT_TRUE(world.write([made](store::Transaction& tx) { return tx.certificates.insert(made); }));
        return made;
    }
};

TEST_F(CaApi, ShowsHowTheCaDoes)
{
    add_account(R"(,"fallback":2)");
    model::CaHealth health;
    health.directory_url = "https://ca.test/dir";
    health.state = model::CaState::failing;
    health.failures = 4;
    EXPECT_TRUE(world.write([health](store::Transaction& tx) { return tx.accounts.put_health(health); }));

    const auto shown = ask(operator_token, "GET", "/v1/ca-accounts/ca_1");

    EXPECT_EQ(shown.status, 200) << shown.text;
    EXPECT_EQ(shown.body.at("fallback").as_int64(), 2);
    EXPECT_EQ(shown.body.at("only_untrusted").as_int64(), 0);
    EXPECT_EQ(shown.body.at("ca").at("state").as_string(), "failing");
    EXPECT_FALSE(shown.body.as_object().contains("sealed_key"));
    const auto listed = ask(operator_token, "GET", "/v1/ca-accounts");
    EXPECT_EQ(listed.body.at("items").at(0).at("ca").at("failures").as_int64(), 4);
}

TEST_F(CaApi, ChangesWhatIsSaid)
{
    add_account();

    const auto changed = ask(operator_token, "PATCH", "/v1/ca-accounts/ca_1",
                             R"({"fallback":1,"profile":"short","key_types":["rsa_2048"],"trusted":false})");

    EXPECT_EQ(changed.status, 200) << changed.text;
    EXPECT_EQ(registry.changed.fallback, 1);
    EXPECT_EQ(registry.changed.profile, "short");
    EXPECT_EQ(registry.changed.trusted, false);
    EXPECT_FALSE(registry.changed.preferred_chain);
    EXPECT_EQ(ask(operator_token, "PATCH", "/v1/ca-accounts/ca_1", R"({"fallback":-1})").code(),
              "body_invalid");
    EXPECT_EQ(ask(acme_token, "PATCH", "/v1/ca-accounts/ca_1", "{}").status, 403);
}

TEST_F(CaApi, PromotesPartByPart)
{
    add_account();

    const auto promoted = ask(operator_token, "POST", "/v1/ca-accounts/ca_1/promote");

    EXPECT_EQ(promoted.status, 202) << promoted.text;
    EXPECT_EQ(promoted.body.at("queued").as_int64(), 2);
    EXPECT_EQ(promoted.body.at("only_untrusted").as_int64(), 5);
}

TEST_F(CaApi, LetsAnEndpointNameItsCa)
{
    add_account();
    const auto with = [&](const std::string& policy) {
        return ask(acme_token, "POST", "/v1/endpoints",
                   R"({"name":"shop.customer.test","upstream":"http://app.example.net","ca_policy":)" +
                       policy + "}");
    };

    EXPECT_EQ(with(R"(["nobody"])").code(), "ca_account_not_found");
    const auto made = with(R"(["backup"])");
    EXPECT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("ca_policy").at(0).as_string(), "backup");
    const auto path = "/v1/endpoints/" + std::string(made.body.at("id").as_string());
    EXPECT_TRUE(
        ask(acme_token, "PATCH", path, R"({"ca_policy":[]})").body.at("ca_policy").as_array().empty());
}

TEST_F(CaApi, RevokesACertificateAndOrdersItsSuccessor)
{
    const auto made = add(acme_token, "shop.customer.test");
    const auto certificate = add_certificate(std::string(made.body.at("id").as_string()));

    EXPECT_EQ(ask(globex_token, "POST", "/v1/certificates/crt_1/revoke").code(), "certificate_not_found");
    EXPECT_EQ(ask(acme_token, "POST", "/v1/certificates/crt_1/revoke", R"({"reason":"bored"})").code(),
              "body_invalid");
    const auto revoked =
        ask(acme_token, "POST", "/v1/certificates/crt_1/revoke", R"({"reason":"key_compromise"})");

    EXPECT_EQ(revoked.status, 202) << revoked.text;
    EXPECT_EQ(revoked.body.at("state").as_string(), "revoked");
    EXPECT_EQ(revoked.body.at("revocation").at("reason").as_string(), "key_compromise");
    EXPECT_EQ(revoked.body.at("successor").at("replaces").as_string(), "crt_1");
    const auto shown = ask(acme_token, "GET", "/v1/certificates/crt_1");
    EXPECT_TRUE(shown.body.at("revocation").at("revoked_at").is_null());
}

}  // namespace
