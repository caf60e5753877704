// The rules of nonces, retries and the directory, against a CA that is a script in memory.
#include "acme/session.h"

#include "acme/client.h"
#include "base/task_group.h"
#include "support/run.h"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view directory_body =
    R"({"newNonce":"https://ca.test/nonce","newAccount":"https://ca.test/account","newOrder":"https://ca.test/order",
        "revokeCert":"https://ca.test/revoke","keyChange":"https://ca.test/key","renewalInfo":"https://ca.test/ari/"})";

http::ClientResponse reply(int status, std::string body, http::Headers headers = {})
{
    http::ClientResponse made;
    made.status = status;
    made.body = std::move(body);
    made.headers = std::move(headers);
    return made;
}

// What a POST of ours said.
struct Post {
    std::string url;
    std::string nonce;
    json::object header;
    std::string payload;
    std::string body;
};

// Answers directory and nonces by itself, everything else by the script, and remembers it all.
class ScriptedCa final : public http::Client {
public:
    base::Task<http::ClientResponse> send(http::ClientRequest request) override
    {
        const bool wants_directory = request.url == "https://ca.test/dir";
        directories += wants_directory ? 1 : 0;
        co_await base::sleep_for(takes);
        if (wants_directory) {
            if (directory_down) {
                co_return base::fail(base::Errc::unavailable, "cannot reach " + request.url);
            }
            co_return reply(200, std::string(directory_body));
        }
        if (request.url == "https://ca.test/nonce") {
            ++nonces;
            co_return reply(200, "", {{"Replay-Nonce", fmt::format("fresh{}", nonces)}});
        }
        if (request.method == "POST") {
            remember(request);
        }
        if (script.empty()) {
            co_return reply(200, R"({"status":"valid"})",
                            {{"Replay-Nonce", fmt::format("again{}", posts.size())}});
        }
        auto next = std::move(script.front());
        script.pop_front();
        co_return next;
    }

    void remember(const http::ClientRequest& request)
    {
        const auto jws = json::parse(request.body).as_object();
        auto decoded = [&](const char* name) {
            return std::string(
                base::as_text(base::from_base64url(std::string(jws.at(name).as_string())).value()));
        };
        Post post;
        post.url = request.url;
        post.header = json::parse(decoded("protected")).as_object();
        post.nonce = std::string(post.header.at("nonce").as_string());
        post.payload = decoded("payload");
        post.body = request.body;
        posts.push_back(std::move(post));
    }

    std::deque<base::Result<http::ClientResponse>> script;
    std::vector<Post> posts;
    int nonces = 0;
    int directories = 0;
    bool directory_down = false;
    std::chrono::milliseconds takes{1};
};

// Whoever sleeps finds that the time has passed already.
class HurriedClock final : public base::Clock {
public:
    base::Time now() const override { return now_; }
    asio::awaitable<void> sleep_until(base::Time deadline) override
    {
        now_ = std::max(now_, deadline);
        co_return;
    }

private:
    base::Time now_ = base::SystemClock().now();
};

http::ClientResponse bad_nonce(const std::string& next)
{
    http::Headers headers;
    if (!next.empty()) {
        headers.add("Replay-Nonce", next);
    }
    return reply(400, R"({"type":"urn:ietf:params:acme:error:badNonce","detail":"old"})", std::move(headers));
}

base::Result<http::ClientResponse> cut()
{
    return base::fail(base::Errc::unavailable, "connection reset");
}

class AcmeSession : public testing::Test {
protected:
    AcmeSession() { session_.use_account("https://ca.test/account/1"); }

    template <class T>
    base::Result<T> run(base::Task<T> task)
    {
        return test::run(loop_, std::move(task));
    }
    base::Result<http::ClientResponse> post(std::string payload)
    {
        return run(session_.post("https://ca.test/order/1", std::move(payload)));
    }
    std::set<std::string> sent_nonces() const
    {
        std::set<std::string> sent;
        for (const auto& post : ca_.posts) {
            sent.insert(post.nonce);
        }
        return sent;
    }

    asio::io_context loop_{1};
    HurriedClock clock_;
    ScriptedCa ca_;
    crypto::PrivateKey key_ = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    acme::Session session_{ca_, clock_, "https://ca.test/dir", key_};
};

}  // namespace

TEST_F(AcmeSession, SignsWithTheAccountAndTheUrl)
{
    ASSERT_TRUE(post("{}"));

    ASSERT_EQ(ca_.posts.size(), 1U);
    EXPECT_EQ(ca_.posts[0].header.at("kid").as_string(), "https://ca.test/account/1");
    EXPECT_EQ(ca_.posts[0].header.at("url").as_string(), "https://ca.test/order/1");
    EXPECT_EQ(ca_.posts[0].header.at("alg").as_string(), "ES256");
    EXPECT_FALSE(ca_.posts[0].header.contains("jwk"));
    EXPECT_EQ(ca_.posts[0].payload, "{}");
}

