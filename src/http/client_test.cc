#include "http/client.h"

#include "base/task_group.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <boost/asio.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view nginx_config = R"(
daemon off;
master_process off;
pid {0}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi; scgi_temp_path {0}/scgi;
    keepalive_requests 10000;
    server {{
        listen 127.0.0.1:{1};
        listen 127.0.0.1:{2} ssl http2;
        ssl_certificate {0}/cert.pem;
        ssl_certificate_key {0}/key.pem;
        location / {{ root {0}; }}
        location = /agent {{ return 200 "$request_method $http_user_agent $http_x_note $content_type $http_expect"; }}
        location = /connection {{ return 200 "$connection $server_protocol"; }}
        location = /missing {{ return 404 "nothing"; }}
        location = /away {{ return 302 /agent; }}
        location = /file {{ return 302 file:///etc/passwd; }}
        location = /empty {{ return 204; }}
    }}
}}
)";

// A real nginx, with TLS and HTTP/2, one for all tests of this file.
class HttpClient : public testing::Test {
protected:
    static void SetUpTestSuite() { server_ = new Server(); }
    static void TearDownTestSuite()
    {
        delete server_;
        server_ = nullptr;
    }

    struct Server {
        Server() : plain_port(test::free_port()), tls_port(test::free_port())
        {
            const auto path = folder.path();
            const auto key = test::new_key();
            test::write_file(path / "key.pem", key.to_pem());
            test::write_file(path / "cert.pem",
                             crypto::self_signed(key, {"localhost", "127.0.0.1"}, 7).value());
            test::write_file(path / "big", std::string(1'000'000, 'x'));
            test::write_file(path / "nginx.conf",
                             fmt::format(nginx_config, path.string(), plain_port, tls_port));
            const std::vector<std::string> command{
                "nginx", "-p", path.string(), "-c", (path / "nginx.conf").string(), "-e", "stderr"};
            process.emplace(command, std::map<std::string, std::string>{{"PATH", "/usr/sbin:/usr/bin:/bin"}},
                            path / "log");
            if (!test::wait_for_port(*process, tls_port)) {
                throw std::runtime_error("nginx: " + test::read_file(path / "log"));
            }
        }
        test::TempDir folder;
        std::uint16_t plain_port;
        std::uint16_t tls_port;
        std::optional<test::Child> process;
    };

    static http::ClientOptions trusting()
    {
        http::ClientOptions options;
        options.user_agent = "certwright-test/1";
        options.trust_file = (server_->folder.path() / "cert.pem").string();
        return options;
    }
    static std::string plain(const std::string& path)
    {
        return fmt::format("http://127.0.0.1:{}{}", server_->plain_port, path);
    }
    static std::string tls(const std::string& path)
    {
        return fmt::format("https://localhost:{}{}", server_->tls_port, path);
    }

    base::Result<http::ClientResponse> send(http::ClientRequest request)
    {
        return test::run(loop_, client_->send(std::move(request)));
    }
    base::Result<http::ClientResponse> get(std::string url)
    {
        return send(http::ClientRequest("GET", std::move(url)));
    }

    static inline Server* server_ = nullptr;
    asio::io_context loop_{1};
    std::unique_ptr<http::Client> client_ = http::make_client(loop_.get_executor(), trusting());
};

// A server that says `reply` to whoever connects, and keeps the connection open.
class Mute {
public:
    Mute(asio::io_context& loop, std::string reply)
        : acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), reply_(std::move(reply))
    {
        accept();
    }
    std::string url() const { return fmt::format("http://127.0.0.1:{}/", acceptor_.local_endpoint().port()); }
    void hang_up() { sockets_.clear(); }
    std::size_t connections() const { return sockets_.size(); }

private:
    void accept()
    {
        acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
            if (!error) {
                boost::system::error_code ignored;
                asio::write(socket, asio::buffer(reply_), ignored);
                sockets_.push_back(std::move(socket));
                accept();
            }
        });
    }
    tcp::acceptor acceptor_;
    std::string reply_;
    std::vector<tcp::socket> sockets_;
};

std::string connection_of(const http::ClientResponse& answer)
{
    return answer.body.substr(0, answer.body.find(' '));
}

}  // namespace

TEST_F(HttpClient, SendsMethodAgentAndFieldsAsGiven)
{
    http::ClientRequest request("POST", plain("/agent"));
    request.body = "{}";
    request.headers = {{"X-Note", "hello"}, {"Content-Type", "application/jose+json"}};

    const auto answer = send(request);

    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST certwright-test/1 hello application/jose+json ");
    EXPECT_TRUE(answer->headers.contains("content-type"));
}

