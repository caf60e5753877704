// Clients of HTTP/2 that cost more than they ask for: each is cut off after a bounded number of frames,
// requests to us and octets kept for it.
#include "http/http2_guard.h"
#include "http/server.h"
#include "http/testing/http2_frames.h"
#include "support/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
namespace h2 = test::h2;
using namespace std::chrono_literals;
using h2::block;
using h2::frame;
using h2::request_fields;
using testing::HasSubstr;

struct Outcome {
    std::string summary;
    std::size_t sent = 0;  // octets that the server's side took
    bool cut = false;
};

// Writes `first`, then pieces made by `next` until the server ends the connection or `most` octets have gone.
base::Task<Outcome> flood(std::uint16_t port, std::string first,
                          std::function<std::string(std::uint32_t)> next, std::size_t most, bool reading)
{
    CO_TRY(stream, co_await net::connect("127.0.0.1", port, 5s));
    stream->set_deadline(std::chrono::steady_clock::now() + 20s);
    Outcome outcome;
    std::string received;
    std::array<char, 64 * 1024> buffer;
    for (std::uint32_t i = 0; outcome.sent < most && !outcome.cut; ++i) {
        const auto piece = i == 0 ? first : next(i);
        const auto sent = co_await stream->write(std::span<const char>(piece));
        outcome.sent += piece.size();
        outcome.cut = !sent;
        while (reading && !outcome.cut && !stream->is_idle()) {
            const auto count = co_await stream->read_some(buffer);
            outcome.cut = !count || *count == 0;
            received.append(buffer.data(), outcome.cut ? 0 : *count);
        }
        co_await asio::post(asio::use_awaitable);  // The server has the same loop.
    }
    if (reading) {
        outcome.summary = h2::summary(h2::parse(received));
    }
    co_return std::move(outcome);
}

class Http2Flood : public testing::Test {
protected:
    Http2Flood() { server.limits.write_time = 1s; }

    Outcome run(std::function<std::string(std::uint32_t)> next, std::size_t most, bool reading = true)
    {
        const auto before = test::memory_in_use();
        auto outcome = test::run(loop, flood(server.port(), h2::hello(), std::move(next), most, reading));
        EXPECT_TRUE(outcome) << outcome.error().message();
        const auto now = test::memory_in_use();
        grown = now > before ? now - before : 0;
        return outcome ? *outcome : Outcome();
    }

    asio::io_context loop{1};
    std::size_t handled = 0;
    std::size_t grown = 0;
    test::FunctionHandler handler{[this](http::Exchange& exchange) { return count(exchange); }};
    test::Http1Server server{loop, handler, http::serve_http2};

private:
    asio::awaitable<void> count(http::Exchange& exchange)
    {
        ++handled;
        std::array<char, 1024> buffer;
        const auto body = co_await exchange.read_body(buffer);
        if (body) {
            co_await base::sleep_for(50ms);  // An upstream takes its time.
        }
        static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", "hi\n"));
    }
};

std::string get_and(std::uint32_t i, unsigned type, std::string payload)
{
    const auto stream = 2 * i + 1;
    return h2::get(stream) + frame(type, 0, stream, payload);
}

