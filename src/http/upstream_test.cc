#include "http/upstream.h"

#include "http/testing/http1_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

http::RequestHead get(std::string target)
{
    http::RequestHead head;
    head.method = "GET";
    head.target = std::move(target);
    head.authority = "a.example";
    return head;
}

base::Task<std::string> read_body(http::Http1Connection& connection)
{
    std::string all;
    std::array<char, 5'000> buffer;
    for (;;) {
        CO_TRY(count, co_await connection.read_body(buffer));
        if (count == 0) {
            co_return std::move(all);
        }
        all.append(buffer.data(), count);
    }
}

// An origin that answers each connection by a script: for every request head it sees, the next text, then it
// closes.
class Scripted {
public:
    Scripted(asio::io_context& loop, std::vector<std::string> answers)
        : loop_(loop),
          answers_(std::move(answers)),
          listener_(
              net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                  .value()),
          tasks_(loop.get_executor())
    {
        tasks_.spawn("scripted", serve());
    }
    ~Scripted() { test::run(loop_, tasks_.stop()); }
    http::Origin origin() const { return {"http", "127.0.0.1", listener_.where().port()}; }

    std::string received;

private:
    asio::awaitable<void> serve()
    {
        for (const auto& answer : answers_) {
            auto socket = co_await listener_.accept();
            if (!socket) {
                co_return;
            }
            auto stream = net::make_stream(std::move(*socket));
            std::array<char, 4096> buffer;
            auto count = co_await stream->read_some(buffer);
            received.append(buffer.data(), count ? *count : 0);
            static_cast<void>(co_await stream->write(std::span<const char>(answer)));
            stream->close();
        }
    }

    asio::io_context& loop_;
    std::vector<std::string> answers_;
    net::Listener listener_;
    base::TaskGroup tasks_;
};

