#include "responder/publisher.h"

#include "http/testing/http1_server.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

namespace json = boost::json;

// What acme-dns answers (its API has no other judge here than its own documentation).
class AcmeDns : public ::testing::Test {
protected:
    boost::asio::awaitable<void> answer(http::Exchange& exchange)
    {
        const auto& request = exchange.request();
        auto body = co_await http::read_all(exchange, 4096);
        if (request.path() == "/register") {
            ++registered_;
            static_cast<void>(co_await http::send_text(
                exchange, 201, "application/json",
                R"({"username":"u1","password":"p1","fulldomain":"s1.auth.test","subdomain":"s1","allowfrom":[]})"));
            co_return;
        }
        const bool known = request.headers.find("X-Api-User").value_or("") == "u1" &&
                           request.headers.find("X-Api-Key").value_or("") == password_;
        const auto fields = json::parse(body.value_or("{}"));
        if (!known || fields.at("subdomain") != "s1") {
            static_cast<void>(
                co_await http::send_text(exchange, 401, "application/json", R"({"error": "forbidden"})"));
            co_return;
        }
        values_.emplace_back(fields.at("txt").as_string());
        static_cast<void>(co_await http::send_text(exchange, 200, "application/json",
                                                   json::serialize(json::object{{"txt", fields.at("txt")}})));
    }

    base::Result<> add(const std::string& value)
    {
        responder::AcmeDnsOptions options;
        options.api = fmt::format("http://127.0.0.1:{}/", server_.port());
        options.account_file = folder_.path() / "account.json";
        options.challenge_zone = "acme.platform.test";
        const auto publisher = responder::make_acme_dns_publisher(*client_, options);
        EXPECT_EQ(publisher->capacity(), 2U);
        return test::run(loop_, publisher->add("label.acme.platform.test", value));
    }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    int registered_ = 0;
    std::string password_ = "p1";
    std::vector<std::string> values_;
    test::FunctionHandler handler_{[this](http::Exchange& exchange) { return answer(exchange); }};
    test::Http1Server server_{loop_, handler_};
    std::unique_ptr<http::Client> client_ = http::make_client(loop_.get_executor(), {});
};

TEST_F(AcmeDns, RegistersOnceAndUpdatesWithTheAccountInTheFile)
{
    ASSERT_TRUE(add("first"));
    ASSERT_TRUE(add("second"));
    EXPECT_EQ(registered_, 1);
    EXPECT_EQ(values_, (std::vector<std::string>{"first", "second"}));
}

TEST_F(AcmeDns, SaysWhatIsWrongWithTheAccount)
{
    const auto code = [](const base::Result<>& result) { return result ? "" : result.error().code(); };
    password_ = "changed";
    EXPECT_EQ(code(add("value")), "acme_dns_refused");
    test::write_file(folder_.path() / "account.json", "{\"username\":\"u1\"}");
    EXPECT_EQ(code(add("value")), "acme_dns_account_invalid");
}

TEST(Hook, IsCalledWithVerbNameAndValue)
{
    const test::TempDir folder;
    const auto program = folder.path() / "hook";
    const auto noted = folder.path() / "noted";
    test::write_file(program, fmt::format("#!/bin/sh\necho $* >> {}\ntest $3 != bad\n", noted.string()));
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    boost::asio::io_context loop(1);
    const auto publisher =
        responder::make_hook_publisher({{program.string(), "zone1"}, std::chrono::seconds(10)});

    EXPECT_TRUE(test::run(loop, publisher->add("a.acme.test", "v1")));
    EXPECT_TRUE(test::run(loop, publisher->remove("a.acme.test", "v1")));
    EXPECT_EQ(test::read_file(noted), "zone1 present a.acme.test. v1\nzone1 cleanup a.acme.test. v1\n");
}

TEST(Hook, ThatFailsIsAFailure)
{
    boost::asio::io_context loop(1);
    const auto publisher = responder::make_hook_publisher({{"/bin/false"}, std::chrono::seconds(10)});
    const auto added = test::run(loop, publisher->add("a.acme.test", "v1"));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code(), "dns01_hook_failed");
}

}  // namespace
