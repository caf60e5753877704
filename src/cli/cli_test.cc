#include "cli/cli.h"

#include "cli/testing/command_line.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace cli {
namespace {

using testing::CommandLine;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::run_with;

constexpr const char* shop = R"({"id":"ep_1","name":"shop.customer.test","state":"pending_dns","warnings":[],
    "reason":{"code":"dns_not_found","message":"It has no DNS records yet.","actor":"customer","fix":"Create them."},
    "required_records":[{"purpose":"routing","type":"CNAME","name":"shop.customer.test","host":"shop",
    "value":"k3x.platform.test","required":true,"status":"unknown","found":[]}]})";
constexpr const char* active_shop =
    R"({"id":"ep_1","name":"shop.customer.test","state":"active","reason":null})";

// `parents`: the command line in front of this command's own name.
void add_help(const CLI::App& app, const std::string& parents, std::string& all)
{
    const auto line = parents + (parents.empty() ? "" : " ") + app.get_name();
    all += "$ " + line + " --help\n" + app.help(parents) + "\n";
    for (const auto* each : app.get_subcommands({})) {
        add_help(*each, line, all);
    }
}

TEST(Help, IsAPromise)
{
    CLI::App app("", "certwright");
    std::ostringstream sink;
    Console console(sink, sink, false, false);
    build(app, console, {});
    std::string all;
    add_help(app, "", all);
    const std::string file = std::string(GOLDEN_DIR) + "/cli_help.txt";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file) << all;
    }

    std::ifstream in(file);
    std::ostringstream golden;
    golden << in.rdbuf();

    EXPECT_EQ(all, golden.str()) << "if this change is meant: UPDATE_GOLDEN=1 cli_test";
}

TEST_F(CommandLine, PrintsTheRecordsToCreateAtOnce)
{
    server.on("POST /v1/endpoints", 201, shop);

    const auto ran = call({"endpoint", "add", "shop.customer.test", "--to", "http://10.0.0.5:3000",
                           "--internal", "--allow", "10.0.0.0/8", "--allow", "2001:db8::/32"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("k3x.platform.test"));
    EXPECT_THAT(ran.out, HasSubstr("certwright endpoint show shop.customer.test"));
    ASSERT_EQ(server.seen().size(), 1U);
    EXPECT_THAT(
        server.seen()[0],
        HasSubstr(
            R"("kind":"internal","ip_filter":["10.0.0.0/8","2001:db8::/32"],"names":["shop.customer.test"])"));
}

TEST_F(CommandLine, WaitsUntilTheEndpointIsActive)
{
    server.on("POST /v1/endpoints", 201, shop);
    server.on("GET /v1/endpoints/ep_1", 200, shop);
    server.on("GET /v1/endpoints/ep_1", 200, active_shop);

    const auto ran = call({"endpoint", "add", "shop.customer.test", "--to", "http://10.0.0.5", "--wait"});

    EXPECT_EQ(ran.status, 0);
    EXPECT_THAT(ran.err, HasSubstr("shop.customer.test is pending_dns: It has no DNS records yet.\n"));
    EXPECT_THAT(ran.out, HasSubstr("state      active"));
}

TEST_F(CommandLine, ExitsWithOneWhenTimeRunsOut)
{
    server.on("POST /v1/endpoints", 200, shop);
    server.on("GET /v1/endpoints/ep_1", 200, shop);

    const auto ran = call(
        {"endpoint", "add", "shop.customer.test", "--to", "http://10.0.0.5", "--wait", "--timeout", "1"});

    EXPECT_EQ(ran.status, problem);
    EXPECT_THAT(ran.err, HasSubstr("[timeout]"));
}

constexpr const char* limits = R"({"account":"ca_1","name":"default","directory_url":"https://ca.test/dir",
    "published":true,"limits":[{"limit":"new_orders","capacity":300,"period_seconds":10800,"shared":false,
    "overridden":true,"more":false,"uses":[{"subject":null,"capacity":300,"period_seconds":10800,"remaining":12,
    "reserved":3,"blocked_until":null,"next_free_at":"2020-01-01T00:00:00Z"}]},{"limit":"exact_set","capacity":5,
    "period_seconds":604800,"shared":true,"overridden":false,"more":true,"uses":[]}]})";

