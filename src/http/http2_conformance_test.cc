// Our server before the cases of http2_cases.h; http2_differential_test has nginx before them too.
#include "http/server.h"
#include "http/testing/http2_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
namespace h2 = test::h2;
using h2::Case;
using h2::get;

asio::awaitable<void> count_body(http::Exchange& exchange)
{
    auto body = co_await http::read_all(exchange, 1'000'000);
    if (!body) {
        exchange.reset();
        co_return;
    }
    static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", fmt::format("{}", body->size())));
}

class Http2Conformance : public testing::Test {
protected:
    std::string send(std::string octets)
    {
        return h2::outcome(test::run(loop, h2::exchange_frames(server.port(), std::move(octets))));
    }

    asio::io_context loop{1};
    test::FunctionHandler handler{count_body};
    test::Http1Server server{loop, handler, http::serve_http2};
};

void check(const std::vector<Case>& cases, auto send)
{
    for (const auto& each : cases) {
        EXPECT_EQ(send(each.octets), each.expected) << each.what;
    }
}

TEST_F(Http2Conformance, Framing)
{
    check(h2::framing_cases(), [this](const std::string& octets) { return send(octets); });
}

TEST_F(Http2Conformance, Streams)
{
    check(h2::stream_cases(), [this](const std::string& octets) { return send(octets); });
}

TEST_F(Http2Conformance, Messages)
{
    check(h2::message_cases(), [this](const std::string& octets) { return send(octets); });
}

TEST_F(Http2Conformance, AConnectionWithoutThePrefaceIsClosed)
{
    EXPECT_THAT(send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), testing::Not(testing::HasSubstr("200")));
    EXPECT_THAT(send(std::string(h2::preface) + get(1)), testing::Not(testing::HasSubstr("200")));
}

}  // namespace
