#include "cli/testing/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::HasSubstr;

class CaCommands : public testing::CommandLine {};

constexpr const char* failing = R"({"id":"ca_1","name":"letsencrypt","directory_url":"https://ca.test/dir",
    "account_url":"https://ca.test/acct/1","default":true,"fallback":0,"trusted":true,"deactivated":false,
    "key_rotation":"none","thumbprint":"t","only_untrusted":0,
    "problem":{"code":"ca_account_invalid","message":"The CA does not accept our account.","actor":"platform",
    "fix":"certwright ca register letsencrypt"},
    "ca":{"state":"failing","failures":3,"next_probe_at":"2020-01-01T00:00:00Z","problem":null,"limited_until":null}})";

TEST_F(CaCommands, ShowWhatIsWrongAndTheFix)
{
    server.on("GET /v1/ca-accounts", 200, std::string(R"({"items":[)") + failing + "]}");
    server.on("GET /v1/ca-accounts/letsencrypt", 200, failing);

    const auto listed = call({"ca", "list"});
    const auto shown = call({"ca", "show", "letsencrypt"});

    EXPECT_EQ(listed.status, 0) << listed.err;
    EXPECT_THAT(listed.out, HasSubstr("ca_account_invalid"));
    EXPECT_THAT(listed.out, HasSubstr("failing"));
    EXPECT_THAT(shown.out, HasSubstr("certwright ca register letsencrypt"));
}

TEST_F(CaCommands, SayOnlyWhatWasGiven)
{
    server.on("PATCH /v1/ca-accounts/letsencrypt", 200, failing);
    server.on("PATCH /v1/endpoints/shop.example.com", 200, R"({"id":"ep_1","name":"shop.example.com"})");
    server.on("GET /v1/endpoints/shop.example.com", 200, R"({"id":"ep_1","name":"shop.example.com"})");

    EXPECT_EQ(call({"ca", "set", "letsencrypt", "--fallback", "2", "--untrusted"}).status, 0);
    EXPECT_EQ(call({"ca", "set", "letsencrypt"}).status, usage);
    EXPECT_EQ(call({"endpoint", "update", "shop.example.com", "--ca", "a,b"}).status, 0);

    ASSERT_EQ(server.seen().size(), 4U);  // What a change means is asked before it is made.
    EXPECT_THAT(server.seen()[0], HasSubstr(R"({"fallback":2,"trusted":false})"));
    EXPECT_THAT(server.seen()[1], HasSubstr("preview"));
    EXPECT_THAT(server.seen()[2], HasSubstr(R"({"ca_policy":["a","b"]})"));
}

TEST_F(CaCommands, PromoteUntilNothingIsLeftToOrder)
{
    server.on("POST /v1/ca-accounts/production/promote", 202,
              R"({"name":"production","queued":200,"only_untrusted":250})");
    server.on("POST /v1/ca-accounts/production/promote", 202,
              R"({"name":"production","queued":50,"only_untrusted":250})");
    server.on("POST /v1/ca-accounts/production/promote", 202,
              R"({"name":"production","queued":0,"only_untrusted":250})");
    server.on("GET /v1/ca-accounts/production", 200, R"({"name":"production","only_untrusted":0})");

    const auto ran = call({"ca", "promote", "production", "--wait"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("250 trusted certificates were ordered"));
    EXPECT_THAT(ran.out, HasSubstr("0 names still have staging ones"));
}

TEST_F(CaCommands, RevokeWithAReason)
{
    server.on("POST /v1/certificates/crt_1/revoke", 202,
              R"({"id":"crt_1","state":"revoked","successor":{"id":"ord_1"}})");

    const auto ran = call({"certificate", "revoke", "crt_1", "--reason", "key_compromise"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("ord_1"));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"({"reason":"key_compromise","replace":true})"));
    EXPECT_EQ(call({"certificate", "revoke", "crt_1", "--reason", "bored"}).status, usage);
}

}  // namespace
}  // namespace cli
