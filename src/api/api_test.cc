#include "api/testing/api_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace {

using api::testing::ApiWorld;
using ::testing::HasSubstr;
using ::testing::Not;

struct ApiServer : ::testing::Test, ApiWorld {};

TEST_F(ApiServer, WantsATokenThatIsKnown)
{
    const auto none = ask("", "GET", "/v1/endpoints");
    const auto wrong = ask("nonsense", "GET", "/v1/endpoints");

    EXPECT_EQ(none.status, 401);
    EXPECT_EQ(none.code(), "token_missing");
    EXPECT_EQ(none.headers.find("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.code(), "token_invalid");
    EXPECT_EQ(ask("", "GET", "/healthz").status, 200);
    EXPECT_EQ(ask("", "GET", "/v1/openapi.json").status, 200);
}

TEST_F(ApiServer, HoldsTokensToTheirScopes)
{
    const auto reader = token("acme", {"read"});
    const auto edge = token("", {"edge:default"});

    EXPECT_EQ(ask(reader, "GET", "/v1/endpoints").status, 200);
    EXPECT_EQ(add(reader, "shop.customer.test").code(), "scope_missing");
    EXPECT_EQ(ask(acme_token, "POST", "/v1/tokens", "{}").code(), "scope_missing");
    EXPECT_EQ(ask(edge, "GET", "/v1/endpoints").code(), "scope_missing");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/ca-accounts").code(), "operator_required");
    EXPECT_EQ(ask(acme_token, "GET", "/metrics").code(), "operator_required");
}

TEST_F(ApiServer, CreatesOnceAndReturnsTheSameAgain)
{
    const auto first = add(acme_token, "shop.customer.test");
    const auto again = add(acme_token, "shop.customer.test");

    ASSERT_EQ(first.status, 201) << first.text;
    EXPECT_EQ(first.headers.find("Location"),
              "/v1/endpoints/" + std::string(first.body.at("id").as_string()));
    EXPECT_EQ(first.body.at("state").as_string(), "pending_dns");
    EXPECT_EQ(first.body.at("required_records").as_array().size(), 3U);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body.at("id"), first.body.at("id"));
    EXPECT_EQ(again.body.at("required_records"), first.body.at("required_records"));
}

TEST_F(ApiServer, ShowsATenantNothingOfAnother)
{
    const auto made = add(acme_token, "shop.customer.test");
    const std::string id(made.body.at("id").as_string());

    for (const auto& path : {"/v1/endpoints/" + id, std::string("/v1/endpoints/shop.customer.test"),
                             "/v1/endpoints/" + id + "/certificates", "/v1/orders?endpoint=" + id,
                             "/v1/events?endpoint=" + id}) {
        const auto hidden = ask(globex_token, "GET", path);
        EXPECT_EQ(hidden.status, 404) << path;
        EXPECT_EQ(hidden.code(), "endpoint_not_found") << path;
        EXPECT_EQ(ask(acme_token, "GET", path).status, 200) << path;
        EXPECT_EQ(ask(operator_token, "GET", path).status, 200) << path;
    }
    EXPECT_EQ(ask(globex_token, "DELETE", "/v1/endpoints/" + id).status, 404);
    EXPECT_TRUE(ask(globex_token, "GET", "/v1/endpoints").body.at("items").as_array().empty());
    EXPECT_TRUE(ask(globex_token, "GET", "/v1/events?after=0").body.at("items").as_array().empty());
    EXPECT_EQ(ask(globex_token, "GET", "/v1/endpoints?tenant=acme").code(), "tenant_forbidden");
    const auto taken = add(globex_token, "shop.customer.test");
    EXPECT_EQ(taken.status, 201);  // A claim is not exclusive; who else has one is nobody's business.
    EXPECT_THAT(taken.text, Not(HasSubstr("\"acme\"")));
    EXPECT_THAT(taken.text, Not(HasSubstr(id)));
}

TEST_F(ApiServer, AnswersBadInputWithACodeAFixAndNothingLost)
{
    struct Case {
        std::string body;
        int status;
        std::string code;
    };
    const auto named = [](const std::string& name) {
        return R"({"name":")" + name + R"(","upstream":"http://app.example.net"})";
    };
    const auto going_to = [](const std::string& url) {
        return R"({"name":"shop.customer.test","upstream":")" + url + R"("})";
    };
    const std::vector<Case> cases{
        {named("shop..customer.test"), 422, "name_invalid"},
        {named(std::string(300, 'a')), 422, "name_too_long"},
        {named("co.uk"), 422, "name_public_suffix"},
        {named("x.platform.test"), 422, "name_reserved"},
        {going_to("http://127.0.0.1:3000"), 403, "upstream_forbidden"},
        {going_to("http://169.254.169.254/"), 403, "upstream_forbidden"},
        {going_to("http://[::ffff:192.168.0.1]/"), 403, "upstream_forbidden"},
        {going_to("file:///etc/passwd"), 422, "upstream_invalid"},
        {going_to("http://user:pw@app.example.net"), 422, "upstream_invalid"},
        {R"({"name":"shop.customer.test","upstream":"http://app.example.net","ip_filter":["10.0.0.0/33"]})",
         422, "ip_filter_invalid"},
        {R"({"name":"shop.customer.test","upstream":"http://app.example.net","tenant":"globex"})", 403,
         "tenant_forbidden"},
        {"{", 400, "json_invalid"},
        {R"({"name":"shop.customer.test","upstream":""})", 400, "body_invalid"},
        {"[]", 400, "json_invalid"},
        {R"({"a":)" + std::string(50, '[') + std::string(50, ']') + "}", 400, "json_invalid"},
        {"\"\xff\"", 400, "json_invalid"},
    };
    for (const auto& each : cases) {
        const auto refused = ask(acme_token, "POST", "/v1/endpoints", each.body);

        EXPECT_EQ(refused.status, each.status) << each.body << refused.text;
        EXPECT_EQ(refused.code(), each.code) << each.body;
        EXPECT_EQ(refused.headers.find("Content-Type"), "application/problem+json") << each.body;
        EXPECT_EQ(refused.body.at("type").as_string(), "urn:certwright:problem:" + each.code);
        EXPECT_FALSE(refused.body.at("detail").as_string().empty());
    }
    EXPECT_TRUE(ask(acme_token, "GET", "/v1/endpoints").body.at("items").as_array().empty());
}

TEST_F(ApiServer, TellsEveryProblemOfABodyAtOnce)
{
    const auto refused = ask(acme_token, "POST", "/v1/endpoints",
                             R"({"names":"x","kind":"outside","colour":"red","ip_filter":[1]})");

    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.code(), "body_invalid");
    std::set<std::string> pointers;
    for (const auto& each : refused.body.at("errors").as_array()) {
        pointers.emplace(each.at("pointer").as_string());
    }
    EXPECT_EQ(pointers, (std::set<std::string>{"/names", "/kind", "/colour", "/ip_filter", "/upstream"}));
    EXPECT_EQ(ask(acme_token, "GET", "/v1/endpoints?colour=red").code(), "parameters_invalid");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/endpoints?limit=0").code(), "parameters_invalid");
}

