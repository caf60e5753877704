// The same octets of HTTP/1 to a real nginx and to an edge, both before the same origin. What they make of
// them is compared; docs/http.md explains every difference, and this test holds the two together.
#include "edge_fixture.h"

#include <gmock/gmock.h>

#include <regex>

namespace edge {
namespace {

using namespace std::chrono_literals;

struct Case {
    std::string name;
    std::string octets;
};

constexpr std::string_view closing = "Connection: close\r\n\r\n";

// A request with these lines after the usual Host.
std::string with(std::string_view lines, std::string_view body = "",
                 std::string_view line = "GET /seen HTTP/1.1")
{
    return fmt::format("{}\r\nHost: shop.test\r\n{}{}{}", line, lines, closing, body);
}

std::string post(std::string_view lines, std::string_view body)
{
    return with(lines, body, "POST /seen HTTP/1.1");
}

std::string line(std::string_view request_line, std::string_view host = "Host: shop.test\r\n")
{
    return fmt::format("{}\r\n{}{}", request_line, host, closing);
}

std::vector<Case> lines_and_targets()
{
    return {
        {"a request", with("")},
        {"an empty line before", "\r\n" + with("")},
        {"bare LF", "GET /seen HTTP/1.1\nHost: shop.test\nConnection: close\n\n"},
        {"bare LF in one line", with("X: 1\nY: 2\r\n")},
        {"bare CR in a value", with("X: 1\rY: 2\r\n")},
        {"NUL in a value", with(std::string("X: 1\0Y\r\n", 8))},
        {"control character in a value", with("X: \x01\r\n")},
        {"tab in a value", with("X: a\tb\r\n")},
        {"UTF-8 in a value", with("X: \xC3\xA4\r\n")},
        {"UTF-8 in the target", line("GET /seen\xC3\xA4 HTTP/1.1")},
        {"two blanks in the line", line("GET  /seen HTTP/1.1")},
        {"a blank in the target", line("GET /seen x HTTP/1.1")},
        {"a tab in the line", line("GET\t/seen HTTP/1.1")},
        {"a fragment in the target", line("GET /seen#x HTTP/1.1")},
        {"a backslash in the target", line("GET /seen\\x HTTP/1.1")},
        {"a broken percent in the target", line("GET /seen%zz HTTP/1.1")},
        {"dots in the target", line("GET /seen/../seen HTTP/1.1")},
        {"a method in lower case", line("get /seen HTTP/1.1")},
        {"a method of its own", line("PURGE /seen HTTP/1.1")},
        {"a malformed method", line("G@T /seen HTTP/1.1")},
        {"TRACE", line("TRACE /seen HTTP/1.1")},
        {"CONNECT", line("CONNECT shop.test:443 HTTP/1.1")},
        {"OPTIONS *", line("OPTIONS * HTTP/1.1")},
        {"GET *", line("GET * HTTP/1.1")},
        {"HTTP/1.0", line("GET /seen HTTP/1.0")},
        {"HTTP/1.0 without Host", "GET /seen HTTP/1.0\r\n\r\n"},
        {"HTTP/0.9", "GET /seen\r\n"},
        {"HTTP/1.2", line("GET /seen HTTP/1.2")},
        {"HTTP/2.0", line("GET /seen HTTP/2.0")},
        {"the version in lower case", line("GET /seen http/1.1")},
        {"absolute form", line("GET http://shop.test/seen HTTP/1.1")},
        {"absolute form, other Host", line("GET http://shop.test/seen HTTP/1.1", "Host: other.test\r\n")},
        {"absolute form, user", line("GET http://u@shop.test/seen HTTP/1.1")},
        {"a target without slash", line("GET seen HTTP/1.1")},
        {"no Host", line("GET /seen HTTP/1.1", "")},
        {"Host twice", line("GET /seen HTTP/1.1", "Host: shop.test\r\nHost: shop.test\r\n")},
        {"two Hosts", line("GET /seen HTTP/1.1", "Host: shop.test\r\nHost: other.test\r\n")},
        {"an empty Host", line("GET /seen HTTP/1.1", "Host:\r\n")},
        {"a Host with a path", line("GET /seen HTTP/1.1", "Host: shop.test/x\r\n")},
        {"a Host with a user", line("GET /seen HTTP/1.1", "Host: u@shop.test\r\n")},
        {"a Host in upper case", line("GET /seen HTTP/1.1", "Host: SHOP.test\r\n")},
        {"a Host with a final dot", line("GET /seen HTTP/1.1", "Host: shop.test.\r\n")},
        {"a folded field", with("X: 1\r\n 2\r\n")},
        {"a blank before the first field",
         "GET /seen HTTP/1.1\r\n Host: shop.test\r\nHost: shop.test\r\n" + std::string(closing)},
        {"a blank before the colon", with("X : 1\r\n")},
        {"no colon", with("X\r\n")},
        {"an empty name", with(": 1\r\n")},
        {"a name with a marker", with("X(Y): 1\r\n")},
        {"a name with an underscore", with("X_Y: 1\r\n")},
        {"a long target", line("GET /seen?" + std::string(40'000, 'x') + " HTTP/1.1")},
        {"a long field", with("X: " + std::string(40'000, 'x') + "\r\n")},
    };
}

std::vector<Case> bodies()
{
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string hidden = "0\r\n\r\nGET /seen-hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n";
    return {
        {"Content-Length", post("Content-Length: 5\r\n", "hello")},
        {"Content-Length with zeros", post("Content-Length: 0005\r\n", "hello")},
        {"Content-Length with a sign", post("Content-Length: +5\r\n", "hello")},
        {"Content-Length below zero", post("Content-Length: -5\r\n", "hello")},
        {"Content-Length in hexadecimal", post("Content-Length: 0x5\r\n", "hello")},
        {"an empty Content-Length", post("Content-Length:\r\n", "")},
        {"Content-Length beyond 64 bits", post("Content-Length: 99999999999999999999\r\n", "hello")},
        {"Content-Length twice", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")},
        {"two Content-Lengths", post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello")},
        {"Content-Length as a list", post("Content-Length: 5, 5\r\n", "hello")},
        {"Content-Length with a blank before the colon", post("Content-Length : 5\r\n", "hello")},
        {"a GET with a body", with("Content-Length: 5\r\n", "hello")},
        {"chunks", post(chunked, "5\r\nhello\r\n0\r\n\r\n")},
        {"Chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n")},
        {"both framings", post("Content-Length: 4\r\n" + chunked, hidden)},
        {"both framings, the other order", post(chunked + "Content-Length: 4\r\n", hidden)},
        {"Transfer-Encoding twice", post(chunked + chunked, "5\r\nhello\r\n0\r\n\r\n")},
        {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "5\r\nhello\r\n0\r\n\r\n")},
        {"chunked, identity", post("Transfer-Encoding: chunked, identity\r\n", "5\r\nhello\r\n0\r\n\r\n")},
        {"identity", post("Transfer-Encoding: identity\r\n", "")},
        {"an unknown coding", post("Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n", hidden)},
        {"a quoted coding", post("Transfer-Encoding: \"chunked\"\r\n", hidden)},
        {"a vertical tab before chunked", post("Transfer-Encoding: \x0B"
                                               "chunked\r\n",
                                               hidden)},
        {"a blank before the coding's colon",
         post("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", hidden)},
        {"a folded coding", post("Transfer-Encoding:\r\n chunked\r\n", hidden)},
        {"chunks in HTTP/1.0",
         with(chunked + "Connection: keep-alive\r\n", "5\r\nhello\r\n0\r\n\r\n", "POST /seen HTTP/1.0")},
        {"a chunk extension", post(chunked, "5;a=b\r\nhello\r\n0\r\n\r\n")},
        {"a quoted chunk extension", post(chunked, "5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n")},
        {"a blank after the chunk size", post(chunked, "5 \r\nhello\r\n0\r\n\r\n")},
        {"a word after the chunk size", post(chunked, "5 x\r\nhello\r\n0\r\n\r\n")},
        {"a chunk size with 0x", post(chunked, "0x5\r\nhello\r\n0\r\n\r\n")},
        {"a chunk size with a sign", post(chunked, "+5\r\nhello\r\n0\r\n\r\n")},
        {"a chunk size beyond 64 bits", post(chunked, "fffffffffffffffff\r\nhello\r\n0\r\n\r\n")},
        {"LF after the chunk size", post(chunked, "5\nhello\r\n0\r\n\r\n")},
        {"LF after the chunk", post(chunked, "5\r\nhello\n0\r\n\r\n")},
        {"LF in a chunk extension", post(chunked, "5;a\nb\r\nhello\r\n0\r\n\r\n")},
        {"a chunk longer than its size", post(chunked, "5\r\nhello!\r\n0\r\n\r\n")},
        {"trailers", post(chunked, "5\r\nhello\r\n0\r\nSum: 7\r\n\r\n")},
        {"a malformed trailer", post(chunked, "5\r\nhello\r\n0\r\nSum : 7\r\n\r\n")},
        {"a body that ends early", post("Content-Length: 5\r\n", "hel")},
        {"two requests at once",
         "GET /seen HTTP/1.1\r\nHost: shop.test\r\n\r\n" + with("", "", "GET /seen-second HTTP/1.1")},
        {"a request after an unread body",
         "POST /seen HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\nhello" +
             with("", "", "GET /seen-second HTTP/1.1")},
        {"Expect: 100-continue", post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello")},
        {"an unknown expectation", post("Expect: magic\r\nContent-Length: 5\r\n", "hello")},
        {"Upgrade: h2c",
         with("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n")},
    };
}

// "200 GET /seen 0; 400": each answer's status and what the origin saw; "waits" when the connection stays
// open.
std::string described(const std::string& received, bool open)
{
    static const std::regex event("HTTP/1\\.[01] ([0-9]{3})|seen ([^\n]*)");
    std::string out;
    for (std::sregex_iterator at(received.begin(), received.end(), event), end; at != end; ++at) {
        const bool status = (*at)[1].matched;
        out += status ? (out.empty() ? "" : "; ") + (*at)[1].str() : " " + (*at)[2].str();
    }
    if (open) {
        out += out.empty() ? "waits" : "; waits";
    }
    return out.empty() ? "closed" : out;
}

base::Task<std::string> talk(std::unique_ptr<net::Stream> stream, std::string octets)
{
    // A head that is refused before its end may find the connection closed.
    stream->set_deadline(std::chrono::steady_clock::now() + 5s);
    static_cast<void>(co_await stream->write(std::span<const char>(octets)));
    std::string received;
    std::array<char, 16 * 1024> buffer;
    while (true) {
        // A machine under load takes its time for the first answer.
        stream->set_deadline(std::chrono::steady_clock::now() + (received.empty() ? 6s : 2s));
        auto count = co_await stream->read_some(buffer);
        if (!count || *count == 0) {
            const bool open = !count && count.error().kind() == base::Errc::timeout;
            co_return described(received, open);
        }
        received.append(buffer.data(), *count);
    }
}

// The rows of docs/http.md: name -> what it says of the edge.
std::map<std::string, std::string> documented()
{
    std::map<std::string, std::string> rows;
    std::istringstream text(test::read_file(HTTP_DOCUMENT));
    static const std::regex row("\\| ([^|]*) \\| `([^|]*)` \\| `([^|]*)` \\| .* \\|");
    for (std::string each; std::getline(text, each);) {
        std::smatch cells;
        if (std::regex_match(each, cells, row)) {
            rows[cells[1]] = cells[3];
        }
    }
    return rows;
}

class Http1Differential : public EdgeTest {
protected:
    Http1Differential() : nginx(start_nginx(), {}, folder.path() / "nginx.log") {}

    std::vector<std::string> start_nginx()
    {
        const auto place = (folder.path() / "nginx").string();
        std::filesystem::create_directories(place);
        test::write_file(
            place + "/nginx.conf",
            fmt::format("daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n"
                        "events {{}}\n"
                        "http {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0};\n"
                        "  fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n"
                        "  server {{ listen 127.0.0.1:{1}; server_name shop.test;\n"
                        "    location / {{ proxy_pass http://127.0.0.1:{2}; proxy_http_version 1.1;\n"
                        "      proxy_set_header Host $host; proxy_set_header Connection \"\"; }} }} }}\n",
                        place, nginx_port, origin_port));
        return {"nginx", "-p", place, "-c", place + "/nginx.conf"};
    }
    std::string to_nginx(const std::string& octets)
    {
        auto stream = test::run(loop, net::connect("127.0.0.1", nginx_port, 5s));
        return stream ? finish(std::move(*stream), octets) : stream.error().message();
    }
    std::string to_edge(const std::string& octets)
    {
        net::TlsClientOptions tls;
        tls.server_name = "shop.test";
        tls.trust_file = (folder.path() / "ca.pem").string();
        auto stream = test::run(loop, net::connect_tls("127.0.0.1", https(), std::move(tls), 5s));
        return stream ? finish(std::move(*stream), octets) : stream.error().message();
    }
    std::string finish(std::unique_ptr<net::Stream> stream, const std::string& octets)
    {
        const auto outcome = test::run(loop, talk(std::move(stream), octets));
        return outcome ? *outcome : outcome.error().message();
    }
    void compare(const std::vector<Case>& cases)
    {
        ASSERT_TRUE(test::wait_for_port(nginx, nginx_port));
        serve_shop();
        const auto explained = documented();
        for (const auto& [name, octets] : cases) {
            const auto theirs = to_nginx(octets);
            const auto ours = to_edge(octets);
            const auto row = explained.find(name);
            if (row != explained.end()) {
                EXPECT_EQ(ours, row->second) << name << " is documented otherwise; nginx: " << theirs;
            } else {
                EXPECT_EQ(ours, theirs) << name << ": docs/http.md does not explain this difference";
            }
        }
    }

    std::uint16_t nginx_port = test::free_port();
    test::Child nginx;
};

TEST_F(Http1Differential, LinesAndTargets)
{
    compare(lines_and_targets());
}

TEST_F(Http1Differential, Bodies)
{
    compare(bodies());
}

TEST(Http1DifferentialDocument, NamesOnlyCasesThatThereAre)
{
    std::set<std::string> names;
    for (const auto& cases : {lines_and_targets(), bodies()}) {
        for (const auto& each : cases) {
            names.insert(each.name);
        }
    }
    for (const auto& [name, outcome] : documented()) {
        EXPECT_TRUE(names.contains(name)) << name;
    }
}

}  // namespace
}  // namespace edge
