#include "api/testing/api_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using api::testing::ApiWorld;
using ::testing::HasSubstr;
using ::testing::Not;

struct AlertApi : ::testing::Test, ApiWorld {
    void open_alert(const std::string& id, const std::string& tenant)
    {
        model::Alert alert;
        alert.id = id;
        alert.tenant = tenant;
        alert.rule = "expiring";
        alert.subject = "ep_" + id;
        alert.name = "xn--mnchen-3ya.test";
        alert.severity = model::Severity::critical;
        alert.problem = {.code = "expiring", .message = "m", .actor = model::Actor::customer, .fix = "f"};
        alert.deadline = world.clock.now() + std::chrono::hours(24);
        alert.opened_at = world.clock.now();
        ASSERT_TRUE(world.write([alert](store::Transaction& tx) { return tx.alerts.insert(alert); }));
    }
};

TEST_F(AlertApi, ListsAndShowsAlerts)
{
    open_alert("alr_1", "acme");
    open_alert("alr_2", "globex");

    const auto mine = ask(acme_token, "GET", "/v1/alerts");
    ASSERT_EQ(mine.status, 200) << mine.text;
    ASSERT_EQ(mine.body.at("items").as_array().size(), 1U);
    const auto& alert = mine.body.at("items").at(0).as_object();
    EXPECT_EQ(alert.at("display_name"), "münchen.test");
    EXPECT_EQ(alert.at("severity"), "critical");
    EXPECT_EQ(alert.at("actor"), "customer");
    EXPECT_EQ(ask(operator_token, "GET", "/v1/alerts?limit=1").body.at("items").as_array().size(), 1U);
    EXPECT_TRUE(ask(operator_token, "GET", "/v1/alerts?limit=1").body.at("next").is_string());
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts/alr_2").code(), "alert_not_found");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts/alr_1").status, 200);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts?resolved=true").status, 200);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts?resolved=perhaps").code(), "parameters_invalid");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts?state=open").code(), "parameters_invalid");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts?rule=nonsense").code(), "parameters_invalid");
    EXPECT_EQ(ask(acme_token, "GET", "/v1/alerts?rule=expiring").status, 200);
    EXPECT_THAT(ask(operator_token, "GET", "/metrics").text,
                HasSubstr("certwright_alerts{rule=\"expiring\",severity=\"critical\"} 2"));
}

TEST_F(AlertApi, SilencesForAWhile)
{
    open_alert("alr_1", "acme");
    const auto until = base::to_rfc3339(world.clock.now() + std::chrono::hours(8));
    const auto made =
        ask(acme_token, "POST", "/v1/silences", R"({"alert":"alr_1","until":")" + until + "\"}");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("until").as_string(), until);
    const std::string id(made.body.at("id").as_string());
    EXPECT_EQ(ask(acme_token, "GET", "/v1/silences").body.at("items").as_array().size(), 1U);
    EXPECT_EQ(ask(globex_token, "DELETE", "/v1/silences/" + id).code(), "silence_not_found");
    EXPECT_EQ(ask(acme_token, "DELETE", "/v1/silences/" + id).status, 204);
    EXPECT_EQ(ask(acme_token, "POST", "/v1/silences", R"({"rule":"expiring"})").code(), "body_invalid");
}

TEST_F(AlertApi, ManagesChannelsWithoutShowingSecretsTwice)
{
    const auto made = ask(acme_token, "POST", "/v1/channels",
                          R"({"name":"hook","kind":"webhook","target":"https://hooks.example.net/x"})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_THAT(std::string(made.body.at("secret").as_string()), HasSubstr("whsec_"));
    const std::string path = "/v1/channels/" + std::string(made.body.at("id").as_string());
    EXPECT_EQ(made.headers.find("Location"), path);
    const auto shown = ask(acme_token, "GET", "/v1/channels/hook");
    EXPECT_EQ(shown.status, 200);
    EXPECT_THAT(shown.text, Not(HasSubstr("whsec_")));
    EXPECT_THAT(shown.text, Not(HasSubstr("sealed")));
    EXPECT_EQ(shown.body.at("audience"), "tenant");
    EXPECT_EQ(shown.body.at("waiting"), 0);
    EXPECT_EQ(ask(globex_token, "GET", path).code(), "channel_not_found");

    const auto changed = ask(acme_token, "PATCH", path, R"({"severity":"critical","events":["*"]})");
    EXPECT_EQ(changed.body.at("severity"), "critical");
    const auto tested = ask(acme_token, "POST", path + "/test");
    EXPECT_EQ(tested.status, 202);
    EXPECT_EQ(tested.body.at("state"), "waiting");
    const auto again = ask(acme_token, "POST", path + "/test");
    EXPECT_EQ(again.status, 429);
    EXPECT_TRUE(again.headers.contains("Retry-After"));
    EXPECT_EQ(
        ask(acme_token, "POST", "/v1/channels", R"({"name":"x","kind":"exec","target":"/bin/sh"})").code(),
        "channel_forbidden");
    EXPECT_EQ(
        ask(acme_token, "POST", "/v1/channels", R"({"name":"x","kind":"webhook","target":"https://[::1]/"})")
            .status,
        403);
    EXPECT_EQ(ask(acme_token, "DELETE", path).status, 204);
    EXPECT_EQ(ask(acme_token, "GET", path).status, 404);
}

TEST_F(AlertApi, AsksForTheCodeThatWasMailed)
{
    const auto made = ask(acme_token, "POST", "/v1/channels",
                          R"({"name":"mail","kind":"email","target":"admin@acme.test"})");
    ASSERT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("confirmed"), false);
    EXPECT_THAT(ask(acme_token, "GET", "/v1/channels/mail").text, Not(HasSubstr("sealed")));
    EXPECT_EQ(ask(acme_token, "POST", "/v1/channels/mail/test").code(), "channel_unconfirmed");
    EXPECT_EQ(ask(acme_token, "POST", "/v1/channels/mail/confirm", R"({"code":"aaaa"})").code(),
              "code_wrong");
    EXPECT_EQ(ask(acme_token, "POST", "/v1/channels/mail/confirm", "{}").status, 202);
    EXPECT_EQ(ask(globex_token, "POST", "/v1/channels/mail/confirm", "{}").code(), "channel_not_found");
}

TEST_F(AlertApi, CountsOpenAlertsInTheStatus)
{
    open_alert("alr_1", "acme");
    open_alert("alr_2", "globex");
    EXPECT_EQ(ask(operator_token, "GET", "/v1/status").body.at("alerts").at("critical"), 2);
    EXPECT_EQ(ask(acme_token, "GET", "/v1/status").body.at("alerts").at("critical"), 1);
}

}  // namespace