TEST_F(CommandLine, ShowsTheLimitsOfEveryAccount)
{
    server.on("GET /v1/ca-accounts", 200, R"({"items":[{"id":"ca_1","name":"default"}]})");
    server.on("GET /v1/ca-accounts/ca_1/limits", 200, limits);

    const auto ran = call({"ca", "limits", "--name", "shop.example.com"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("new_orders (set by you)"));
    EXPECT_THAT(ran.out, HasSubstr("300 in 3 h"));
    EXPECT_THAT(ran.out, HasSubstr("exact_set (all accounts at this CA)"));
    EXPECT_THAT(ran.out, HasSubstr("There are more"));
}

TEST_F(CommandLine, SetsALimit)
{
    server.on("PUT /v1/ca-accounts/default/limits/new_orders", 200, limits);

    const auto ran =
        call({"ca", "set-limit", "default", "new_orders", "--capacity", "3000", "--period", "3h"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    ASSERT_EQ(server.seen().size(), 1U);
    EXPECT_THAT(server.seen()[0], HasSubstr(R"({"capacity":3000,"period_seconds":10800})"));
    EXPECT_EQ(call({"ca", "set-limit", "default", "new_orders", "--capacity", "3", "--period", "3w"}).status,
              usage);
}

TEST_F(CommandLine, WaitsForTheOrdersOfARenewal)
{
    server.on("POST /v1/endpoints/shop.customer.test/renew", 202, R"({"items":[{"id":"ord_1"}]})");
    server.on("GET /v1/orders", 200,
              R"({"items":[{"id":"ord_1","status":"proving","key_type":"ecdsa_p256"}]})");
    server.on("GET /v1/orders", 200,
              R"({"items":[{"id":"ord_1","status":"deployed"},{"id":"ord_0","status":"failed"}]})");
    server.on("GET /v1/endpoints/shop.customer.test/certificates", 200,
              R"({"items":[{"id":"crt_2","state":"live"}]})");

    const auto ran = call({"certificate", "renew", "shop.customer.test", "--wait"});

    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("ecdsa_p256 proving"));
    EXPECT_THAT(ran.out, HasSubstr("crt_2"));
}

TEST_F(CommandLine, TellsWhyAnOrderFailed)
{
    server.on("POST /v1/endpoints/shop.customer.test/renew", 202, R"({"items":[{"id":"ord_1"}]})");
    server.on(
        "GET /v1/orders", 200,
        R"({"items":[{"id":"ord_1","status":"failed","problem":{"code":"caa_forbidden","message":"CAA says no.","fix":"Allow it."}}]})");

    const auto ran = call({"certificate", "renew", "shop.customer.test", "--wait"});

    EXPECT_EQ(ran.status, problem);
    EXPECT_THAT(ran.err, HasSubstr("CAA says no. [caa_forbidden]"));
    EXPECT_THAT(ran.err, HasSubstr("fix:   Allow it."));
}

TEST_F(CommandLine, PrintsTheFixOfAProblem)
{
    server.on(
        "GET /v1/endpoints/nope.test", 404,
        R"({"code":"endpoint_not_found","detail":"there is no endpoint 'nope.test'","fix":"See the list."})");

    const auto ran = call({"endpoint", "show", "nope.test"});

    EXPECT_EQ(ran.status, problem);
    EXPECT_EQ(ran.err,
              "error: there is no endpoint 'nope.test' [endpoint_not_found]\nfix:   See the list.\n");
}

TEST_F(CommandLine, SpeaksJsonWhereverTheFlagStands)
{
    server.on("GET /v1/status", 200, R"({"version":"1"})");

    EXPECT_EQ(call({"status", "--json"}).out, "{\"version\":\"1\"}\n");
    EXPECT_EQ(call({"--json", "status"}).out, "{\"version\":\"1\"}\n");
}

TEST_F(CommandLine, PrintsATokenAlone)
{
    server.on("POST /v1/tokens", 201, R"({"id":"tok_1","token":"s3cret","scopes":["read"]})");

    EXPECT_EQ(call({"token", "create"}).out, "s3cret\n");
}

TEST_F(CommandLine, RemovesOnlyWhenItIsMeant)
{
    server.on("DELETE /v1/endpoints/shop.customer.test", 200, shop);

    EXPECT_EQ(call({"endpoint", "remove", "shop.customer.test"}).status, usage);
    EXPECT_TRUE(server.seen().empty());
    EXPECT_EQ(call({"endpoint", "remove", "shop.customer.test", "--yes"}).status, 0);
}

TEST_F(CommandLine, ExitsWithThreeWhenTheTokenIsNotAccepted)
{
    server.on("GET /v1/status", 401, R"({"code":"token_invalid","detail":"the token is unknown"})");

    EXPECT_EQ(call({"status"}).status, unreachable);
}

TEST_F(CommandLine, NoticesWhenSomethingElseAnswers)
{
    server.on("GET /v1/status", 200, "<html>hello</html>");

    const auto ran = call({"status"});

    EXPECT_EQ(ran.status, unreachable);
    EXPECT_THAT(ran.err, HasSubstr("is not certwright"));
}

TEST(CommandLineAlone, ExitsWithTwoForWrongUsage)
{
    EXPECT_EQ(run_with({}).status, usage);
    EXPECT_EQ(run_with({"endpoint"}).status, usage);
    EXPECT_EQ(run_with({"endpoint", "add", "shop.customer.test"}).status, usage);
    EXPECT_EQ(run_with({"nonsense"}).status, usage);
    EXPECT_EQ(run_with({"endpoint", "update", "shop.customer.test", "--token", "x"}).status, usage);
    EXPECT_EQ(run_with({"--help"}).status, ok);
}

TEST(CommandLineAlone, SaysWhichWordIsWrongAndWhatWasMeant)
{
    const auto verb = run_with({"endpoint", "ad"});
    EXPECT_THAT(verb.err, HasSubstr("there is no command 'certwright endpoint ad'"));
    EXPECT_THAT(verb.err, HasSubstr("Did you mean `certwright endpoint add`?"));
    EXPECT_THAT(run_with({"frobnicate"}).err, HasSubstr("`certwright --help` lists what there is."));
    EXPECT_THAT(run_with({"endpoint", "add", "-x.test"}).err,
                HasSubstr("`certwright endpoint add` has no option '-x.test'"));
    EXPECT_THAT(run_with({"endpoint", "show"}).err, HasSubstr("See: certwright endpoint show --help"));
    EXPECT_THAT(run_with({"endpoint"}).err, HasSubstr("Usage: certwright endpoint"));
}

TEST_F(CommandLine, NamesTheFieldThatIsWrong)
{
    server.on(
        "POST /v1/tenants", 400,
        R"({"code":"body_invalid","detail":"/id: is long","errors":[{"pointer":"/id","detail":"is long"}]})");

    EXPECT_THAT(call({"tenant", "add", "x"}).err, HasSubstr("error: id: is long [body_invalid]"));
}

TEST_F(CommandLine, NoticesAnotherProgramThatSpeaksJson)
{
    server.on("GET /v1/status", 200, R"({"app":"a shop"})");

    EXPECT_EQ(call({"status"}).status, unreachable);
}

TEST_F(CommandLine, WarnsWhenAnUploadIsNotServedYet)
{
    test::TempDir folder;
    const auto file = (folder.path() / "some.pem").string();
    std::ofstream(file) << "-----BEGIN-----\n";
    server.on(
        "POST /v1/endpoints/shop.customer.test/certificates", 201,
        R"({"id":"crt_1","warnings":[{"code":"ownership_missing","message":"It is not proved.","fix":"Create it."}]})");

    const auto ran = call({"certificate", "upload", "shop.customer.test", "--chain", file, "--key", file});

    EXPECT_EQ(ran.status, ok);
    EXPECT_THAT(ran.err, HasSubstr("warning: It is not proved.\nfix:     Create it."));
}

TEST_F(CommandLine, TellsWhatAChangeNeedsBeforeItChangesAnything)
{
    server.on("PATCH /v1/endpoints/shop.customer.test", 200,
              R"({"name":"shop.customer.test","state":"active","warnings":[{"code":"delegation_missing",
              "message":"It can only be proved by DNS.","actor":"customer","fix":"Create: CNAME"}]})");
    const std::vector<std::string> change{"endpoint", "update", "shop.customer.test", "--internal"};

    const auto asked = call(change);
    EXPECT_EQ(asked.status, problem);
    EXPECT_THAT(asked.err, HasSubstr("It can only be proved by DNS."));
    EXPECT_THAT(asked.err, HasSubstr("--yes"));
    ASSERT_EQ(server.seen().size(), 1U);
    EXPECT_THAT(server.seen()[0], HasSubstr(R"("preview":true)"));

    auto sure = change;
    sure.emplace_back("--yes");
    server.on("GET /v1/endpoints/shop.customer.test", 200, active_shop);
    EXPECT_EQ(call(sure).status, ok);
    ASSERT_EQ(server.seen().size(), 3U);
    EXPECT_THAT(server.seen()[1], Not(HasSubstr("preview")));
}