asio::awaitable<void> repeat(http::Exchange& exchange)
{
    auto body = co_await http::read_all(exchange, 100'000'000);
    auto text = exchange.request().target + "|" + body.value_or("?");
    if (exchange.request().target == "/chunked") {
        static_cast<void>(exchange.send_head(http::ResponseHead()));
        for (std::size_t at = 0; at < text.size(); at += 70'000) {
            const auto piece =
                std::span<const char>(text).subspan(at, std::min<std::size_t>(70'000, text.size() - at));
            static_cast<void>(co_await exchange.send_body(piece));
        }
        http::Headers trailers;
        trailers.add("Sum", "7");
        static_cast<void>(co_await exchange.finish(std::move(trailers)));
    } else {
        static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", std::move(text)));
    }
}

class Upstream : public testing::Test {
protected:
    http::Origin origin() const { return {"http", "127.0.0.1", server.port()}; }

    asio::io_context loop{1};
    test::FunctionHandler handler{repeat};
    test::Http1Server server{loop, handler};
    http::UpstreamPool pool{http::PoolLimits(), net::AddressPolicy(), ""};
};

TEST_F(Upstream, ReusesAConnectionForTheNextRequest)
{
    for (const std::string target : {"/one", "/chunked", "/three"}) {
        auto answer = test::run(loop, pool.send(origin(), get(target), 5s));
        ASSERT_TRUE(answer) << answer.error().message();
        auto body = test::run(loop, read_body(*answer->connection));
        ASSERT_TRUE(body);
        EXPECT_EQ(*body, target + "|");
        EXPECT_TRUE(answer->connection->reusable());
        pool.release(std::move(answer->connection));
        EXPECT_EQ(pool.idle(), 1U);
    }
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Upstream, SendsBodiesOfKnownAndUnknownLength)
{
    const std::string body(1'000'000, 'b');
    for (const auto framing : {http::Framing::length(body.size()), http::Framing::chunked()}) {
        auto connection = test::run(loop, pool.acquire(origin(), 5s));
        ASSERT_TRUE(connection);
        auto head = get("/chunked");
        head.method = "POST";
        (*connection)->begin(head, framing);
        auto& open = **connection;
        auto sent = test::run(loop, open.send_body(std::span(body).first(3)));
        ASSERT_TRUE(sent && test::run(loop, open.send_body(std::span(body).subspan(3))));
        ASSERT_TRUE(test::run(loop, open.finish()));
        auto response = test::run(loop, open.read_head());
        ASSERT_TRUE(response);
        auto got = test::run(loop, read_body(open));

        ASSERT_TRUE(got);
        EXPECT_TRUE(*got == "/chunked|" + body);
        EXPECT_EQ(open.trailers().find("sum"), "7");
        EXPECT_TRUE(open.reusable());
        pool.release(std::move(*connection));
    }
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Upstream, DoesNotKeepAConnectionWhoseBodyWasNotRead)
{
    auto answer = test::run(loop, pool.send(origin(), get("/one"), 5s));
    ASSERT_TRUE(answer);

    pool.release(std::move(answer->connection));

    EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(Upstream, KeepsNoMoreIdleConnectionsThanAllowed)
{
    http::PoolLimits limits;
    limits.idle_per_origin = 2;
    http::UpstreamPool small(limits, net::AddressPolicy(), "");
    std::vector<std::unique_ptr<http::Http1Connection>> open;
    for (int i = 0; i < 3; ++i) {
        auto answer = test::run(loop, small.send(origin(), get("/x"), 5s));
        ASSERT_TRUE(answer && test::run(loop, read_body(*answer->connection)));
        open.push_back(std::move(answer->connection));
    }

    for (auto& connection : open) {
        small.release(std::move(connection));
    }

    EXPECT_EQ(small.idle(), 2U);
}

// Empty lines before a request stand for the PROXY protocol: they differ, and the server ignores them.
TEST_F(Upstream, AConnectionThatToldOfOneVisitorServesNoOtherAndDisplacesNone)
{
    http::PoolLimits limits;
    limits.idle_with_preamble = 2;
    http::UpstreamPool small(limits, net::AddressPolicy(), "");
    const auto ask = [&](int visitor) {
        auto to = origin();
        for (int i = 0; i < visitor; ++i) {
            to.preamble += "\r\n";
        }
        auto answer = test::run(loop, small.send(std::move(to), get("/x"), 5s));
        ASSERT_TRUE(answer && test::run(loop, read_body(*answer->connection)));
        small.release(std::move(answer->connection));
    };
    constexpr int nobody = 0;
    ask(nobody);
    ask(1);
    ask(2);
    EXPECT_EQ(server.connections(), 3U) << "each its own";
    ask(2);
    ask(1);
    ask(nobody);
    EXPECT_EQ(server.connections(), 3U) << "and that one again";
    for (int visitor = 3; visitor < 10; ++visitor) {
        ask(visitor);
    }
    EXPECT_EQ(small.idle(), 3U);
    ask(nobody);
    EXPECT_EQ(server.connections(), 10U) << "what serves all is kept still";
}

TEST_F(Upstream, AnAddressPolicyDecidesAtConnectTime)
{
    http::UpstreamPool guarded(http::PoolLimits(), [](const asio::ip::address&) { return false; }, "");

    auto answer = test::run(loop, guarded.send(origin(), get("/"), 5s));

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), "address_forbidden");
}

struct Script {
    std::string_view answer;
    std::string_view code;  // of the failure; empty: the body is "ok"
};

TEST(Http1Connection, IsStrictAboutAnswers)
{
    const std::vector<Script> scripts{
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ""},
        {"HTTP/1.1 200 OK\r\n\r\nok", ""},
        {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", ""},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 "
         "OK\r\nContent-Length: 2\r\n\r\nok",
         ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", ""},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
         "bad_upstream"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "bad_upstream"},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "bad_upstream"},
        {"HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n", "bad_upstream"},
        {"HTTP/1.1 20x OK\r\n\r\n", "bad_upstream"},
        {"HTTP/2 200\r\n\r\n", "bad_upstream"},
        {"SSH-2.0-OpenSSH\r\n\r\n", "bad_upstream"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "body_cut"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", "body_cut"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokxx", "bad_chunk"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "upstream_closed"},
        {"", "upstream_closed"},
    };
    for (const auto& [answer, code] : scripts) {
        asio::io_context loop(1);
        Scripted origin(loop, {std::string(answer)});
        http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");

        auto got = test::run(loop, pool.send(origin.origin(), get("/"), 5s));
        auto failure = got ? std::string() : got.error().code();
        std::string body;
        if (got) {
            auto read = test::run(loop, read_body(*got->connection));
            failure = read ? "" : read.error().code();
            body = read.value_or("");
        }

        EXPECT_EQ(failure, code) << answer;
        if (code.empty()) {
            EXPECT_EQ(body, "ok") << answer;
        }
    }
}

