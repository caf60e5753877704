#include "cli/testing/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::HasSubstr;

class EdgeCommands : public testing::CommandLine {};

TEST_F(EdgeCommands, ListHealthAndLag)
{
    server.on("GET /v1/edges", 200, R"({"revision":9,"items":[
        {"id":"edge_1","name":"one","group":"default","version":"1","revision":9,"behind":0,"seen_at":"2026-01-01T00:00:00Z",
         "health":"live","trouble":null,"certificate_until":"2099-01-01T00:00:00Z"},
        {"id":"edge_2","name":"two","group":"west","version":"1","revision":4,"behind":5,"seen_at":"2026-01-01T00:00:00Z",
         "health":"lost","trouble":null,"certificate_until":null}]})");

    const auto listed = call({"edge", "list"});

    EXPECT_THAT(listed.out, HasSubstr("live"));
    EXPECT_THAT(listed.out, HasSubstr("lost, not waited for"));
    EXPECT_THAT(listed.out, HasSubstr("none, a token"));
}

TEST_F(EdgeCommands, PrintAnInvitationAloneOnStandardOutput)
{
    server.on("POST /v1/edge-invitations", 201,
              R"({"group":"west","token":"secret.hash","expires_at":"2026-01-01T00:00:00Z"})");

    const auto made = call({"edge", "invite", "--group", "west"});

    EXPECT_EQ(made.out, "secret.hash\n");
    EXPECT_THAT(made.err, HasSubstr("--group west"));
}

TEST_F(EdgeCommands, SayWhatRemovingDoes)
{
    server.on("DELETE /v1/edges/edge-3", 200, R"({"id":"edge_3","name":"edge-3"})");

    const auto removed = call({"edge", "remove", "edge-3"});

    EXPECT_EQ(removed.status, 0) << removed.err;
    EXPECT_THAT(removed.out, HasSubstr("nothing waits for it"));
    EXPECT_THAT(removed.out, HasSubstr("stop it"));
}

}  // namespace
}  // namespace cli
