// HTTP/2 against the real curl (nghttp2 on both sides, but curl's own framing and flow control).
#include "http/testing/http1_server.h"
#include "net/tls.h"
#include "net/tls_test_identity.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::OneIdentity;
using testing::HasSubstr;

// A TLS server for both protocols on the test's loop.
class TlsHttpServer {
public:
    TlsHttpServer(asio::io_context& loop, http::Handler& handler)
        : loop_(loop),
          handler_(handler),
          listener_(
              net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                  .value()),
          tasks_(loop.get_executor())
    {
        net::TlsPolicy policy;
        policy.alpn = {"h2", "http/1.1"};
        tls_ = net::TlsServer::create(std::move(policy)).value();
        tasks_.spawn("accept", accept());
    }
    ~TlsHttpServer() { test::run(loop_, tasks_.stop()); }

    std::uint16_t port() const { return listener_.where().port(); }

    http::ServerLimits limits;
    test::TestIdentity made = test::make_test_identity({"localhost", "127.0.0.1"});
    OneIdentity source{made.identity};
    std::vector<std::string> protocols;

private:
    asio::awaitable<void> accept()
    {
        for (;;) {
            auto socket = co_await listener_.accept();
            if (!socket) {
                co_return;
            }
            tasks_.spawn("serve", serve(std::move(*socket)));
        }
    }
    asio::awaitable<void> serve(asio::ip::tcp::socket socket)
    {
        auto stream = co_await tls_->accept(std::move(socket), source, 5s);
        if (stream) {
            protocols.push_back((*stream)->facts().alpn);
            co_await http::serve_http(std::move(*stream), handler_, limits);
        }
    }

    asio::io_context& loop_;
    http::Handler& handler_;
    net::Listener listener_;
    std::unique_ptr<net::TlsServer> tls_;
    base::TaskGroup tasks_;
};

// Streams the request's body back piece by piece; "/big?n=..." answers with n bytes of its own, "/ignore"
// reads nothing.
asio::awaitable<void> echo(http::Exchange& exchange)
{
    const auto& request = exchange.request();
    if (request.path() == "/silent") {
        co_return;
    }
    if (request.path() == "/ignore") {
        static_cast<void>(co_await http::send_text(exchange, 403, "text/plain", "no\n"));
        co_return;
    }
    http::ResponseHead head;
    head.headers.add("X-Request", fmt::format("{} {} {}", request.method, request.authority, request.target));
    head.headers.add("X-Cookie", std::string(request.headers.find("cookie").value_or("")));
    static_cast<void>(exchange.send_head(std::move(head)));
    std::array<char, 10'000> buffer;
    if (request.path() == "/big") {
        buffer.fill('b');
        for (int i = 0; i < 500; ++i) {
            const auto sent = co_await exchange.send_body(buffer);
            if (!sent) {
                co_return;
            }
        }
        static_cast<void>(co_await exchange.finish(http::Headers()));
        co_return;
    }
    for (;;) {
        const auto count = co_await exchange.read_body(buffer);
        if (!count) {
            exchange.reset();
            co_return;
        }
        if (*count == 0) {
            break;
        }
        static_cast<void>(co_await exchange.send_body(std::span<const char>(buffer).first(*count)));
    }
    http::Headers trailers;
    trailers.add("X-Sum", "7");
    static_cast<void>(co_await exchange.finish(std::move(trailers)));
}

class Http2 : public testing::Test {
protected:
    // Runs curl beside the loop and returns what it printed.
    std::string curl(const std::string& arguments)
    {
        const auto command =
            fmt::format("curl --silent --show-error --max-time 20 --noproxy '*' --cacert {} {} 2>&1",
                        server.made.trust_file(), arguments);
        std::string output;
        bool ended = false;
        std::thread runner([&] {
            std::string text;
            std::FILE* pipe = ::popen(command.c_str(), "r");
            std::array<char, 65'536> buffer;
            while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
                text.append(buffer.data(), count);
            }
            ::pclose(pipe);
            asio::post(loop, [&, text] {
                output = text;
                ended = true;
            });
        });
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (!ended && std::chrono::steady_clock::now() < deadline) {
            loop.run_one_until(deadline);
        }
        runner.join();
        return output;
    }
    std::string url(const std::string& path) const
    {
        return fmt::format("https://localhost:{}{}", server.port(), path);
    }
    std::string file(const std::string& name, std::size_t size)
    {
        const auto path = server.made.folder->path() / name;
        std::ofstream(path) << std::string(size, name.front());
        return path.string();
    }

    asio::io_context loop{1};
    test::FunctionHandler handler{echo};
    TlsHttpServer server{loop, handler};
};

