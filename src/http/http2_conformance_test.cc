// What RFC 9113 asks of a server, with frames written by hand: each case sends octets and says what must come
// back. GOAWAY and RST_STREAM are followed by the error code (RFC 9113 7): 1 PROTOCOL_ERROR,
// 3 FLOW_CONTROL_ERROR, 5 STREAM_CLOSED, 6 FRAME_SIZE_ERROR, 9 COMPRESSION_ERROR.
#include "http/server.h"
#include "http/testing/http2_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
namespace h2 = test::h2;
using h2::block;
using h2::frame;
using h2::get;
using h2::request_fields;
using h2::setting;

asio::awaitable<void> count_body(http::Exchange& exchange)
{
    auto body = co_await http::read_all(exchange, 1'000'000);
    if (!body) {
        exchange.reset();
        co_return;
    }
    static_cast<void>(co_await http::send_text(exchange, 200, "text/plain", fmt::format("{}", body->size())));
}

// Answers leave in the order of their requests.
constexpr std::uint32_t last_stream = 0x7FFFFFFF;
constexpr std::string_view last_answer = "2147483647 200";

// Sends, then a last request, and reads until its answer or the end.
base::Task<std::string> exchange_frames(std::uint16_t port, std::string octets)
{
    CO_TRY(stream, co_await net::connect("127.0.0.1", port, std::chrono::seconds(5)));
    stream->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(20));
    octets += frame(h2::headers, h2::end_headers, last_stream, block(request_fields("POST"))) +
              frame(h2::data, h2::end_stream, last_stream);
    static_cast<void>(co_await stream->write(std::span<const char>(octets)));
    std::string all;
    std::array<char, 16 * 1024> buffer;
    while (!h2::summary(h2::parse(all)).contains(last_answer)) {
        auto count = co_await stream->read_some(buffer);
        if (!count || *count == 0) {
            break;
        }
        all.append(buffer.data(), *count);
    }
    co_return std::move(all);
}

class Http2Conformance : public testing::Test {
protected:
    std::string send(std::string octets)
    {
        const auto answer = test::run(loop, exchange_frames(server.port(), std::move(octets)));
        auto text = answer ? h2::summary(h2::parse(*answer)) : answer.error().message();
        const auto end = text.rfind(last_answer);
        return end == std::string::npos ? text : text.substr(0, end - std::min<std::size_t>(end, 2));
    }

    asio::io_context loop{1};
    test::FunctionHandler handler{count_body};
    test::Http1Server server{loop, handler, http::serve_http2};
};

struct Case {
    std::string_view what;
    std::string octets;
    std::string_view expected;
};

std::string head(std::uint32_t stream, const h2::Fields& fields, unsigned flags)
{
    return frame(h2::headers, flags, stream, block(fields));
}

std::string whole(const h2::Fields& fields)
{
    return h2::hello() + head(1, fields, h2::end_headers | h2::end_stream);
}

constexpr std::string_view answered = "1 200";
constexpr std::string_view bad_stream = "RST_STREAM 1 1";
constexpr std::string_view bad_connection = "GOAWAY 1";