TEST_F(ApiServer, RefusesAddressesThatAreNoText)
{
    for (const auto* target : {"/v1/endpoints/%FF", "/v1/endpoints?q=%C3%28", "/v1/orders?endpoint=%80"}) {
        const auto refused = ask(acme_token, "GET", target);

        EXPECT_EQ(refused.status, 400) << target;
        EXPECT_EQ(refused.code(), "parameters_invalid") << target;
    }
}

TEST_F(ApiServer, WantsARealIdOfATenant)
{
    EXPECT_EQ(ask(operator_token, "POST", "/v1/tenants", R"({"id":""})").code(), "body_invalid");
}

TEST_F(ApiServer, RefusesBodiesThatAreTooLargeOrNotJson)
{
    const std::string large = R"({"name":")" + std::string(300 * 1024, 'a') + R"("})";

    EXPECT_EQ(ask(acme_token, "POST", "/v1/endpoints", large).status, 413);
    EXPECT_EQ(ask(acme_token, "POST", "/v1/endpoints", "name=x", "application/x-www-form-urlencoded").status,
              415);
}

TEST_F(ApiServer, KeepsItsOwnFaultsToItself)
{
    registry.refuse = true;

    const auto failed = ask(operator_token, "POST", "/v1/ca-accounts",
                            R"({"name":"a","directory_url":"https://ca.test/dir"})");

    EXPECT_EQ(failed.status, 500);
    EXPECT_THAT(failed.text, Not(HasSubstr("secret reason")));
    EXPECT_FALSE(failed.body.at("id").as_string().empty());
}

TEST_F(ApiServer, PagesThroughListings)
{
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(add(acme_token, "n" + std::to_string(i) + ".customer.test").status, 201);
    }
    std::vector<std::string> names;
    std::string after;
    int pages = 0;
    do {
        const auto page = ask(acme_token, "GET", "/v1/endpoints?limit=2&after=" + after);
        for (const auto& each : page.body.at("items").as_array()) {
            names.emplace_back(each.at("name").as_string());
        }
        after = page.body.at("next").is_string() ? std::string(page.body.at("next").as_string()) : "";
        ++pages;
    } while (!after.empty() && pages < 10);

    EXPECT_EQ(pages, 3);
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), 5U);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/endpoints?q=n3").body.at("items").as_array().size(), 1U);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/endpoints?state=active").body.at("items").as_array().size(), 0U);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/endpoints?after=broken").status, 400);
}