TEST_F(AcmeSession, SignsNewAccountsWithTheKeyItself)
{
    ASSERT_TRUE(run(session_.post_with_key("https://ca.test/account", "{}")));

    EXPECT_TRUE(ca_.posts[0].header.at("jwk").is_object());
    EXPECT_FALSE(ca_.posts[0].header.contains("kid"));
}

TEST_F(AcmeSession, TakesTheNextNonceFromTheLastAnswer)
{
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(post(""));
    }

    EXPECT_EQ(ca_.nonces, 1);
    EXPECT_EQ(sent_nonces().size(), 5U);
}

TEST_F(AcmeSession, AfterABadNonceSignsAgainWithTheNonceOfTheError)
{
    ca_.script.push_back(bad_nonce("from-the-error"));

    ASSERT_TRUE(post("{}"));

    ASSERT_EQ(ca_.posts.size(), 2U);
    EXPECT_EQ(ca_.posts[1].nonce, "from-the-error");
    EXPECT_NE(ca_.posts[0].body, ca_.posts[1].body);
    EXPECT_EQ(ca_.nonces, 1);
}

TEST_F(AcmeSession, AfterABadNonceTrustsNoneOfThePool)
{
    struct Post {
        static asio::awaitable<void> once(acme::Session& session)
        {
            static_cast<void>(co_await session.post("https://ca.test/order/1", "{}"));
        }
    };
    base::TaskGroup group(loop_.get_executor());
    group.spawn("one", Post::once(session_));
    group.spawn("two", Post::once(session_));
    test::run(loop_, group.join());  // leaves a nonce of each answer in the pool
    ASSERT_EQ(ca_.nonces, 2);
    ca_.script.push_back(bad_nonce(""));

    ASSERT_TRUE(post("{}"));

    ASSERT_EQ(ca_.posts.size(), 4U);
    EXPECT_TRUE(ca_.posts[2].nonce.starts_with("again"));
    EXPECT_EQ(ca_.posts[3].nonce, "fresh3");
}

TEST_F(AcmeSession, GivesUpOnACaThatRefusesEveryNonce)
{
    for (int i = 0; i < 100; ++i) {
        ca_.script.push_back(bad_nonce(fmt::format("n{}", i)));
    }

    const auto answer = post("{}");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::unavailable);
    EXPECT_EQ(ca_.posts.size(), 20U);
    EXPECT_EQ(sent_nonces().size(), 20U);
}

TEST_F(AcmeSession, NeverSendsTheNonceOfAFailedRequestAgain)
{
    ca_.script.push_back(reply(500, R"({"type":"urn:ietf:params:acme:error:serverInternal"})"));
    ca_.script.push_back(
        reply(429, R"({"type":"urn:ietf:params:acme:error:rateLimited"})", {{"Retry-After", "9"}}));
    ca_.script.push_back(cut());

    EXPECT_FALSE(post("{}"));
    EXPECT_FALSE(post("{}"));
    EXPECT_FALSE(post("{}"));
    EXPECT_TRUE(post("{}"));

    EXPECT_EQ(ca_.posts.size(), 4U);
    EXPECT_EQ(sent_nonces().size(), 4U);
}

TEST_F(AcmeSession, RepeatsOnlyReadsAndOnlyOnceWhenTheConnectionFails)
{
    ca_.script = {cut()};
    EXPECT_TRUE(post(""));
    EXPECT_EQ(ca_.posts.size(), 2U);
    ca_.script = {cut(), cut()};
    EXPECT_FALSE(post(""));
    EXPECT_EQ(ca_.posts.size(), 4U);
    ca_.script = {cut()};
    EXPECT_FALSE(post("{}"));
    EXPECT_EQ(ca_.posts.size(), 5U);
    EXPECT_EQ(sent_nonces().size(), 5U);
}

TEST_F(AcmeSession, ReportsServerFailuresWithoutAskingAgain)
{
    ca_.script.push_back(reply(503, "<html>busy</html>", {{"Retry-After", "3"}}));

    const auto answer = post("");

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::unavailable);
    EXPECT_EQ(answer.error().retry_after(), 3s);
    EXPECT_EQ(ca_.posts.size(), 1U);
}

TEST_F(AcmeSession, ManyAskForTheDirectoryAndOneFetchesIt)
{
    struct Ask {
        static asio::awaitable<void> once(acme::Session& session, int& good)
        {
            good += (co_await session.directory()).has_value() ? 1 : 0;
        }
    };
    int good = 0;
    base::TaskGroup group(loop_.get_executor());
    for (int i = 0; i < 20; ++i) {
        group.spawn("ask", Ask::once(session_, good));
    }

    test::run(loop_, group.join());

    EXPECT_EQ(good, 20);
    EXPECT_EQ(ca_.directories, 1);
}