std::vector<Case> framing_cases()
{
    const auto hi = h2::hello();
    const auto open = head(1, request_fields("POST"), h2::end_headers);
    return {
        {"a request", hi + get(1), answered},
        {"4.1 unknown frame types are ignored", hi + frame(0xFA, 0xFF, 0, "12345678") + get(1), answered},
        {"4.1 reserved bit of the stream is ignored",
         hi + frame(h2::ping, 0, 0x80000000, "12345678") + get(1), "PONG, 1 200"},
        {"4.2 a frame larger than 16384", hi + frame(h2::data, 0, 1, std::string(16385, 'x')), "GOAWAY 6"},
        {"4.3 a broken header block",
         hi + frame(h2::headers, h2::end_headers | h2::end_stream, 1, "\xFF\xFF\xFF\xFF\xFF\xFF"),
         "GOAWAY 9"},
        {"4.3 a table size update in the middle of a block",
         hi + frame(h2::headers, h2::end_headers | h2::end_stream, 1,
                    block(request_fields()) + "\x3F\xE1\x1F"),
         "GOAWAY 9"},
        {"4.3 an index beyond the table",
         hi + frame(h2::headers, h2::end_headers | h2::end_stream, 1, "\xC6"), "GOAWAY 9"},
        {"4.3 another frame between HEADERS and CONTINUATION",
         hi + head(1, request_fields(), h2::end_stream) + frame(h2::ping, 0, 0, "12345678"), bad_connection},
        {"4.3 CONTINUATION of another stream",
         hi + head(1, request_fields(), h2::end_stream) + frame(h2::continuation, h2::end_headers, 3),
         bad_connection},
        {"5.1 DATA on an idle stream", hi + frame(h2::data, h2::end_stream, 1, "x"), bad_connection},
        {"5.1 RST_STREAM on an idle stream", hi + frame(h2::rst_stream, 0, 1, h2::number(8, 4)),
         bad_connection},
        {"5.1 WINDOW_UPDATE on an idle stream", hi + frame(h2::window_update, 0, 1, h2::number(1, 4)),
         bad_connection},
        {"5.1 CONTINUATION on an idle stream", hi + frame(h2::continuation, h2::end_headers, 1),
         bad_connection},
        {"5.1.1 an even stream", hi + get(2), bad_connection},
        {"5.1.1 a lower stream is ignored: it may have been closed already", hi + get(5) + get(3), "5 200"},
        {"6.1 DATA on stream 0", hi + frame(h2::data, 0, 0, "x"), bad_connection},
        {"6.1 padding as long as the payload",
         hi + open + frame(h2::data, h2::padded | h2::end_stream, 1, "\x05xxxx"), bad_connection},
        {"6.1 padding is taken off",
         hi + open + frame(h2::data, h2::padded | h2::end_stream, 1, std::string("\x02hi\0\0", 5)), answered},
        {"6.2 HEADERS on stream 0", hi + get(0), bad_connection},
        {"6.2 padding as long as the block",
         hi + frame(h2::headers, h2::end_headers | h2::end_stream | h2::padded, 1,
                    "\xFF" + block(request_fields())),
         bad_connection},
        {"6.3 PRIORITY is taken and ignored",
         hi + frame(h2::priority, 0, 1, h2::number(0, 4) + "\x10") + get(1), answered},
        {"6.3 PRIORITY on stream 0", hi + frame(h2::priority, 0, 0, h2::number(1, 4) + "\x10"),
         bad_connection},
        {"6.4 RST_STREAM on stream 0", hi + frame(h2::rst_stream, 0, 0, h2::number(8, 4)), bad_connection},
        {"6.4 RST_STREAM of another size", hi + open + frame(h2::rst_stream, 0, 1, "123"), "GOAWAY 6"},
        {"6.5 SETTINGS on a stream", hi + frame(h2::settings, 0, 1), bad_connection},
        {"6.5 SETTINGS of another size", hi + frame(h2::settings, 0, 0, "123"), "GOAWAY 6"},
        {"6.5 an acknowledgement with a payload", hi + frame(h2::settings, h2::ack, 0, setting(3, 1)),
         "GOAWAY 6"},
        {"6.5.2 ENABLE_PUSH is 0 or 1", hi + frame(h2::settings, 0, 0, setting(2, 2)), bad_connection},
        {"6.5.2 a window of more than 2^31-1", hi + frame(h2::settings, 0, 0, setting(4, 0x80000000)),
         "GOAWAY 3"},
        {"6.5.2 a frame size below 16384", hi + frame(h2::settings, 0, 0, setting(5, 16383)), bad_connection},
        {"6.5.2 a frame size above 2^24-1", hi + frame(h2::settings, 0, 0, setting(5, 16777216)),
         bad_connection},
        {"6.5.2 unknown settings are ignored", hi + frame(h2::settings, 0, 0, setting(0xFF, 1)) + get(1),
         answered},
        {"6.6 PUSH_PROMISE from a client", hi + frame(h2::push_promise, h2::end_headers, 1, h2::number(2, 4)),
         bad_connection},
        {"6.7 PING on a stream", hi + frame(h2::ping, 0, 1, "12345678"), bad_connection},
        {"6.7 PING of another size", hi + frame(h2::ping, 0, 0, "1234567"), "GOAWAY 6"},
        {"6.7 an acknowledged PING is not answered", hi + frame(h2::ping, h2::ack, 0, "12345678") + get(1),
         answered},
        {"6.8 GOAWAY on a stream", hi + frame(h2::goaway, 0, 1, std::string(8, '\0')), bad_connection},
        {"6.9 WINDOW_UPDATE of 0 on the connection", hi + frame(h2::window_update, 0, 0, h2::number(0, 4)),
         bad_connection},
        {"6.9 WINDOW_UPDATE of 0 on a stream", hi + open + frame(h2::window_update, 0, 1, h2::number(0, 4)),
         bad_connection},
        {"6.9 WINDOW_UPDATE of another size", hi + frame(h2::window_update, 0, 0, "123"), "GOAWAY 6"},
        {"6.9.1 a connection window beyond 2^31-1",
         hi + frame(h2::window_update, 0, 0, h2::number(0x7FFFFFFF, 4)), "GOAWAY 3"},
        {"6.9.1 a stream window beyond 2^31-1",
         hi + open + frame(h2::window_update, 0, 1, h2::number(0x7FFFFFFF, 4)), "RST_STREAM 1 3"},
        {"6.10 CONTINUATION completes a head",
         hi + frame(h2::headers, h2::end_stream, 1, block(request_fields()).substr(0, 20)) +
             frame(h2::continuation, h2::end_headers, 1, block(request_fields()).substr(20)),
         answered},
        {"6.10 CONTINUATION after END_HEADERS", hi + open + frame(h2::continuation, h2::end_headers, 1),
         bad_connection},
    };
}

