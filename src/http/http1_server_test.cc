#include "http/testing/http1_server.h"

#include "http/body_pace.h"
#include "http/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// "METHOD authority target|body|trailer names", so that a test sees how the request was understood.
asio::awaitable<void> describe(http::Exchange& exchange)
{
    const auto& request = exchange.request();
    auto body = co_await http::read_all(exchange, 10'000'000);
    if (!body) {
        exchange.reset();
        co_return;
    }
    auto text = fmt::format("{} {} {}|{}|", request.method, request.authority, request.target, *body);
    for (const auto& [name, value] : exchange.request_trailers().fields()) {
        text += name + "=" + value;
    }
    static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", std::move(text)));
}

class Http1 : public testing::Test {
protected:
    void use(test::FunctionHandler::Function function) { function_ = std::move(function); }
    std::string talk(std::string bytes)
    {
        auto answer = test::run(loop, test::talk(server.port(), std::move(bytes)));
        return answer ? *answer : "failed: " + answer.error().message();
    }

    asio::io_context loop{1};
    test::FunctionHandler::Function function_ = describe;
    test::FunctionHandler handler{[this](http::Exchange& exchange) { return function_(exchange); }};
    test::Http1Server server{loop, handler};
};

TEST_F(Http1, ServesSeveralRequestsOnOneConnectionAlsoWhenTheyArriveTogether)
{
    const auto answer = talk(
        "GET /one HTTP/1.1\r\nHost: a.example\r\n\r\n"
        "POST /two HTTP/1.1\r\nHost: A.example:8080\r\nContent-Length: 5\r\n\r\nhello"
        "GET /three HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("GET a.example /one||"));
    EXPECT_THAT(answer, HasSubstr("POST a.example:8080 /two|hello|"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("GET a.example /three||"));
    EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(Http1, RefusesWhatTwoServersCouldReadDifferently)
{
    struct Case {
        std::string_view request;
        int status;
    };
    const std::vector<Case> cases{
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        {"GET / HTTP/1.1\nHost: a\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\rY: 2\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET nothing HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
        {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
         400},
        {"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: magic\r\n\r\n", 417},
    };
    for (const auto& [request, status] : cases) {
        EXPECT_THAT(talk(std::string(request)), StartsWith(fmt::format("HTTP/1.1 {} ", status))) << request;
    }
}

TEST_F(Http1, UnderstandsEveryFormOfTarget)
{
    EXPECT_THAT(talk("GET http://Other.example:81?q=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                EndsWith("GET other.example:81 /?q=1||"));
    EXPECT_THAT(talk("GET https://other.example/p/?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
                EndsWith("GET other.example /p/?q||"));
    EXPECT_THAT(talk("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n"),
                EndsWith("OPTIONS [::1]:80 *||"));
    EXPECT_THAT(talk("\r\nGET / HTTP/1.0\r\n\r\n"), EndsWith("GET  /||"));
}

TEST_F(Http1, ReadsAChunkedBodyWithExtensionsAndTrailers)
{
    const auto answer = talk(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
        "5;x=y\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\nSum: 7\r\n\r\n");

    EXPECT_THAT(answer, EndsWith("POST a /|hello 0123456789|Sum=7"));
}

TEST_F(Http1, ResetsTheConnectionOnABrokenChunk)
{
    for (const std::string chunks :
         {"5\nhello\r\n0\r\n\r\n", "5\r\nhelloworld\r\n0\r\n\r\n", "g\r\n", "\r\n", "fffffffffffffffff\r\n",
          "0\r\nBad Name: 1\r\n\r\n", "-1\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "5;\x01\r\nhello\r\n0\r\n\r\n",
          "0x5\r\nhello\r\n0\r\n\r\n", "5\rX\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
          " 5\r\nhello\r\n0\r\n\r\n"}) {
        const auto answer = talk("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        EXPECT_THAT(answer, Not(HasSubstr("200 OK"))) << chunks;
    }
}

TEST_F(Http1, AnswersLargeHeadsAndTargets)
{
    EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"),
                StartsWith("HTTP/1.1 431 "));
    EXPECT_THAT(talk("GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
                StartsWith("HTTP/1.1 414 "));
    std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 0; i < 250; ++i) {
        many += "X: 1\r\n";
    }
    EXPECT_THAT(talk(many + "\r\n"), StartsWith("HTTP/1.1 431 "));
}

TEST_F(Http1, AnswersASlowHeadWith408AndEndsAnIdleConnectionInSilence)
{
    server.limits.head_time = 30ms;
    server.limits.idle_time = 60ms;

    EXPECT_THAT(talk("GET / HTTP/1.1\r\nHo"), StartsWith("HTTP/1.1 408 "));
    EXPECT_EQ(talk(""), "");
}

// A body of an octet at a time; true when the server ended it before `octets` had gone.
base::Task<bool> send_slowly(std::uint16_t port, std::size_t octets, std::chrono::milliseconds pause)
{
    CO_TRY(stream, co_await net::connect("127.0.0.1", port, 5s));
    stream->set_deadline(std::chrono::steady_clock::now() + 15s);
    const std::string head = fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", octets);
    CO_CHECKED(co_await stream->write(std::span<const char>(head)));
    for (std::size_t i = 0; i < octets; ++i) {
        if (!stream->is_idle()) {
            co_return true;
        }
        const std::string octet = "x";
        CO_CHECKED(co_await stream->write(std::span<const char>(octet)));
        co_await base::sleep_for(pause);
    }
    co_return false;
}

TEST_F(Http1, EndsABodyThatComesTooSlowlyThoughItNeverStops)
{
    server.limits.body_time = 300ms;
    server.limits.body_rate = 1000;

    const auto cut = test::run(loop, send_slowly(server.port(), 2'000, 5ms));

    ASSERT_TRUE(cut);
    EXPECT_TRUE(*cut);
}

TEST(BodyPace, GivesTimeForWhatHasArrivedAndCountsOnlyWaiting)
{
    using Clock = http::BodyPace::Clock;
    const auto start = Clock::now();
    http::BodyPace pace(10s, 1000);

    EXPECT_EQ(pace.deadline(start, true), start + 10s);
    pace.arrived(start + 9s, 2'000);
    EXPECT_EQ(pace.deadline(start + 60s, true), start + 63s) << "the receiver took its time in between";
    pace.arrived(start + 63s, 0);
    EXPECT_EQ(pace.deadline(start + 70s, true), start + 70s);
    EXPECT_EQ(pace.deadline(start + 70s, false), start + 80s) << "only a limit of each wait";
    http::BodyPace any(10s, 0);
    any.deadline(start, true);
    any.arrived(start + 9s, 1);
    EXPECT_EQ(any.deadline(start + 9s, true), start + 19s);
}

TEST_F(Http1, AsksForABodyThatTheClientHoldsBack)
{
    auto stream = test::run(loop, net::connect("127.0.0.1", server.port(), 5s));
    ASSERT_TRUE(stream);
    const std::string head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: "
        "close\r\n\r\n";
    const std::string body = "hi";
    std::string buffer(1000, '\0');

    ASSERT_TRUE(test::run(loop, (*stream)->write(std::span(head))));
    auto first = test::run(loop, (*stream)->read_some(buffer));
    ASSERT_TRUE(first);
    const auto interim = buffer.substr(0, *first);
    ASSERT_TRUE(test::run(loop, (*stream)->write(std::span(body))));
    auto rest = test::run(loop, test::read_to_end(**stream));

    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    ASSERT_TRUE(rest);
    EXPECT_THAT(*rest, EndsWith("POST a /|hi|"));
}

asio::awaitable<void> stream_pieces(http::Exchange& exchange)
{
    http::ResponseHead head;
    head.headers.add("Connection", "X-Secret");
    head.headers.add("X-Secret", "1");
    head.headers.add("Transfer-Encoding", "gzip");
    static_cast<void>(exchange.send_head(std::move(head)));
    static_cast<void>(co_await exchange.send_body(std::span<const char>("one ", 4)));
    static_cast<void>(co_await exchange.send_body(std::span<const char>("two", 3)));
    http::Headers trailers;
    trailers.add("Sum", "7");
    static_cast<void>(co_await exchange.finish(std::move(trailers)));
}

TEST_F(Http1, StreamsAnAnswerOfUnknownLengthInChunks)
{
    use(stream_pieces);

    const auto answer =
        talk("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("gzip")));
    EXPECT_THAT(answer, Not(HasSubstr("X-Secret")));
    EXPECT_THAT(answer, EndsWith("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\nSum: 7\r\n\r\n"));
}

TEST_F(Http1, EndsAnHttp10AnswerOfUnknownLengthByClosing)
{
    use(stream_pieces);

    const auto answer = talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    EXPECT_THAT(answer, Not(HasSubstr("chunked")));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\none two"));
}

TEST_F(Http1, SendsNoBodyForHeadAndNoContent)
{
    const auto head = talk("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    use([](http::Exchange& exchange) -> asio::awaitable<void> {
        static_cast<void>(co_await http::send_text(exchange, 204, "", "ignored"));
    });
    const auto none = talk("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    EXPECT_THAT(head, HasSubstr("Content-Length: 11\r\n"));
    EXPECT_THAT(head, EndsWith("\r\n\r\n"));
    EXPECT_THAT(none, StartsWith("HTTP/1.1 204 No Content\r\n"));
    EXPECT_THAT(none, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(none, EndsWith("\r\n\r\n"));
}

TEST_F(Http1, AnswersForAHandlerThatSaysNothing)
{
    use([](http::Exchange&) -> asio::awaitable<void> { co_return; });

    EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(Http1, GoesOnAfterASmallBodyNobodyReadAndClosesAfterALargeOne)
{
    use([](http::Exchange& exchange) -> asio::awaitable<void> {
        static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", exchange.request().target));
    });
    const std::string last = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    const auto small = talk("POST /s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nGET / HTT" + last);
    const auto large = talk("POST /l HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" +
                            std::string(900'000, 'x') + last);

    EXPECT_THAT(small, EndsWith("/next"));
    EXPECT_THAT(large, EndsWith("/l"));
}

TEST_F(Http1, RefusesToSendAHeaderThatBreaksItsLine)
{
    use([](http::Exchange& exchange) -> asio::awaitable<void> {
        http::Headers extra;
        extra.add("Location", "/\r\nSet-Cookie: evil=1");
        const auto sent = co_await http::send_text(exchange, 302, "", "", std::move(extra));
        EXPECT_FALSE(sent);
    });

    EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Not(HasSubstr("evil")));
}

TEST_F(Http1, ClosesWhenTheBodyDoesNotHaveTheLengthThatWasSaid)
{
    use([](http::Exchange& exchange) -> asio::awaitable<void> {
        http::ResponseHead head;
        head.headers.add("Content-Length", "5");
        static_cast<void>(exchange.send_head(std::move(head)));
        EXPECT_TRUE(co_await exchange.send_body(std::span<const char>("abc", 3)));
        EXPECT_FALSE(co_await exchange.finish(http::Headers()));
    });

    EXPECT_THAT(talk("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\nabc"));
}

asio::awaitable<void> echo_upgraded(http::Exchange& exchange)
{
    http::ResponseHead head;
    head.status = 101;
    head.headers.add("Upgrade", "echo");
    static_cast<void>(exchange.send_head(std::move(head)));
    static_cast<void>(co_await exchange.flush());
    auto stream = exchange.upgrade();
    std::array<char, 100> buffer{};
    for (;;) {
        const auto count = co_await stream->read_some(buffer);
        if (!count || *count == 0 || buffer[0] == '.') {
            break;
        }
        static_cast<void>(co_await stream->write(std::span<const char>(buffer).first(*count)));
    }
    EXPECT_EQ(exchange.connection().local.address().to_string(), "127.0.0.1");
    stream->close();
}

TEST_F(Http1, GivesTheRawStreamAfterAnUpgradeWithBytesThatCameEarly)
{
    use(echo_upgraded);
    auto stream = test::run(loop, net::connect("127.0.0.1", server.port(), 5s));
    ASSERT_TRUE(stream);
    const std::string first =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ";
    const std::string second = ".";

    ASSERT_TRUE(test::run(loop, (*stream)->write(std::span(first))));
    std::string got;
    while (!got.ends_with("early ")) {
        std::string buffer(1000, '\0');
        auto count = test::run(loop, (*stream)->read_some(buffer));
        ASSERT_TRUE(count && *count > 0);
        got.append(buffer, 0, *count);
    }
    ASSERT_TRUE(test::run(loop, (*stream)->write(std::span(second))));
    auto rest = test::run(loop, test::read_to_end(**stream));

    EXPECT_THAT(got, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_THAT(got, HasSubstr("Connection: Upgrade\r\n"));
    EXPECT_THAT(got, HasSubstr("Upgrade: echo\r\n"));
    EXPECT_TRUE(rest);
}

TEST_F(Http1, CarriesLargeBodiesBothWays)
{
    const std::string body(5'000'000, 'b');

    const auto answer =
        talk(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                         body.size(), body));

    EXPECT_GT(answer.size(), body.size());
    EXPECT_THAT(answer.substr(answer.size() - 20), EndsWith("bbb|"));
}

}  // namespace