TEST_F(Http2, AnswersCurlOverTls)
{
    const auto answer = curl("--http2 -i -H 'Cookie: a=1; b=2' --data hello " + url("/x?y=1"));

    EXPECT_THAT(answer, HasSubstr("HTTP/2 200"));
    EXPECT_THAT(answer, HasSubstr(fmt::format("x-request: POST localhost:{} /x?y=1", server.port())));
    EXPECT_THAT(answer, HasSubstr("x-cookie: a=1; b=2"));
    EXPECT_THAT(answer, HasSubstr("\r\n\r\nhello"));
    EXPECT_THAT(answer, HasSubstr("x-sum: 7"));
    EXPECT_EQ(server.protocols, std::vector<std::string>{"h2"});
}

TEST_F(Http2, TheSameHandlerAnswersHttp1)
{
    const auto answer = curl("--http1.1 -i --data hello " + url("/x"));

    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, HasSubstr("hello"));
    EXPECT_EQ(server.protocols, std::vector<std::string>{"http/1.1"});
}

TEST_F(Http2, ServesManyStreamsOfOneConnectionAtOnce)
{
    std::string transfers;
    for (int i = 0; i < 40; ++i) {
        transfers += fmt::format("-o /dev/null {} ", url("/big"));
    }

    const auto answer = curl(
        "--http2 -Z --parallel-max 40 -w '%{http_version} %{http_code} %{size_download}\\n' " + transfers);

    std::size_t good = 0;
    for (std::size_t at = 0; (at = answer.find("2 200 5000000\n", at)) != std::string::npos; ++at) {
        ++good;
    }
    EXPECT_EQ(good, 40U) << answer.substr(0, 500);
    EXPECT_LE(server.protocols.size(), 2U);
}

TEST_F(Http2, CarriesLargeBodiesBothWaysWithFlowControl)
{
    const auto path = file("upload", 6'000'000);

    const auto answer =
        curl("--http2 --data-binary @" + path + " " + url("/echo") + " | cmp - " + path + " && echo same");

    EXPECT_EQ(answer, "same\n");
}

TEST_F(Http2, StopsAnUploadThatNobodyReadsAndGoesOn)
{
    const auto path = file("upload", 6'000'000);

    const auto answer =
        curl("--http2 -w '%{http_code} ' --data-binary @" + path + " " + url("/ignore") + " --next --http2 " +
             "--cacert " + server.made.trust_file() + " -s -d hi " + url("/x"));

    EXPECT_THAT(answer, HasSubstr("no\n"));
    EXPECT_THAT(answer, HasSubstr("403"));
    EXPECT_THAT(answer, HasSubstr("hi"));
    EXPECT_EQ(server.protocols.size(), 1U);
}

TEST_F(Http2, AnswersHeadAndSilentHandlers)
{
    EXPECT_THAT(curl("--http2 -I " + url("/x")), HasSubstr("HTTP/2 200"));
    EXPECT_THAT(curl("--http2 -i " + url("/silent")), HasSubstr("HTTP/2 500"));
}

// Begins a request and never ends its head; returns what the server does within two seconds.
base::Task<std::string> begin_a_request(std::uint16_t port)
{
    net::TlsClientOptions options;
    options.verify = false;
    options.alpn = {"h2"};
    CO_TRY(stream, co_await net::connect_tls("127.0.0.1", port, std::move(options), 5s));
    using namespace std::string_literals;
    const std::string opening =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s + "\0\0\0\x04\0\0\0\0\0"s +
        "\0\0\x01\x01\0\0\0\0\x01\x82"s;  // SETTINGS; HEADERS with :method GET and no END_HEADERS
    CO_CHECKED(co_await stream->write(std::span<const char>(opening)));
    stream->set_deadline(std::chrono::steady_clock::now() + 2s);
    std::array<char, 4096> buffer;
    for (;;) {
        const auto count = co_await stream->read_some(buffer);
        if (!count && count.error().kind() == base::Errc::timeout) {
            co_return "held open";
        }
        if (!count || *count == 0) {
            co_return "closed";
        }
    }
}

TEST_F(Http2, EndsAConnectionWhoseRequestHeadDoesNotEnd)
{
    server.limits.head_time = 50ms;

    EXPECT_EQ(test::run(loop, begin_a_request(server.port())).value_or("failed"), "closed");
}

TEST_F(Http2, EndsAnIdleConnection)
{
    server.limits.idle_time = 50ms;
    net::TlsClientOptions options;
    options.server_name = "localhost";
    options.trust_file = server.made.trust_file();
    options.alpn = {"h2"};
    auto stream = test::run(loop, net::connect_tls("127.0.0.1", server.port(), options, 5s));
    ASSERT_TRUE(stream) << stream.error().message();
    const std::string preface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
    ASSERT_TRUE(test::run(loop, (*stream)->write(std::span(preface))));

    auto rest = test::run(loop, test::read_to_end(**stream));

    ASSERT_TRUE(rest) << rest.error().message();
    // The last frame is GOAWAY (type 7) with NO_ERROR.
    ASSERT_GE(rest->size(), 17U);
    EXPECT_EQ(rest->substr(rest->size() - 17, 4), std::string("\0\0\10\7", 4));
}

}  // namespace