// Also what a server of HTTP/1 behind us could take for something else.
std::vector<Case> message_cases()
{
    const auto with = [](std::string name, std::string value) {
        return whole(request_fields("GET", {{std::move(name), std::move(value)}}));
    };
    const auto post = [](std::string length, std::string body) {
        return h2::hello() +
               head(1, request_fields("POST", {{"content-length", std::move(length)}}), h2::end_headers) +
               frame(h2::data, h2::end_stream, 1, body);
    };
    const auto of = [](h2::Fields fields) { return whole(fields); };
    return {
        {"8.1 trailers",
         h2::hello() + head(1, request_fields("POST"), h2::end_headers) + frame(h2::data, 0, 1, "x") +
             head(1, {{"sum", "7"}}, h2::end_headers | h2::end_stream),
         answered},
        {"8.1 a second head without END_STREAM",
         h2::hello() + head(1, request_fields("POST"), h2::end_headers) +
             head(1, {{"sum", "7"}}, h2::end_headers),
         bad_stream},
        {"8.1 pseudo-fields in trailers",
         h2::hello() + head(1, request_fields("POST"), h2::end_headers) +
             head(1, {{":path", "/x"}}, h2::end_headers | h2::end_stream),
         bad_stream},
        {"8.1 a request after its end",
         h2::hello() + get(1) + head(1, request_fields(), h2::end_headers | h2::end_stream), "GOAWAY 5"},
        {"8.1.1 Content-Length and as much body", post("5", "hello"), answered},
        {"8.1.1 less body than Content-Length", post("6", "hello"), bad_stream},
        {"8.1.1 more body than Content-Length", post("4", "hello"), bad_stream},
        {"8.1.1 Content-Length without body", with("content-length", "1"), bad_stream},
        {"8.1.1 Content-Length twice",
         whole(request_fields("GET", {{"content-length", "0"}, {"content-length", "0"}})), bad_stream},
        {"8.1.1 a Content-Length that is no number", with("content-length", "+0"), bad_stream},
        {"8.2 a name in upper case", with("Name", "x"), bad_stream},
        {"8.2.1 CRLF in a name", with("na\r\nme", "x"), bad_stream},
        {"8.2.1 a colon in a name", with("na:me", "x"), bad_stream},
        {"8.2.1 a blank in a name", with("transfer-encoding ", "chunked"), bad_stream},
        {"8.2.1 an empty name", with("", "x"), bad_stream},
        {"8.2.1 CRLF in a value", with("name", "x\r\nHost: b"), bad_stream},
        {"8.2.1 LF in a value", with("name", "x\nHost: b"), bad_stream},
        {"8.2.1 NUL in a value", with("name", std::string("x\0y", 3)), bad_stream},
        {"8.2.2 Connection", with("connection", "keep-alive"), bad_stream},
        {"8.2.2 Transfer-Encoding", with("transfer-encoding", "chunked"), bad_stream},
        {"8.2.2 Upgrade", with("upgrade", "websocket"), bad_stream},
        {"8.2.2 Proxy-Connection", with("proxy-connection", "keep-alive"), bad_stream},
        {"8.2.2 Keep-Alive", with("keep-alive", "timeout=5"), bad_stream},
        {"8.2.2 TE other than trailers", with("te", "chunked"), bad_stream},
        {"8.2.2 TE: trailers", with("te", "trailers"), answered},
        {"8.3 an unknown pseudo-field", with(":unknown", "x"), bad_stream},
        {"8.3 a pseudo-field of answers", with(":status", "200"), bad_stream},
        {"8.3 a pseudo-field after others",
         of({{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":path", "/"}, {":authority", "a"}}),
         bad_stream},
        {"8.3 a pseudo-field twice", with(":path", "/"), bad_stream},
        {"8.3.1 no :method", of({{":scheme", "http"}, {":path", "/"}, {":authority", "a"}}), bad_stream},
        {"8.3.1 no :scheme", of({{":method", "GET"}, {":path", "/"}, {":authority", "a"}}), bad_stream},
        {"8.3.1 no :path", of({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}), bad_stream},
        {"8.3.1 an empty :path",
         of({{":method", "GET"}, {":scheme", "http"}, {":path", ""}, {":authority", "a"}}), bad_stream},
        {"8.3.1 a :path that does not begin with /",
         of({{":method", "GET"}, {":scheme", "http"}, {":path", "x"}, {":authority", "a"}}), bad_stream},
        {"8.3.1 a :path with a request line in it",
         of({{":method", "GET"}, {":scheme", "http"}, {":path", "/ HTTP/1.1"}, {":authority", "a"}}),
         bad_stream},
        {"8.3.1 a :method with a request line in it",
         of({{":method", "GET / HTTP/1.1"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}}),
         bad_stream},
        {"8.3.1 neither :authority nor Host", of({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}),
         bad_stream},
        {"8.3.1 Host alone", of({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}),
         answered},
        {"8.3.1 another Host than :authority", with("host", "b"), bad_stream},
        {"8.3.1 Host twice", whole(request_fields("GET", {{"host", "a"}, {"host", "b"}})), bad_stream},
        {"8.3.1 user and password in :authority",
         of({{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "u:p@a"}}), bad_stream},
        {"8.5 CONNECT", of({{":method", "CONNECT"}, {":authority", "a:443"}}), bad_stream},
    };
}

void check(const std::vector<Case>& cases, auto send)
{
    for (const auto& each : cases) {
        EXPECT_EQ(send(each.octets), each.expected) << each.what;
    }
}

TEST_F(Http2Conformance, Framing)
{
    check(framing_cases(), [this](const std::string& octets) { return send(octets); });
}

TEST_F(Http2Conformance, Messages)
{
    check(message_cases(), [this](const std::string& octets) { return send(octets); });
}

TEST_F(Http2Conformance, AConnectionWithoutThePrefaceIsClosed)
{
    EXPECT_THAT(send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), testing::Not(testing::HasSubstr("200")));
    EXPECT_THAT(send(std::string(h2::preface) + get(1)), testing::Not(testing::HasSubstr("200")));
}

}  // namespace