TEST_F(HttpClient, AnyStatusIsAnAnswer)
{
    EXPECT_EQ(get(plain("/missing"))->status, 404);
    EXPECT_EQ(get(plain("/missing"))->body, "nothing");
    EXPECT_EQ(get(plain("/empty"))->status, 204);
    EXPECT_EQ(send(http::ClientRequest("HEAD", plain("/big")))->body, "");
    EXPECT_EQ(send(http::ClientRequest("DELETE", plain("/agent")))->body.substr(0, 6), "DELETE");
}

TEST_F(HttpClient, SpeaksHttp2ToTlsServersThatItTrusts)
{
    const auto answer = get(tls("/connection"));

    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_TRUE(answer->body.ends_with("HTTP/2.0")) << answer->body;
}

TEST_F(HttpClient, RefusesServersThatNobodyVouchesFor)
{
    client_ = http::make_client(loop_.get_executor(), http::ClientOptions());

    const auto answer = get(tls("/agent"));

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::unavailable);
    EXPECT_EQ(answer.error().code(), "tls_untrusted");
}

TEST_F(HttpClient, RefusesACertificateForAnotherName)
{
    const auto answer = get(fmt::format("https://127.0.0.2:{}/agent", server_->tls_port));

    EXPECT_FALSE(answer);
}

TEST_F(HttpClient, ReusesItsConnection)
{
    const auto first = get(plain("/connection"));
    const auto second = get(plain("/connection"));
    const auto third = get(tls("/connection"));
    const auto fourth = get(tls("/connection"));

    ASSERT_TRUE(first && second && third && fourth);
    EXPECT_EQ(connection_of(*first), connection_of(*second));
    EXPECT_EQ(connection_of(*third), connection_of(*fourth));
}

TEST_F(HttpClient, SendsManyRequestsAtOnceOverOneConnection)
{
    base::TaskGroup group(loop_.get_executor());
    std::map<std::string, int> connections;
    std::size_t large = 0;
    struct Visit {
        static asio::awaitable<void> once(http::Client& client, std::string url,
                                          std::map<std::string, int>& seen)
        {
            const auto answer = co_await client.send(http::ClientRequest("GET", std::move(url)));
            ++seen[answer ? connection_of(*answer) : answer.error().message()];
        }
        static asio::awaitable<void> big(http::Client& client, std::string url, std::size_t& bytes)
        {
            const auto answer = co_await client.send(http::ClientRequest("GET", std::move(url)));
            bytes += answer ? answer->body.size() : 0;
        }
    };
    for (int i = 0; i < 50; ++i) {
        group.spawn("visit", Visit::once(*client_, tls("/connection"), connections));
        group.spawn("big", Visit::big(*client_, tls("/big"), large));
    }

    test::run(loop_, group.join());

    EXPECT_EQ(connections.size(), 1U);
    EXPECT_EQ(connections.begin()->second, 50) << connections.begin()->first;
    EXPECT_EQ(large, 50U * 1'000'000U);
}

TEST_F(HttpClient, FollowsRedirectsOnlyWhenAskedAndNeverToFiles)
{
    http::ClientRequest follow("GET", plain("/away"));
    follow.follow_redirects = true;
    http::ClientRequest to_file("GET", plain("/file"));
    to_file.follow_redirects = true;

    EXPECT_EQ(get(plain("/away"))->status, 302);
    EXPECT_EQ(send(follow)->status, 200);
    const auto refused = send(to_file);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::invalid);
}

TEST_F(HttpClient, RefusesOtherProtocolsAndBrokenFields)
{
    http::ClientRequest injected("GET", plain("/agent"));
    injected.headers = {{"X-Note", "a\r\nHost: evil.test"}};

    for (const auto& url :
         {"file:///etc/passwd", "ftp://127.0.0.1/", "", "http://", "not a url", "http://a\nb/"}) {
        const auto answer = get(url);
        ASSERT_FALSE(answer) << url;
        EXPECT_EQ(answer.error().kind(), base::Errc::invalid) << url << ": " << answer.error().message();
    }
    EXPECT_FALSE(send(injected));
}