TEST_F(AcmeSession, AFailedDirectoryIsAskedForAgain)
{
    ca_.directory_down = true;
    const auto down = run(session_.directory());
    ca_.directory_down = false;

    ASSERT_FALSE(down);
    EXPECT_TRUE(down.error().message().contains("https://ca.test/dir"));
    EXPECT_TRUE(run(session_.directory()));
}

TEST_F(AcmeSession, AnOldDirectoryServesWhileTheCaIsDown)
{
    base::ManualClock clock(clock_.now());
    acme::Session session(ca_, clock, "https://ca.test/dir", key_);
    ASSERT_TRUE(run(session.directory()));
    clock.advance(25h);
    ca_.directory_down = true;

    EXPECT_TRUE(run(session.directory()));
    EXPECT_EQ(ca_.directories, 2);
    EXPECT_TRUE(run(session.directory()));
    EXPECT_EQ(ca_.directories, 2);  // not before a pause
    clock.advance(10min);
    ca_.directory_down = false;
    EXPECT_TRUE(run(session.directory()));
    EXPECT_EQ(ca_.directories, 3);
}

TEST_F(AcmeSession, OthersGoOnWhenTheOneThatFetchesIsCancelled)
{
    struct Ask {
        static asio::awaitable<void> once(acme::Session& session, int& good)
        {
            good += (co_await session.directory()).has_value() ? 1 : 0;
        }
    };
    int first = 0;
    int second = 0;
    base::TaskGroup cancelled(loop_.get_executor());
    base::TaskGroup patient(loop_.get_executor());
    cancelled.spawn("first", Ask::once(session_, first));
    patient.spawn("second", Ask::once(session_, second));
    ca_.takes = 1h;
    loop_.poll();
    ASSERT_EQ(ca_.directories, 1);

    ca_.takes = 1ms;
    loop_.restart();
    test::run(loop_, cancelled.stop());
    test::run(loop_, patient.join());

    EXPECT_EQ(first, 0);
    EXPECT_EQ(second, 1);
    EXPECT_EQ(ca_.directories, 2);
}

TEST_F(AcmeSession, RenewalInformationClampsTheWaitOfTheCa)
{
    const std::string window =
        R"({"suggestedWindow":{"start":"2026-11-22T12:00:00Z","end":"2026-11-23T12:00:00Z"}})";
    struct Case {
        http::Headers headers;
        std::chrono::seconds want;
    };
    const Case cases[] = {{{{"Retry-After", "1"}}, 60s},
                          {{{"Retry-After", "20000"}}, 20000s},
                          {{{"Retry-After", "999999"}}, 86400s},
                          {{}, 21600s}};
    const auto client = acme::make_client(ca_, clock_, "https://ca.test/dir", key_);
    for (const auto& c : cases) {
        ca_.script.push_back(reply(200, window, c.headers));

        const auto renewal = run(client->renewal_info("aki.serial"));

        ASSERT_TRUE(renewal);
        EXPECT_EQ(renewal->retry_after, c.want);
    }
}

TEST_F(AcmeSession, WaitingHonoursRetryAfterAndEndsEarlyWhenItIsTooLong)
{
    const auto client = acme::make_client(ca_, clock_, "https://ca.test/dir", key_);
    client->use_account("https://ca.test/account/1");
    ca_.script.push_back(reply(200, R"({"status":"processing"})", {{"Retry-After", "86400"}}));

    const auto order = run(client->wait_for_order("https://ca.test/order/1", 30s));

    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().kind(), base::Errc::timeout);
    EXPECT_EQ(order.error().retry_after(), 86400s);
    EXPECT_EQ(ca_.posts.size(), 1U);
}

TEST_F(AcmeSession, WaitingOutlastsAnOutageOfTheCa)
{
    const auto client = acme::make_client(ca_, clock_, "https://ca.test/dir", key_);
    client->use_account("https://ca.test/account/1");
    ca_.script = {reply(200, R"({"status":"processing"})"), reply(502, "bad gateway"), cut(), cut(),
                  reply(200, R"({"status":"valid","certificate":"https://ca.test/c"})")};

    const auto order = run(client->wait_for_order("https://ca.test/order/1", 30s));

    ASSERT_TRUE(order) << order.error().message();
    EXPECT_EQ(order->status, "valid");
}

TEST_F(AcmeSession, PredecessorsAreNamedOnlyWhereTheCaUnderstands)
{
    const auto client = acme::make_client(ca_, clock_, "https://ca.test/dir", key_);
    client->use_account("https://ca.test/account/1");
    ca_.script.push_back(reply(201, R"({"status":"pending"})", {{"Location", "https://ca.test/order/9"}}));
    acme::NewOrder wanted;
    wanted.identifiers.push_back({"dns", "a.test"});
    wanted.replaces = "aki.serial";

    const auto order = run(client->new_order(wanted));

    ASSERT_TRUE(order);
    EXPECT_EQ(order->url, "https://ca.test/order/9");
    EXPECT_EQ(ca_.posts[0].payload,
              R"({"identifiers":[{"type":"dns","value":"a.test"}],"replaces":"aki.serial"})");
}
