#include "cli/testing/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RedirectCommands : public testing::CommandLine {};

constexpr const char* redirected =
    R"({"id":"ep_1","name":"example.com","names":["example.com"],"state":"active",
    "kind":"external","upstream":null,"redirect_to":"https://www.example.com","redirect_status":301,
    "redirect_keep_path":true,"on_demand":true})";

TEST_F(RedirectCommands, SendWhatWasGivenAndShowIt)
{
    server.on("POST /v1/endpoints", 201, redirected);
    server.on("GET /v1/endpoints/example.com", 200, redirected);
    server.on("PATCH /v1/endpoints/example.com", 200, redirected);

    EXPECT_EQ(call({"redirect", "add", "example.com", "--to", "https://www.example.com"}).status, 0);
    EXPECT_EQ(call({"redirect", "add", "example.com", "--to", "https://{name}.example", "--status", "308",
                    "--no-keep-path", "--allow", "192.0.2.0/24", "--group", "apex"})
                  .status,
              0);
    const auto shown = call({"redirect", "show", "example.com"});
    EXPECT_EQ(call({"redirect", "update", "example.com", "--status", "302", "--keep-path", "--yes"}).status,
              0);
    EXPECT_EQ(call({"redirect", "update", "example.com"}).status, usage);
    EXPECT_EQ(call({"redirect", "add", "example.com"}).status, usage);
    EXPECT_EQ(call({"redirect", "add", "example.com", "--to", "https://a.test", "--status", "303"}).status,
              usage);

    const auto seen = server.seen();
    EXPECT_THAT(seen.at(0),
                HasSubstr(R"({"redirect_to":"https://www.example.com","names":["example.com"]})"));
    EXPECT_THAT(seen.at(1),
                AllOf(HasSubstr(R"("redirect_status":308,"redirect_keep_path":false)"),
                      HasSubstr(R"("ip_filter":["192.0.2.0/24"])"), HasSubstr(R"("edge_group":"apex")")));
    EXPECT_THAT(seen.at(3), HasSubstr(R"({"redirect_status":302,"redirect_keep_path":true})"));
    EXPECT_THAT(shown.out,
                HasSubstr("301 to https://www.example.com, path and query kept; it came on demand"));
    EXPECT_THAT(shown.out, Not(HasSubstr("upstream")));
}

TEST_F(RedirectCommands, ListRedirectsAlone)
{
    server.on("GET /v1/endpoints", 200, std::string(R"({"next":null,"items":[)") + redirected + "]}");
    server.on("GET /v1/endpoints", 200, R"({"next":null,"items":[]})");

    EXPECT_THAT(call({"redirect", "list"}).out, HasSubstr("301 https://www.example.com"));
    EXPECT_THAT(call({"redirect", "list"}).out, HasSubstr("certwright redirect add example.com --to"));
    EXPECT_THAT(call({"redirect", "list", "--state", "active"}).out, HasSubstr("No redirect is like that"));
    EXPECT_THAT(server.seen().at(0), HasSubstr("/v1/endpoints?redirects=true&limit=100"));
    EXPECT_THAT(server.seen().at(2), HasSubstr("redirects=true&limit=100&state=active"));
}

class PoolCommands : public testing::CommandLine {};

constexpr const char* apex = R"({"name":"apex","addresses":["192.0.2.80","2001:db8::80"],
    "pool_to":"https://www.{name}","pool_status":301,"pool_keep_path":true,"pool_labels":0})";

TEST_F(PoolCommands, MakeShowListAndEndPools)
{
    server.on("POST /v1/edge-groups", 201, apex);
    server.on("GET /v1/edge-groups", 200,
              std::string(R"({"items":[{"name":"default","addresses":["192.0.2.1"],"pool_to":null},)") +
                  apex + "]}");

    const auto made = call({"pool", "add", "apex", "--address", "192.0.2.80", "--address", "2001:db8::80"});
    const auto shown = call({"pool", "show", "apex"});
    const auto listed = call({"pool", "list"});
    EXPECT_EQ(call({"pool", "show", "default"}).status, problem);
    EXPECT_EQ(call({"pool", "remove", "apex"}).status, 0);
    EXPECT_EQ(call({"pool", "add", "default"}).status, 0);

    EXPECT_EQ(made.status, 0) << made.err;
    EXPECT_THAT(made.out, AllOf(HasSubstr("AAAA  2001:db8::80"), HasSubstr("edge invite --group apex")));
    EXPECT_THAT(shown.out, HasSubstr("bare domains"));
    EXPECT_THAT(listed.out,
                AllOf(HasSubstr("apex"), HasSubstr("301 https://www.{name}"), Not(HasSubstr("default"))));
    const auto seen = server.seen();
    EXPECT_THAT(seen.at(0), HasSubstr(R"("addresses":["192.0.2.80","2001:db8::80"])"));
    EXPECT_THAT(seen.at(4), HasSubstr(R"({"name":"apex","pool_to":""})"));
    EXPECT_THAT(seen.at(5),
                AllOf(HasSubstr(R"("pool_to":"https://www.{name}")"), Not(HasSubstr("addresses"))));
}

}  // namespace
}  // namespace cli