TEST_F(CommandLine, ImportsAFileAndReportsEachLine)
{
    test::TempDir folder;
    const auto file = (folder.path() / "names.csv").string();
    std::ofstream(file) << "names,upstream\na.customer.test,http://10.0.0.5\nb customer,http://10.0.0.5\n";
    server.on("POST /v1/endpoints/import", 200,
              R"({"items":[{"result":"created","endpoint":{"name":"a.customer.test","warnings":[]}},
              {"result":"refused","problem":{"code":"name_invalid","detail":"'b' has no dot"}}]})");

    const auto ran = call({"endpoint", "import", file, "--tenant", "acme"});

    EXPECT_EQ(ran.status, problem);
    EXPECT_THAT(ran.out, HasSubstr("line 2: created a.customer.test"));
    EXPECT_THAT(ran.out, HasSubstr("line 3: refused: 'b' has no dot [name_invalid]"));
    EXPECT_THAT(ran.out, HasSubstr("1 created, 0 there before, 1 refused."));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"("names":["b","customer"])"));
    EXPECT_THAT(server.seen().at(0), HasSubstr(R"("tenant":"acme")"));
    EXPECT_THAT(call({"endpoint", "import", file, "--json"}).out, HasSubstr(R"("line":3)"));
    EXPECT_EQ(call({"endpoint", "import", file + ".missing"}).status, usage);
}

TEST(CommandLineAlone, ExitsWithThreeWhenNobodyListens)
{
    const auto ran = run_with({"status", "--api", "http://127.0.0.1:1", "--token", "x"});

    EXPECT_EQ(ran.status, unreachable);
    EXPECT_THAT(ran.err, HasSubstr("certwright serve"));
}

TEST(CommandLineAlone, ReadsTheOperatorsTokenFromTheDataFolder)
{
    test::TempDir folder;
    testing::ScriptedApi server;
    server.on("GET /v1/status", 200, R"({"version":"1"})");

    EXPECT_THAT(run_with({"status", "--api", server.url(), "--data", folder.path().string()}).err,
                HasSubstr("[token_missing]"));
    std::ofstream(folder.path() / "operator.token") << "secret\n";
    EXPECT_EQ(run_with({"status", "--api", server.url(), "--data", folder.path().string()}).status, ok);
}

}  // namespace
}  // namespace cli