TEST_F(Http2Flood, RapidResetIsCutOffAfterAFewHundredRequests)
{
    const auto outcome =
        run([](std::uint32_t i) { return get_and(i, h2::rst_stream, h2::number(8, 4)); }, 4U << 20);

    EXPECT_TRUE(outcome.cut);
    EXPECT_THAT(outcome.summary, HasSubstr("GOAWAY 11"));
    EXPECT_LT(handled, 1'000U);
    EXPECT_LT(grown, 2U << 20);
}

TEST_F(Http2Flood, ResetsThatTheClientMakesUsSendCountTheSame)
{
    // A window beyond 2^31-1 is an error of its stream (CVE-2025-8671).
    const auto outcome = run(
        [](std::uint32_t i) { return get_and(i, h2::window_update, h2::number(0x7FFFFFFF, 4)); }, 4U << 20);

    EXPECT_TRUE(outcome.cut);
    EXPECT_THAT(outcome.summary, HasSubstr("GOAWAY 11"));
    EXPECT_LT(handled, 1'000U);
    EXPECT_LT(grown, 2U << 20);
}

TEST_F(Http2Flood, MalformedRequestsAreCutOffToo)
{
    const auto bad = block(request_fields("GET", {{"connection", "close"}}));
    const auto outcome = run(
        [&](std::uint32_t i) { return frame(h2::headers, h2::end_headers | h2::end_stream, 2 * i + 1, bad); },
        4U << 20);

    EXPECT_TRUE(outcome.cut);
    EXPECT_EQ(handled, 0U);
    EXPECT_LT(grown, 2U << 20);
}

TEST_F(Http2Flood, FramesThatCarryNothingAreCutOff)
{
    const std::vector<std::pair<std::string_view, std::string>> frames{
        {"PING", frame(h2::ping, 0, 0, "12345678")},
        {"SETTINGS", frame(h2::settings, 0, 0)},
        {"PRIORITY", frame(h2::priority, 0, 1, h2::number(0, 4) + "\x10")},
        {"unknown", frame(0xFA, 0, 0)},
    };
    for (const auto& [name, octets] : frames) {
        std::string many;
        while (many.size() < 8192) {
            many += octets;
        }
        const auto outcome = run([&](std::uint32_t) { return many; }, 8U << 20);

        EXPECT_TRUE(outcome.cut) << name;
        EXPECT_LT(outcome.sent, 4U << 20) << name;
        EXPECT_THAT(outcome.summary, HasSubstr("GOAWAY 11")) << name;
        EXPECT_LT(grown, 2U << 20) << name;
    }
}

TEST_F(Http2Flood, EmptyDataFramesAreCutOff)
{
    std::string many;
    while (many.size() < 8192) {
        many += frame(h2::data, 0, 3);
    }
    const auto open = frame(h2::headers, h2::end_headers, 3, block(request_fields("POST")));
    const auto outcome = run([&](std::uint32_t i) { return i == 1 ? open : many; }, 8U << 20);

    EXPECT_TRUE(outcome.cut);
    EXPECT_LT(outcome.sent, 4U << 20);
    EXPECT_LT(grown, 2U << 20);
}

TEST_F(Http2Flood, AClientThatDoesNotReadItsPongsCostsNoMemory)
{
    std::string many;
    while (many.size() < 8192) {
        many += frame(h2::ping, 0, 0, "12345678");
    }
    const auto outcome = run([&](std::uint32_t) { return many; }, 512U << 20, false);

    EXPECT_TRUE(outcome.cut);
    EXPECT_LT(grown, 2U << 20);
}

TEST_F(Http2Flood, ContinuationsWithoutEndAreCutOff)
{
    std::string many;
    for (const std::string& fragment : {std::string(), block({{"name", std::string(8000, 'x')}})}) {
        const auto piece = frame(h2::continuation, 0, 3, fragment);
        const auto open = frame(h2::headers, 0, 3, block(request_fields()));
        const auto outcome = run([&](std::uint32_t i) { return i == 1 ? open : piece; }, 8U << 20);

        EXPECT_TRUE(outcome.cut);
        EXPECT_LT(outcome.sent, 1U << 20);
        EXPECT_EQ(handled, 0U);
        EXPECT_LT(grown, 2U << 20);
    }
}

TEST_F(Http2Flood, AHeadThatGrowsByTheTableIsRefused)
{
    // One entry of 4,000 octets in the dynamic table, then a reference of one octet to it, over and over.
    const auto entry = "\x40" + h2::text("n") + h2::text(std::string(4'000, 'x'));
    const auto bomb = block(request_fields()) + entry + std::string(10'000, '\xBE');
    const auto outcome = run(
        [&](std::uint32_t i) {
            return i == 1 ? frame(h2::headers, h2::end_headers | h2::end_stream, 3, bomb) +
                                frame(h2::ping, 0, 0, "12345678")
                          : frame(h2::window_update, 0, 0, h2::number(1, 4));
        },
        30'000);

    EXPECT_THAT(outcome.summary, HasSubstr("RST_STREAM 3"));
    EXPECT_EQ(handled, 0U);
    EXPECT_LT(grown, 1U << 20);
}

TEST(Http2Guard, LetsUsualClientsBe)
{
    http::Http2Guard guard;
    const auto now = http::Http2Guard::Clock::now();
    // A download of 10 GiB with a WINDOW_UPDATE for each kilobyte.
    for (int i = 0; i < 10 << 20; ++i) {
        guard.received(13);
        guard.carried(1024);
    }
    // A page of 100 pictures left every other second.
    for (int second = 0; second < 100; second += 3) {
        for (int i = 0; i < 100; ++i) {
            guard.abandoned(now + std::chrono::seconds(second));
        }
    }
    EXPECT_FALSE(guard.exceeded(now));
}

TEST(Http2Guard, ForgivesWithTimeAndNoMoreThanOneAllowance)
{
    http::Http2Guard guard;
    const auto now = http::Http2Guard::Clock::now();
    constexpr std::size_t ping = 17;
    // A PING each 100 ms, and nothing else, for two days.
    for (int i = 0; i < 2 * 86'400 * 10; ++i) {
        guard.received(ping);
        if (i % 100 == 0) {
            ASSERT_FALSE(guard.exceeded(now + std::chrono::milliseconds(100) * i)) << i;
        }
    }
    const auto later = now + std::chrono::days(200);
    std::size_t flood = 0;
    for (; flood < 8U << 20 && !guard.exceeded(later); flood += ping) {
        guard.received(ping);
    }
    EXPECT_LE(flood, 2U << 20) << "what was left of one allowance, and another";
    EXPECT_TRUE(guard.exceeded(later));
}

}  // namespace