TEST(Http1Connection, LeavesFieldsOfTheHopBehind)
{
    asio::io_context loop(1);
    Scripted origin(loop, {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");
    auto head = get("/p?q");
    head.headers.add("Host", "evil.example");
    head.headers.add("Connection", "close, X-Hop");
    head.headers.add("X-Hop", "1");
    head.headers.add("TE", "trailers");
    head.headers.add("Transfer-Encoding", "chunked");
    head.headers.add("Upgrade", "websocket");
    head.headers.add("Content-Length", "7");
    head.headers.add("X-Stays", "1");

    ASSERT_TRUE(test::run(loop, pool.send(origin.origin(), head, 5s)));

    EXPECT_EQ(origin.received, "GET /p?q HTTP/1.1\r\nHost: a.example\r\nX-Stays: 1\r\n\r\n");
}

TEST(Http1Connection, RefusesARequestThatWouldBreakItsLines)
{
    asio::io_context loop(1);
    Scripted origin(loop, {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
    http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");
    auto head = get("/");
    head.headers.add("X", "1\r\nY: 2");

    auto answer = test::run(loop, pool.send(origin.origin(), head, 5s));

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::invalid);
    EXPECT_EQ(origin.received, "");
}

// Closes a kept connection exactly when the second request has arrived on it.
class ClosingOrigin {
public:
    explicit ClosingOrigin(asio::io_context& loop)
        : loop_(loop),
          listener_(
              net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                  .value()),
          tasks_(loop.get_executor())
    {
        tasks_.spawn("closing", serve());
    }
    ~ClosingOrigin() { test::run(loop_, tasks_.stop()); }
    http::Origin origin() const { return {"http", "127.0.0.1", listener_.where().port()}; }

    int requests = 0;

private:
    asio::awaitable<void> serve()
    {
        const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        std::array<char, 4096> buffer;
        for (;;) {
            auto socket = co_await listener_.accept();
            if (!socket) {
                co_return;
            }
            auto stream = net::make_stream(std::move(*socket));
            static_cast<void>(co_await stream->read_some(buffer));
            static_cast<void>(co_await stream->write(std::span<const char>(answer)));
            ++requests;
            static_cast<void>(co_await stream->read_some(buffer));
            ++requests;
        }
    }

    asio::io_context& loop_;
    net::Listener listener_;
    base::TaskGroup tasks_;
};

TEST(UpstreamPool, TriesOnceMoreWhenAKeptConnectionClosesUnderAGet)
{
    asio::io_context loop(1);
    ClosingOrigin origin(loop);
    http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");
    auto first = test::run(loop, pool.send(origin.origin(), get("/"), 5s));
    ASSERT_TRUE(first);
    pool.release(std::move(first->connection));
    ASSERT_EQ(pool.idle(), 1U);

    auto second = test::run(loop, pool.send(origin.origin(), get("/"), 5s));

    EXPECT_TRUE(second) << second.error().message();
    EXPECT_EQ(origin.requests, 3);
}

TEST(UpstreamPool, NeverRepeatsAPost)
{
    asio::io_context loop(1);
    ClosingOrigin origin(loop);
    http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");
    auto first = test::run(loop, pool.send(origin.origin(), get("/"), 5s));
    ASSERT_TRUE(first);
    pool.release(std::move(first->connection));
    auto post = get("/");
    post.method = "POST";

    auto second = test::run(loop, pool.send(origin.origin(), post, 5s));

    EXPECT_FALSE(second);
    EXPECT_EQ(origin.requests, 2);
}

}  // namespace
