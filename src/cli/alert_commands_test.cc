#include "cli/testing/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class AlertCommands : public testing::CommandLine {};

constexpr const char* alert = R"({"id":"alr_1","rule":"expiring","severity":"critical","tenant":"acme",
    "subject":"ep_1","name":"xn--mnchen-3ya.test","display_name":"münchen.test","code":"expiring","message":"It ends.",
    "actor":"customer","fix":"Upload its successor.","deadline":"2027-01-31T00:00:00Z","count":3,
    "opened_at":"2027-01-01T00:00:00Z","seen_at":"2027-01-01T00:00:00Z","notified_at":null,"resolved_at":null,
    "next_notice_at":null})";

TEST_F(AlertCommands, ListWhatIsWrong)
{
    server.on("GET /v1/alerts", 200, R"({"items":[)" + std::string(alert) + R"(],"next":"9.alr_1"})");
    const auto ran = call({"alert", "list", "--rule", "expiring", "--all"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("münchen.test"));
    EXPECT_THAT(ran.out, HasSubstr("customer"));
    EXPECT_THAT(ran.out, HasSubstr("certwright alert list --after 9.alr_1"));
    EXPECT_THAT(server.seen(), ElementsAre(StartsWith("GET /v1/alerts?resolved=true&rule=expiring")));
}

TEST_F(AlertCommands, ShowWhoMustDoWhat)
{
    server.on("GET /v1/alerts/alr_1", 200, alert);
    const auto ran = call({"alert", "show", "alr_1"});
    EXPECT_THAT(ran.out, HasSubstr("It ends."));
    EXPECT_THAT(ran.out, HasSubstr("Upload its successor."));
    EXPECT_THAT(ran.out, HasSubstr("certwright alert silence alr_1 --for 3d"));
}

TEST_F(AlertCommands, SilenceForALength)
{
    server.on("POST /v1/silences", 201, R"({"id":"sil_1","until":"2027-01-31T00:00:00Z"})");
    const auto ran =
        call({"alert", "silence", "--endpoint", "shop.test", "--for", "8h", "--reason", "moving"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("alert unsilence sil_1"));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"("endpoint":"shop.test")"));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"("until":"20)"));
    EXPECT_EQ(call({"alert", "silence", "alr_1", "--for", "soon"}).status, 2);
}

TEST_F(AlertCommands, TestAChannelAndTellHowItWent)
{
    server.on("POST /v1/channels/ops/test", 202,
              R"({"id":"dlv_1","channel":"chn_1","state":"waiting","attempts":0})");
    server.on("GET /v1/channels/chn_1", 200,
              R"({"deliveries":[{"id":"dlv_1","channel":"chn_1","state":"waiting","attempts":0}]})");
    server.on("GET /v1/channels/chn_1", 200,
              R"({"deliveries":[{"id":"dlv_1","channel":"chn_1","state":"delivered","attempts":1}]})");
    const auto ran = call({"alert", "test", "ops"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("Delivered as dlv_1."));

    server.on("POST /v1/channels/bad/test", 202,
              R"({"id":"dlv_2","channel":"chn_2","state":"waiting","attempts":0})");
    server.on(
        "GET /v1/channels/chn_2", 200,
        R"({"deliveries":[{"id":"dlv_2","channel":"chn_2","state":"waiting","attempts":1,"error":"refused"}]})");
    const auto failed = call({"channel", "test", "bad"});
    EXPECT_EQ(failed.status, 1);
    EXPECT_THAT(failed.err, HasSubstr("refused"));
}

TEST_F(AlertCommands, AddAChannelAndPrintItsSecretOnce)
{
    server.on("POST /v1/channels", 201, R"({"id":"chn_1","name":"hook","secret":"whsec_x"})");
    const auto ran = call({"channel", "add", "hook", "--webhook", "https://a.test/x", "--event",
                           "certificate.*", "--severity", "critical", "--support"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("whsec_x"));
    EXPECT_THAT(ran.out, HasSubstr("certwright channel test chn_1"));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"("audience":"support")"));
    EXPECT_EQ(call({"channel", "add", "hook"}).status, 2);
}

TEST_F(AlertCommands, ConfirmATenantsAddress)
{
    constexpr const char* unconfirmed =
        R"({"id":"chn_1","name":"mail","target":"a@acme.test","confirmed":false})";
    server.on("POST /v1/channels", 201, unconfirmed);
    server.on("POST /v1/channels/mail/confirm", 202, unconfirmed);

    EXPECT_THAT(call({"channel", "add", "mail", "--mail", "a@acme.test"}).out,
                HasSubstr("certwright channel confirm chn_1 CODE"));
    EXPECT_THAT(call({"channel", "confirm", "mail"}).out, HasSubstr("A mail with a code is on its way"));
    EXPECT_THAT(call({"channel", "confirm", "mail", "abcd-efgh"}).out, HasSubstr("mail is confirmed"));
    EXPECT_THAT(server.seen().at(2), HasSubstr(R"({"code":"abcd-efgh"})"));
}

TEST_F(AlertCommands, ShowHowAChannelFares)
{
    server.on("GET /v1/channels/hook", 200, R"({"id":"chn_1","name":"hook","tenant":null,"kind":"webhook",
        "target":"https://a.test/x","audience":"operators","severity":"warning","events":["alert.*"],"enabled":true,
        "configured":false,"failures":4,"error":"it answered 503","failed_at":"2027-01-01T00:00:00Z",
        "succeeded_at":null,"waiting":7,"deliveries":[{"id":"dlv_1","type":"alert.opened","state":"waiting",
        "attempts":4,"error":"it answered 503","created_at":"2027-01-01T00:00:00Z",
        "next_attempt_at":"2027-01-01T00:00:00Z"}]})");
    const auto ran = call({"channel", "show", "hook"});
    EXPECT_THAT(ran.out, HasSubstr("failing (4 in a row)"));
    EXPECT_THAT(ran.out, HasSubstr("it answered 503"));
    EXPECT_THAT(ran.out, HasSubstr("7"));
    EXPECT_THAT(ran.out, HasSubstr("alert.opened"));
}

}  // namespace
}  // namespace cli