TEST_F(ApiServer, ChangesChecksRenewsRetriesAndRemoves)
{
    add(acme_token, "shop.customer.test");
    const std::string path = "/v1/endpoints/shop.customer.test";

    const auto changed = ask(acme_token, "PATCH", path, R"({"kind":"internal"})");
    EXPECT_EQ(changed.body.at("kind").as_string(), "internal");
    EXPECT_EQ(changed.body.at("warnings").as_array().size(), 1U);
    EXPECT_EQ(ask(acme_token, "PATCH", path, R"({"names":["a.customer.test"]})").code(), "body_invalid");
    EXPECT_EQ(ask(acme_token, "POST", path + "/check").status, 200);
    const auto renewed = ask(acme_token, "POST", path + "/renew");
    EXPECT_EQ(renewed.status, 202);
    EXPECT_EQ(renewed.body.at("items").as_array().size(), 1U);
    EXPECT_EQ(
        ask(acme_token, "GET", "/v1/orders?endpoint=shop.customer.test").body.at("items").as_array().size(),
        1U);
    EXPECT_EQ(ask(acme_token, "POST", path + "/retry").status, 202);
    EXPECT_EQ(ask(acme_token, "DELETE", path).body.at("state").as_string(), "deleting");
    EXPECT_EQ(ask(acme_token, "PATCH", path, R"({"kind":"external"})").code(), "endpoint_deleting");
}

TEST_F(ApiServer, ShowsATokensSecretOnceAndEndsItWhenRevoked)
{
    const auto made =
        ask(operator_token, "POST", "/v1/tokens", R"({"name":"ci","tenant":"acme","scopes":["write"]})");
    ASSERT_EQ(made.status, 201) << made.text;
    const std::string secret(made.body.at("token").as_string());

    EXPECT_EQ(add(secret, "shop.customer.test").status, 201);
    EXPECT_THAT(ask(operator_token, "GET", "/v1/tokens").text, Not(HasSubstr(secret)));
    EXPECT_EQ(
        ask(operator_token, "DELETE", "/v1/tokens/" + std::string(made.body.at("id").as_string())).status,
        204);
    EXPECT_EQ(add(secret, "www.customer.test").code(), "token_invalid");
}

TEST_F(ApiServer, LetsATenantsAdminMakeOnlyTokensOfTheTenant)
{
    const auto admin = token("acme", {"admin"});

    EXPECT_EQ(ask(admin, "POST", "/v1/tokens", R"({"scopes":["write"]})").body.at("tenant").as_string(),
              "acme");
    EXPECT_EQ(ask(admin, "POST", "/v1/tokens", R"({"tenant":"globex"})").code(), "tenant_forbidden");
    EXPECT_EQ(ask(admin, "POST", "/v1/tokens", R"({"tenant":""})").code(), "tenant_forbidden");
    EXPECT_EQ(ask(admin, "POST", "/v1/tokens", R"({"scopes":["edge:default"]})").code(), "scopes_invalid");
    EXPECT_EQ(ask(operator_token, "POST", "/v1/tokens", R"({"scopes":["edge:default"]})").status, 201);
    EXPECT_EQ(ask(operator_token, "POST", "/v1/tokens", R"({"tenant":"nobody"})").code(), "tenant_not_found");
    EXPECT_EQ(ask(operator_token, "POST", "/v1/tokens", R"({"scopes":["edge:nowhere"]})").code(),
              "group_not_found");
    EXPECT_EQ(ask(admin, "DELETE", "/v1/tokens/tok_unknown").code(), "token_not_found");
}

