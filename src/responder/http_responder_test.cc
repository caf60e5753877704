#include "responder/http_responder.h"

#include "fakes/sample_endpoint.h"
#include "http/testing/http1_server.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

class CentralResponder : public ::testing::Test {
protected:
    CentralResponder() : store_(store::open_sqlite(folder_.path() / "db", clock_).value())
    {
        model::CaAccount account;
        account.id = "ca_1";
        account.name = "default";
        account.thumbprint = "default-thumbprint";
        account.is_default = true;
        model::ChallengeToken token;
        token.token = "announced";
        token.thumbprint = "other-thumbprint";
        token.order = "ord_1";
        auto kept = test::sample_endpoint({"kept.example.com"});
        kept.own_challenges = true;
        auto removed = test::sample_endpoint({"removed-name.example.com"});
        removed.status.state = model::EndpointState::deleting;
        auto web = test::sample_endpoint({"shop.example.com"});
        web.edge_group = "web";
        auto write = [=](store::Transaction& tx) -> base::Result<> {
            CHECKED(tx.accounts.put(account));
            CHECKED(tx.challenges.add_token(token));
            for (const auto& each : {web, kept, removed}) {
                CHECKED(tx.endpoints.insert(each));
            }
            return {};
        };
        EXPECT_TRUE(test::run(loop_, store_->write(write)));
    }

    std::string get(const std::string& host, const std::string& path, const std::string& method = "GET")
    {
        auto talk = test::talk(
            server_.port(),
            fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", method, path, host));
        const auto answer = test::run(loop_, std::move(talk)).value();
        const auto body = answer.find("\r\n\r\n");
        return answer.substr(9, 3) + " " + answer.substr(body + 4);
    }

    test::TempDir folder_;
    boost::asio::io_context loop_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<store::Store> store_;
    responder::HttpResponder responder_{*store_};
    test::Http1Server server_{loop_, responder_};
};

TEST_F(CentralResponder, AnswersForEveryNameOfEveryGroup)
{
    EXPECT_EQ(get("shop.example.com", "/.well-known/acme-challenge/tok_1"), "200 tok_1.default-thumbprint");
    EXPECT_EQ(get("SHOP.example.com:80", "/.well-known/acme-challenge/announced"),
              "200 announced.other-thumbprint");
    EXPECT_EQ(responder_.answered(), 2U);
}

TEST_F(CentralResponder, RefusesEverythingElse)
{
    for (const auto host :
         {"kept.example.com", "removed-name.example.com", "unknown.example.com", "192.0.2.1"}) {
        EXPECT_EQ(get(host, "/.well-known/acme-challenge/tok_1").substr(0, 3), "404") << host;
    }
    EXPECT_EQ(get("shop.example.com", "/.well-known/acme-challenge/bad.token").substr(0, 3), "404");
    EXPECT_EQ(get("shop.example.com", "/").substr(0, 3), "404");
    EXPECT_EQ(get("shop.example.com", "/.well-known/acme-challenge/tok_1", "DELETE").substr(0, 3), "404");
    EXPECT_EQ(responder_.answered(), 0U);
}

}  // namespace
