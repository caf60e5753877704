#include "net/listener.h"

#include "support/run.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

TEST(Listener, SaysThatAPortIsInUseAndHowToFindOut)
{
    asio::io_context loop(1);
    auto first = net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false);
    ASSERT_TRUE(first);

    auto second = net::Listener::open(loop.get_executor(), first->where(), false);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "port_in_use");
    EXPECT_TRUE(second.error().fix().contains(std::to_string(first->where().port())));
}

TEST(Listener, SharesAPortWhenBothAsk)
{
    asio::io_context loop(1);
    auto first = net::Listener::open(loop.get_executor(), net::parse_endpoint("[::1]:0").value(), true);
    ASSERT_TRUE(first);

    EXPECT_TRUE(net::Listener::open(loop.get_executor(), first->where(), true));
}

base::Task<> accept_and_drop(net::Listener& listener)
{
    CO_TRY(socket, co_await listener.accept());
    co_return base::Result<>();
}

TEST(Listener, ClosingEndsAWaitingAccept)
{
    asio::io_context loop(1);
    auto listener =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false);
    ASSERT_TRUE(listener);
    asio::post(loop, [&] { listener->close(); });

    auto accepted = test::run(loop, accept_and_drop(*listener));

    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().kind(), base::Errc::unavailable);
}

TEST(Endpoint, ParsesAndPrints)
{
    struct Case {
        std::string_view text;
        std::string_view printed;  // empty: refused
    };
    for (const auto& [text, printed] :
         {Case{"127.0.0.1:80", "127.0.0.1:80"}, Case{"[::1]:443", "[::1]:443"}, Case{":8080", "0.0.0.0:8080"},
          Case{"::1:80", ""}, Case{"127.0.0.1", ""}, Case{"127.0.0.1:65536", ""}, Case{"127.0.0.1:", ""},
          Case{"[127.0.0.1]:80", ""}, Case{"localhost:80", ""}, Case{"127.0.0.1:+80", ""}}) {
        const auto parsed = net::parse_endpoint(text);
        EXPECT_EQ(parsed ? net::to_string(*parsed) : "", printed) << text;
    }
    EXPECT_EQ(net::parse_endpoints(":80")->size(), 2U);
}

// Accepts one connection on `listener` while connecting to it.
struct Pair {
    std::unique_ptr<net::Stream> server;
    std::unique_ptr<net::Stream> client;
};

base::Task<Pair> connected_pair()
{
    const auto executor = co_await asio::this_coro::executor;
    CO_TRY(listener,
           net::Listener::open(executor, net::Endpoint(asio::ip::address_v4::loopback(), 0), false));
    Pair pair;
    CO_TRY(client, co_await net::connect("127.0.0.1", listener.where().port(), 2s));
    pair.client = std::move(client);
    CO_TRY(socket, co_await listener.accept());
    pair.server = net::make_stream(std::move(socket));
    co_return std::move(pair);
}

TEST(Stream, WritesManyPiecesInOrderPastTheSocketsBuffers)
{
    asio::io_context loop(1);
    auto pair = test::run(loop, connected_pair());
    ASSERT_TRUE(pair);
    const std::string big(3'000'000, 'b');
    std::vector<std::span<const char>> pieces(200, std::span<const char>("ab", 2));
    pieces.emplace_back(big);
    pieces.emplace_back();
    pieces.emplace_back("end", 3);
    std::string got;
    asio::co_spawn(loop, pair->server->write(std::move(pieces)),
                   [](std::exception_ptr, base::Result<> result) { EXPECT_TRUE(result); });

    std::string buffer(100'000, '\0');
    while (got.size() < 400 + big.size() + 3) {
        auto count = test::run(loop, pair->client->read_some(buffer));
        ASSERT_TRUE(count);
        ASSERT_GT(*count, 0U);
        got.append(buffer, 0, *count);
    }

    EXPECT_TRUE(got.starts_with("abab"));
    EXPECT_TRUE(got.ends_with("bend"));
}

TEST(Stream, AWriteToAPeerThatReadsNothingEndsAtTheDeadline)
{
    asio::io_context loop(1);
    auto pair = test::run(loop, connected_pair());
    ASSERT_TRUE(pair);
    const std::string big(32'000'000, 'b');
    pair->server->set_deadline(std::chrono::steady_clock::now() + 50ms);

    auto wrote = test::run(loop, pair->server->write(std::span(big)));

    ASSERT_FALSE(wrote);
    EXPECT_EQ(wrote.error().kind(), base::Errc::timeout);
}

TEST(Stream, ReadsWhatCameBeforeTheEndThenTheEnd)
{
    asio::io_context loop(1);
    auto pair = test::run(loop, connected_pair());
    ASSERT_TRUE(pair);
    const std::string text = "last words";
    ASSERT_TRUE(test::run(loop, pair->client->write(std::span(text))));
    pair->client->close();
    std::array<char, 64> buffer{};

    auto first = test::run(loop, pair->server->read_some(buffer));
    auto second = test::run(loop, pair->server->read_some(buffer));

    ASSERT_TRUE(first && second);
    EXPECT_EQ(std::string(buffer.data(), *first), text);
    EXPECT_EQ(*second, 0U);
}

TEST(Connect, SaysThatNobodyListens)
{
    asio::io_context loop(1);
    std::uint16_t port = 0;
    {
        auto listener =
            net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false);
        ASSERT_TRUE(listener);
        port = listener->where().port();
    }

    auto stream = test::run(loop, net::connect("127.0.0.1", port, 2s));

    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), "connect_refused");
}

TEST(Connect, AsksThePolicyForEveryAddressOfAName)
{
    asio::io_context loop(1);
    std::vector<std::string> asked;
    net::AddressPolicy nothing = [&](const asio::ip::address& address) {
        asked.push_back(address.to_string());
        return false;
    };

    auto stream = test::run(loop, net::connect("localhost", 80, 2s, nothing));

    ASSERT_FALSE(stream);
    EXPECT_EQ(stream.error().code(), "address_forbidden");
    EXPECT_FALSE(asked.empty());
}

}  // namespace