TEST_F(ApiServer, GivesEventsWithACursor)
{
    add(acme_token, "a.customer.test");
    const auto first = ask(acme_token, "GET", "/v1/events");
    const std::string next(first.body.at("next").as_string());
    add(acme_token, "b.customer.test");

    const auto later = ask(acme_token, "GET", "/v1/events?after=" + next);

    ASSERT_EQ(later.body.at("items").as_array().size(), 1U);
    EXPECT_EQ(later.body.at("items").at(0).at("type").as_string(), "endpoint.created");
    EXPECT_EQ(later.body.at("items").at(0).at("data").at("name").as_string(), "b.customer.test");
}

TEST_F(ApiServer, TellsStatusAndMetrics)
{
    add(acme_token, "shop.customer.test");

    const auto status = ask(operator_token, "GET", "/v1/status");
    EXPECT_EQ(status.body.at("endpoints").at("pending_dns").as_int64(), 1);
    EXPECT_EQ(status.body.at("zones").at(0).at("ok").as_bool(), false);
    EXPECT_TRUE(status.body.at("platform_certificate").is_null());
    EXPECT_EQ(ask(acme_token, "GET", "/v1/status").body.at("endpoints").at("total").as_int64(), 1);
    const auto metrics = ask(operator_token, "GET", "/metrics");
    EXPECT_THAT(metrics.text, HasSubstr("certwright_endpoints{state=\"pending_dns\"} 1\n"));
    EXPECT_THAT(metrics.text, HasSubstr("certwright_extra 1\n"));
}

TEST_F(ApiServer, ShowsNamesAndRecordsBothWays)
{
    const auto made = add(acme_token, "shop.m\u00fcnchen.example");

    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("name"), "shop.xn--mnchen-3ya.example");
    EXPECT_EQ(made.body.at("display_names").at(0), "shop.m\u00fcnchen.example");
    const auto& record = made.body.at("required_records").at(1);
    EXPECT_EQ(record.at("name"), "_acme-challenge.shop.xn--mnchen-3ya.example");
    EXPECT_EQ(record.at("display_name"), "_acme-challenge.shop.m\u00fcnchen.example");
    EXPECT_EQ(record.at("host"), "_acme-challenge.shop");
    EXPECT_EQ(record.at("display_host"), "_acme-challenge.shop");
}

TEST_F(ApiServer, ImportsManyWithAResultEach)
{
    const auto done = ask(acme_token, "POST", "/v1/endpoints/import",
                          R"({"items":[{"name":"a.customer.test","upstream":"http://app.example.net"},
                          {"name":"co.uk","upstream":"http://app.example.net"},
                          {"name":"b.customer.test"},
                          {"name":"c.customer.test","upstream":"http://app.example.net","tenant":"globex"}]})");

    ASSERT_EQ(done.status, 200) << done.text;
    const auto& items = done.body.at("items").as_array();
    ASSERT_EQ(items.size(), 4U);
    EXPECT_EQ(items[0].at("result"), "created");
    EXPECT_EQ(items[0].at("endpoint").at("tenant"), "acme");
    EXPECT_EQ(items[1].at("problem").at("code"), "name_public_suffix");
    EXPECT_EQ(items[2].at("problem").at("code"), "body_invalid");
    EXPECT_EQ(items[3].at("problem").at("code"), "tenant_forbidden");
    EXPECT_EQ(ask(acme_token, "POST", "/v1/endpoints/import", R"({"items":[1]})").code(), "body_invalid");
}

