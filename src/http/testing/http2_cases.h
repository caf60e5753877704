// What RFC 9113 asks of a server, with frames written by hand: each case sends octets and says what must come
// back. GOAWAY and RST_STREAM are followed by the error code (RFC 9113 7): 1 PROTOCOL_ERROR,
// 3 FLOW_CONTROL_ERROR, 5 STREAM_CLOSED, 6 FRAME_SIZE_ERROR, 7 REFUSED_STREAM, 9 COMPRESSION_ERROR.
#pragma once

#include "http/testing/http2_frames.h"

namespace test::h2 {

// Answers leave in the order of their requests.
inline constexpr std::uint32_t last_stream = 0x7FFFFFFF;
inline constexpr std::string_view last_answer = "2147483647 200";

// Sends, then a last request, and reads until its answer or the end.
inline base::Task<std::string> exchange_frames(std::uint16_t port, std::string octets,
                                               std::chrono::seconds patience = std::chrono::seconds(20))
{
    CO_TRY(stream, co_await net::connect("127.0.0.1", port, std::chrono::seconds(5)));
    stream->set_deadline(std::chrono::steady_clock::now() + patience);
    octets += frame(headers, end_headers, last_stream, block(request_fields("POST"))) +
              frame(data, end_stream, last_stream);
    static_cast<void>(co_await stream->write(std::span<const char>(octets)));
    std::string all;
    std::array<char, 16 * 1024> buffer;
    while (!summary(parse(all)).contains(last_answer)) {
        auto count = co_await stream->read_some(buffer);
        if (!count || *count == 0) {
            break;
        }
        all.append(buffer.data(), *count);
    }
    co_return std::move(all);
}

// What came back before the last answer, or why nothing did.
inline std::string outcome(const base::Result<std::string>& received)
{
    auto text = received ? summary(parse(*received)) : received.error().message();
    const auto end = text.rfind(last_answer);
    return end == std::string::npos ? text : text.substr(0, end - std::min<std::size_t>(end, 2));
}

struct Case {
    std::string_view what;
    std::string octets;
    std::string_view expected;
};

inline std::string head(std::uint32_t stream, const Fields& fields, unsigned flags)
{
    return frame(headers, flags, stream, block(fields));
}

inline std::string whole(const Fields& fields)
{
    return hello() + head(1, fields, end_headers | end_stream);
}

inline constexpr std::string_view answered = "1 200";
inline constexpr std::string_view bad_stream = "RST_STREAM 1 1";
inline constexpr std::string_view bad_connection = "GOAWAY 1";

inline std::vector<Case> framing_cases()
{
    const auto hi = hello();
    const auto open = head(1, request_fields("POST"), end_headers);
    return {
        {"a request", hi + get(1), answered},
        {"4.1 unknown frame types are ignored", hi + frame(0xFA, 0xFF, 0, "12345678") + get(1), answered},
        {"4.1 reserved bit of the stream is ignored", hi + frame(ping, 0, 0x80000000, "12345678") + get(1),
         "PONG, 1 200"},
        {"4.2 a frame larger than 16384", hi + frame(data, 0, 1, std::string(16385, 'x')), "GOAWAY 6"},
        {"4.3 a broken header block",
         hi + frame(headers, end_headers | end_stream, 1, "\xFF\xFF\xFF\xFF\xFF\xFF"), "GOAWAY 9"},
        {"4.3 a table size update in the middle of a block",
         hi + frame(headers, end_headers | end_stream, 1, block(request_fields()) + "\x3F\xE1\x1F"),
         "GOAWAY 9"},
        {"4.3 an index beyond the table", hi + frame(headers, end_headers | end_stream, 1, "\xC6"),
         "GOAWAY 9"},
        {"4.3 another frame between HEADERS and CONTINUATION",
         hi + head(1, request_fields(), end_stream) + frame(ping, 0, 0, "12345678"), bad_connection},
        {"4.3 CONTINUATION of another stream",
         hi + head(1, request_fields(), end_stream) + frame(continuation, end_headers, 3), bad_connection},
        {"5.1 DATA on an idle stream", hi + frame(data, end_stream, 1, "x"), bad_connection},
        {"5.1 RST_STREAM on an idle stream", hi + frame(rst_stream, 0, 1, number(8, 4)), bad_connection},
        {"5.1 WINDOW_UPDATE on an idle stream", hi + frame(window_update, 0, 1, number(1, 4)),
         bad_connection},
        {"5.1 CONTINUATION on an idle stream", hi + frame(continuation, end_headers, 1), bad_connection},
        {"5.1.1 an even stream", hi + get(2), bad_connection},
        {"5.1.1 a lower stream is ignored: it may have been closed already", hi + get(5) + get(3), "5 200"},
        {"6.1 DATA on stream 0", hi + frame(data, 0, 0, "x"), bad_connection},
        {"6.1 padding as long as the payload", hi + open + frame(data, padded | end_stream, 1, "\x05xxxx"),
         bad_connection},
        {"6.1 padding is taken off",
         hi + open + frame(data, padded | end_stream, 1, std::string("\x02hi\0\0", 5)), answered},
        {"6.2 HEADERS on stream 0", hi + get(0), bad_connection},
        {"6.2 padding as long as the block",
         hi + frame(headers, end_headers | end_stream | padded, 1, "\xFF" + block(request_fields())),
         bad_connection},
        {"6.3 PRIORITY is taken and ignored", hi + frame(priority, 0, 1, number(0, 4) + "\x10") + get(1),
         answered},
        {"6.3 PRIORITY on stream 0", hi + frame(priority, 0, 0, number(1, 4) + "\x10"), bad_connection},
        {"6.4 RST_STREAM on stream 0", hi + frame(rst_stream, 0, 0, number(8, 4)), bad_connection},
        {"6.4 RST_STREAM of another size", hi + open + frame(rst_stream, 0, 1, "123"), "GOAWAY 6"},
        {"6.5 SETTINGS on a stream", hi + frame(settings, 0, 1), bad_connection},
        {"6.5 SETTINGS of another size", hi + frame(settings, 0, 0, "123"), "GOAWAY 6"},
        {"6.5 an acknowledgement with a payload", hi + frame(settings, ack, 0, setting(3, 1)), "GOAWAY 6"},
        {"6.5.2 ENABLE_PUSH is 0 or 1", hi + frame(settings, 0, 0, setting(2, 2)), bad_connection},
        {"6.5.2 a window of more than 2^31-1", hi + frame(settings, 0, 0, setting(4, 0x80000000)),
         "GOAWAY 3"},
        {"6.5.2 a frame size below 16384", hi + frame(settings, 0, 0, setting(5, 16383)), bad_connection},
        {"6.5.2 a frame size above 2^24-1", hi + frame(settings, 0, 0, setting(5, 16777216)), bad_connection},
        {"6.5.2 unknown settings are ignored", hi + frame(settings, 0, 0, setting(0xFF, 1)) + get(1),
         answered},
        {"6.6 PUSH_PROMISE from a client", hi + frame(push_promise, end_headers, 1, number(2, 4)),
         bad_connection},
        {"6.7 PING on a stream", hi + frame(ping, 0, 1, "12345678"), bad_connection},
        {"6.7 PING of another size", hi + frame(ping, 0, 0, "1234567"), "GOAWAY 6"},
        {"6.7 an acknowledged PING is not answered", hi + frame(ping, ack, 0, "12345678") + get(1), answered},
        {"6.8 GOAWAY on a stream", hi + frame(goaway, 0, 1, std::string(8, '\0')), bad_connection},
        {"6.9 WINDOW_UPDATE of 0 on the connection", hi + frame(window_update, 0, 0, number(0, 4)),
         bad_connection},
        {"6.9 WINDOW_UPDATE of 0 on a stream", hi + open + frame(window_update, 0, 1, number(0, 4)),
         bad_connection},
        {"6.9 WINDOW_UPDATE of another size", hi + frame(window_update, 0, 0, "123"), "GOAWAY 6"},
        {"6.9.1 a connection window beyond 2^31-1", hi + frame(window_update, 0, 0, number(0x7FFFFFFF, 4)),
         "GOAWAY 3"},
        {"6.9.1 a stream window beyond 2^31-1", hi + open + frame(window_update, 0, 1, number(0x7FFFFFFF, 4)),
         "RST_STREAM 1 3"},
        {"6.10 CONTINUATION completes a head",
         hi + frame(headers, end_stream, 1, block(request_fields()).substr(0, 20)) +
             frame(continuation, end_headers, 1, block(request_fields()).substr(20)),
         answered},
        {"6.10 CONTINUATION after END_HEADERS", hi + open + frame(continuation, end_headers, 1),
         bad_connection},
    };
}

// Also what a server of HTTP/1 behind us could take for something else.
inline std::vector<Case> message_cases()
{
    const auto with = [](std::string name, std::string value) {
        return whole(request_fields("GET", {{std::move(name), std::move(value)}}));
    };
    const auto post = [](std::string length, std::string body) {
        return hello() +
               head(1, request_fields("POST", {{"content-length", std::move(length)}}), end_headers) +
               frame(data, end_stream, 1, body);
    };
    const auto of = [](Fields fields) { return whole(fields); };
    return {
        {"8.1 trailers",
         hello() + head(1, request_fields("POST"), end_headers) + frame(data, 0, 1, "x") +
             head(1, {{"sum", "7"}}, end_headers | end_stream),
         answered},
        {"8.1 a second head without END_STREAM",
         hello() + head(1, request_fields("POST"), end_headers) + head(1, {{"sum", "7"}}, end_headers),
         bad_stream},
        {"8.1 pseudo-fields in trailers",
         hello() + head(1, request_fields("POST"), end_headers) +
             head(1, {{":path", "/x"}}, end_headers | end_stream),
         bad_stream},
        {"8.1 a request after its end",
         hello() + get(1) + head(1, request_fields(), end_headers | end_stream), "GOAWAY 5"},
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

// Streams in their states, and what a client may not do with them.
inline std::vector<Case> stream_cases()
{
    const auto hi = hello();
    const auto open = head(1, request_fields("POST"), end_headers);
    const auto cancel = frame(rst_stream, 0, 1, number(8, 4));
    const auto own_parent = number(1, 4) + "\x10";
    std::string too_many = hi;
    for (std::uint32_t stream = 1; stream <= 257; stream += 2) {
        too_many += head(stream, request_fields("POST"), end_headers);
    }
    for (std::uint32_t stream = 1; stream < 257; stream += 2) {
        too_many += frame(rst_stream, 0, stream, number(8, 4));
    }
    return {
        {"3.4 no SETTINGS after the preface", std::string(preface) + get(1), bad_connection},
        {"3.4 a broken preface", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + frame(settings, none, 0),
         bad_connection},
        {"4.2 HEADERS larger than 16384",
         hi + frame(headers, end_headers | end_stream, 1, block(request_fields()) + std::string(16384, 'x')),
         "GOAWAY 6"},
        {"5.1 WINDOW_UPDATE after the request", hi + get(1) + frame(window_update, 0, 1, number(1, 4)),
         answered},
        {"5.1 PRIORITY after the request", hi + get(1) + frame(priority, 0, 1, number(0, 4) + "\x10"),
         answered},
        {"5.1 DATA after the request", hi + get(1) + frame(data, end_stream, 1, "x"), "GOAWAY 5"},
        {"5.1 DATA after RST_STREAM is ignored", hi + open + cancel + frame(data, end_stream, 1, "x"), ""},
        {"5.1 HEADERS after RST_STREAM are ignored", hi + open + cancel + get(1), ""},
        {"5.1.2 more streams than allowed", too_many, "RST_STREAM 257 7"},
        {"5.3.1 HEADERS that depend on themselves",
         hi + frame(headers, end_headers | end_stream | with_priority, 1,
                    own_parent + block(request_fields())),
         bad_connection},
        {"5.3.1 PRIORITY that depends on itself", hi + frame(priority, 0, 1, own_parent) + get(1),
         bad_connection},
        {"5.5 an unknown frame between HEADERS and CONTINUATION",
         hi + head(1, request_fields(), end_stream) + frame(0xFA, 0, 0) + frame(continuation, end_headers, 1),
         bad_connection},
        {"6.1 an empty DATA frame", hi + open + frame(data, 0, 1) + frame(data, end_stream, 1), answered},
        {"6.2 padding is taken off",
         hi + frame(headers, end_headers | end_stream | padded, 1,
                    std::string("\x03", 1) + block(request_fields()) + std::string(3, '\0')),
         answered},
        {"6.2 HEADERS with a priority",
         hi + frame(headers, end_headers | end_stream | with_priority, 1,
                    number(0, 4) + "\x10" + block(request_fields())),
         answered},
        {"6.2 HEADERS too short for their priority",
         hi + frame(headers, end_headers | end_stream | with_priority, 1, "123"), "GOAWAY 6"},
        {"6.3 PRIORITY of another size", hi + open + frame(priority, 0, 1, "1234"), "GOAWAY 6"},
        {"6.5 SETTINGS many in one frame",
         hi +
             frame(settings, 0, 0, setting(3, 1) + setting(4, 100'000) + setting(5, 20'000) + setting(1, 0)) +
             get(1),
         answered},
        {"6.7 PINGs are answered", hi + frame(ping, 0, 0, "12345678") + frame(ping, 0, 0, "87654321"),
         "PONG, PONG"},
        {"6.8 requests go on after GOAWAY from the client",
         hi + frame(goaway, 0, 0, std::string(8, '\0')) + get(1), answered},
        {"6.10 CONTINUATION on stream 0",
         hi + head(1, request_fields(), end_stream) + frame(continuation, end_headers, 0), bad_connection},
        {"8.1 HEADERS of trailers without an end, after DATA",
         hi + open + frame(data, 0, 1, "x") + head(1, {{"sum", "7"}}, end_headers), bad_stream},
        {"8.3.1 OPTIONS *",
         whole({{":method", "OPTIONS"}, {":scheme", "http"}, {":path", "*"}, {":authority", "a"}}), answered},
        {"8.5 CONNECT with :path",
         whole({{":method", "CONNECT"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a:443"}}),
         bad_stream},
    };
}

}  // namespace test::h2