TEST_F(HttpClient, ConnectsOnlyWhereItIsAllowed)
{
    std::vector<std::string> asked;
    auto options = trusting();
    options.allow_address = [&asked](const asio::ip::address& address) {
        asked.push_back(address.to_string());
        return !address.is_loopback();
    };
    client_ = http::make_client(loop_.get_executor(), options);

    for (const auto& url : {plain("/agent"), tls("/agent")}) {
        const auto answer = get(url);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().kind(), base::Errc::invalid);
        EXPECT_EQ(answer.error().code(), "address_forbidden");
    }
    EXPECT_TRUE(std::ranges::find(asked, "127.0.0.1") != asked.end());
    options.allow_address = [](const asio::ip::address& address) { return address.is_loopback(); };
    client_ = http::make_client(loop_.get_executor(), options);
    EXPECT_TRUE(get(tls("/agent")));
}

TEST_F(HttpClient, StopsReadingWhatIsTooLarge)
{
    http::ClientRequest request("GET", plain("/big"));
    request.max_body = 999'999;
    const auto refused = send(request);
    request.max_body = 1'000'000;
    const auto taken = send(request);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::invalid);
    EXPECT_EQ(refused.error().code(), "answer_too_large");
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->body.size(), 1'000'000U);
}

TEST_F(HttpClient, GivesUpOnServersThatSayNothing)
{
    Mute mute(loop_, "");
    http::ClientRequest request("GET", mute.url());
    request.limit = std::chrono::milliseconds(100);

    const auto answer = send(request);

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::timeout);
}

TEST_F(HttpClient, ReportsRefusedAndCutConnections)
{
    Mute cut(loop_, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    asio::steady_timer later(loop_, std::chrono::milliseconds(50));
    later.async_wait([&](const boost::system::error_code&) { cut.hang_up(); });

    const auto refused = get(fmt::format("http://127.0.0.1:{}/", test::free_port()));
    const auto broken = get(cut.url());

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::unavailable);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind(), base::Errc::unavailable);
}

TEST_F(HttpClient, EndlessHeadIsRefused)
{
    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 3000; ++i) {
        head += "X-Filler: 0123456789012345678901234567890123456789\r\n";
    }
    Mute chatty(loop_, head);

    const auto answer = get(chatty.url());

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), "answer_too_large");
}

TEST_F(HttpClient, CancellationUnwindsAtOnce)
{
    Mute mute(loop_, "");
    base::TaskGroup group(loop_.get_executor());
    struct Wait {
        static asio::awaitable<void> forever(http::Client& client, std::string url, bool& answered)
        {
            static_cast<void>(co_await client.send(http::ClientRequest("GET", std::move(url))));
            answered = true;
        }
    };
    bool answered = false;
    group.spawn("wait", Wait::forever(*client_, mute.url(), answered));
    while (mute.connections() == 0) {
        loop_.run_one();
        loop_.restart();
    }

    test::run(loop_, group.stop(), std::chrono::seconds(2));

    EXPECT_FALSE(answered);
    EXPECT_EQ(group.size(), 0U);
    EXPECT_TRUE(get(plain("/agent")));
}

TEST_F(HttpClient, DestroyingItEndsWhatIsInFlight)
{
    Mute mute(loop_, "");
    base::TaskGroup group(loop_.get_executor());
    struct Wait {
        static asio::awaitable<void> once(http::Client& client, std::string url,
                                          std::optional<base::Errc>& kind)
        {
            const auto answer = co_await client.send(http::ClientRequest("GET", std::move(url)));
            if (!answer) {
                kind = answer.error().kind();
            }
        }
    };
    std::optional<base::Errc> kind;
    group.spawn("wait", Wait::once(*client_, mute.url(), kind));
    while (mute.connections() == 0) {
        loop_.run_one();
        loop_.restart();
    }

    client_.reset();
    test::run(loop_, group.join(), std::chrono::seconds(2));

    EXPECT_EQ(kind, base::Errc::unavailable);
}

TEST_F(HttpClient, AbandonedLoopLeavesNothingBehind)
{
    // The loop dies with a request in flight: the sanitizers and the process's end are the judges.
    asio::io_context loop(1);
    Mute mute(loop, "");
    auto client = http::make_client(loop.get_executor(), http::ClientOptions());
    asio::co_spawn(loop, client->send(http::ClientRequest("GET", mute.url())),
                   [](std::exception_ptr, auto) {});
    while (mute.connections() == 0) {
        loop.run_one();
        loop.restart();
    }
    SUCCEED();
}