TEST_F(ApiServer, SuspendsResumesTransfersAndRestores)
{
    const auto made = add(acme_token, "shop.customer.test");
    const std::string path = "/v1/endpoints/" + std::string(made.body.at("id").as_string());

    EXPECT_EQ(ask(acme_token, "POST", path + "/suspend", "{}").code(), "operator_required");
    const auto suspended = ask(operator_token, "POST", path + "/suspend", R"({"reason":"abuse"})");
    EXPECT_EQ(suspended.body.at("state"), "suspended");
    EXPECT_EQ(ask(operator_token, "POST", path + "/resume").body.at("state"), "pending_dns");
    EXPECT_EQ(ask(operator_token, "POST", path + "/transfer", R"({"tenant":"globex"})").body.at("tenant"),
              "globex");
    EXPECT_EQ(ask(globex_token, "DELETE", path).body.at("state"), "deleting");
    EXPECT_EQ(ask(globex_token, "POST", path + "/restore").body.at("state"), "pending_dns");
}

TEST_F(ApiServer, NeverShowsAKey)
{
    const auto made = ask(operator_token, "POST", "/v1/ca-accounts",
                          R"({"name":"a","directory_url":"https://ca.test/dir"})");

    EXPECT_EQ(made.status, 201);
    EXPECT_FALSE(made.body.as_object().contains("sealed_key"));
    EXPECT_EQ(
        ask(operator_token, "POST", "/v1/ca-accounts", R"({"name":"a","directory_url":"http://ca.test"})")
            .code(),
        "body_invalid");
}

TEST_F(ApiServer, ShowsAndSetsTheLimitsOfAnAccount)
{
    model::CaAccount account;
    account.id = "ca_1";
    account.name = "main";
    account.directory_url = "https://acme-v02.api.letsencrypt.org/directory";
    ASSERT_TRUE(world.write([&](store::Transaction& tx) { return tx.accounts.put(account); }));

    const auto before = ask(operator_token, "GET", "/v1/ca-accounts/main/limits");
    ASSERT_EQ(before.status, 200) << before.text;
    EXPECT_TRUE(before.body.at("published").as_bool());
    const auto& orders = before.body.at("limits").at(0);
    EXPECT_EQ(orders.at("limit").as_string(), "new_orders");
    EXPECT_EQ(orders.at("uses").at(0).at("remaining").as_int64(), 300);
    EXPECT_EQ(orders.at("overridden").as_bool(), false);

    const auto path = "/v1/ca-accounts/ca_1/limits/new_orders";
    const auto after = ask(operator_token, "PUT", path, R"({"capacity":3000,"period_seconds":10800})");
    ASSERT_EQ(after.status, 200) << after.text;
    EXPECT_EQ(after.body.at("limits").at(0).at("capacity").as_int64(), 3000);
    EXPECT_TRUE(after.body.at("limits").at(0).at("overridden").as_bool());
    EXPECT_EQ(ask(operator_token, "DELETE", path).status, 204);
    EXPECT_EQ(ask(operator_token, "GET", "/v1/ca-accounts/main/limits")
                  .body.at("limits")
                  .at(0)
                  .at("capacity")
                  .as_int64(),
              300);

    EXPECT_EQ(ask(operator_token, "PUT", path, R"({"capacity":0})").code(), "body_invalid");
    EXPECT_EQ(ask(operator_token, "PUT", "/v1/ca-accounts/ca_1/limits/anything",
                  R"({"capacity":1,"period_seconds":1})")
                  .code(),
              "body_invalid");
    EXPECT_EQ(ask(operator_token, "PUT", "/v1/ca-accounts/ca_1/limits/registered_domain",
                  R"({"capacity":1,"period_seconds":1,"domain":"www.example.com"})")
                  .code(),
              "body_invalid");
    EXPECT_EQ(ask(operator_token, "GET", "/v1/ca-accounts/nobody/limits").code(), "ca_account_not_found");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/ca-accounts/main/limits").code(), "operator_required");
}

TEST_F(ApiServer, IsDescribedByTheOpenApiDocumentExactly)
{
    const auto document = boost::json::parse(api::openapi_document());
    std::set<std::pair<std::string, std::string>> described;
    for (const auto& [path, operations] : document.at("paths").as_object()) {
        for (const auto& [method, operation] : operations.as_object()) {
            std::string upper(method);
            std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c - 32); });
            described.emplace(upper, std::string(path));
            EXPECT_FALSE(operation.at("summary").as_string().empty()) << path;
        }
    }
    const auto routes = router.routes();

    EXPECT_EQ(described, (std::set<std::pair<std::string, std::string>>(routes.begin(), routes.end())));
}

}  // namespace
