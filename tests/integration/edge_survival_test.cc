// An edge among clients and origins that misbehave: it sheds, cuts off or waits, keeps little memory for
// them, and serves the others.
#include "edge_fixture.h"
#include "support/memory.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <random>

namespace edge {
namespace {

using namespace std::chrono_literals;
using test::settled_memory;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Stream = std::unique_ptr<net::Stream>;

class EdgeSurvival : public EdgeTest {
protected:
    // A TLS connection for shop.test that speaks HTTP/1.1.
    Stream connect()
    {
        net::TlsClientOptions tls;
        tls.server_name = "shop.test";
        tls.trust_file = (folder.path() / "ca.pem").string();
        auto stream = test::run(loop, net::connect_tls("127.0.0.1", https(), std::move(tls), 20s));
        EXPECT_TRUE(stream) << stream.error().message();
        if (!stream) {
            return nullptr;
        }
        (*stream)->set_deadline(std::chrono::steady_clock::now() + 60s);
        return std::move(*stream);
    }
    void write(net::Stream& stream, const std::string& text)
    {
        EXPECT_TRUE(test::run(loop, stream.write(std::span<const char>(text))));
    }
    // What comes until `end` is seen or the connection ends.
    std::string read_until(net::Stream& stream, std::string_view end)
    {
        std::string all;
        std::array<char, 4096> buffer;
        while (!all.contains(end)) {
            const auto count = test::run(loop, stream.read_some(buffer), 60s);
            if (!count || *count == 0) {
                break;
            }
            all.append(buffer.data(), *count);
        }
        return all;
    }
    std::string ask(net::Stream& stream, const std::string& path)
    {
        write(stream, "GET " + path + " HTTP/1.1\r\nHost: shop.test\r\n\r\n");
        return read_until(stream, "hello\n");
    }
    std::uint64_t sum(std::atomic<std::uint64_t> Counters::* counter)
    {
        std::uint64_t all = 0;
        for (const auto* each : edge->counters()) {
            all += each->*counter;
        }
        return all;
    }
    template <class F>
    static bool eventually(F holds)
    {
        for (int i = 0; i < 2'000; ++i) {
            if (holds()) {
                return true;
            }
            std::this_thread::sleep_for(10ms);
        }
        return false;
    }
    void restart(std::size_t most_connections)
    {
        stop();
        auto changed = options();
        changed.threads = 1;
        changed.loop.most_connections = most_connections;
        auto started = Edge::start(std::move(changed), clock);
        ASSERT_TRUE(started) << started.error().message();
        edge = std::move(*started);
    }
};

// Takes every file that the process may still open.
class NoFilesLeft {
public:
    NoFilesLeft()
    {
        getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const rlimit limit{.rlim_cur = static_cast<rlim_t>(next) + 64, .rlim_max = before_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &limit);
        for (int file = next; file >= 0; file = ::dup(next)) {
            taken_.push_back(file);
        }
    }
    NoFilesLeft(const NoFilesLeft&) = delete;
    NoFilesLeft& operator=(const NoFilesLeft&) = delete;
    ~NoFilesLeft()
    {
        setrlimit(RLIMIT_NOFILE, &before_);
        for (const int file : taken_) {
            ::close(file);
        }
    }

private:
    rlimit before_{};
    std::vector<int> taken_;
};

std::size_t count_of(std::string_view text, std::string_view word)
{
    std::size_t count = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++count;
    }
    return count;
}

TEST_F(EdgeSurvival, WithoutFilesItWaitsShedsIdleConnectionsLogsOnceAndGoesOn)
{
    restart(1'000);
    serve_shop();
    const auto idle = connect();
    ASSERT_THAT(ask(*idle, "/"), HasSubstr("hello\n"));
    // More than the files that closing idle connections gives back.
    std::vector<boost::asio::ip::tcp::socket> waiting;
    for (int i = 0; i < 8; ++i) {
        waiting.emplace_back(loop).open(boost::asio::ip::tcp::v4());
    }
    testing::internal::CaptureStdout();
    {
        const NoFilesLeft want;
        for (auto& each : waiting) {
            each.connect(edge->https().front());
        }
        EXPECT_TRUE(eventually([&] { return sum(&Counters::accept_failed) >= 5; }));
    }
    // The listener is open still; what was refused a moment ago is served now.
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
    EXPECT_EQ(count_of(testing::internal::GetCapturedStdout(), " accept_failed "), 1U);
    idle->set_deadline(std::chrono::steady_clock::now() + 60s);
    std::array<char, 100> buffer;
    const auto end = test::run(loop, idle->read_some(buffer), 70s);
    EXPECT_TRUE(end ? *end == 0 : end.error().kind() != base::Errc::timeout) << "it was closed to make room";
}

TEST_F(EdgeSurvival, AFullLoopClosesIdleConnectionsForNewOnesAndTurnsAwayWhenAllAreBusy)
{
    restart(4);
    serve_shop();
    std::vector<Stream> idle;
    for (int i = 0; i < 20; ++i) {
        idle.push_back(connect());
        ASSERT_THAT(ask(*idle.back(), "/"), HasSubstr("hello\n")) << i;
    }
    EXPECT_EQ(sum(&Counters::turned_away), 0U);

    idle.clear();
    std::vector<Stream> busy;
    for (int i = 0; i < 4; ++i) {
        busy.push_back(connect());
        write(*busy.back(), "POST /echo HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 100000\r\n\r\n");
    }
    const auto asked = sum(&Counters::requests);
    EXPECT_TRUE(eventually([&] { return sum(&Counters::requests) >= 24; })) << asked;
    EXPECT_THAT(https("shop.test", "/"), Not(HasSubstr("hello\n")));
    EXPECT_GE(sum(&Counters::turned_away), 1U);

    busy.clear();
    EXPECT_TRUE(eventually([&] { return https("shop.test", "/").contains("hello\n"); }));
}

TEST_F(EdgeSurvival, AnUpstreamThatDiesInTheMiddleOfABodyCutsTheAnswerVisibly)
{
    serve_shop();
    const auto die = [&] {
        for (const std::string path : {"/cut", "/cut-chunked"}) {
            // 18: a partial transfer; 92: the stream was reset.
            EXPECT_THAT(https("shop.test", path), HasSubstr("exit 18")) << path;
            EXPECT_THAT(https("shop.test", path, "--http2"), HasSubstr("exit 92")) << path;
        }
    };
    die();
    const auto before = settled_memory();
    for (int i = 0; i < 5; ++i) {
        die();
    }
    EXPECT_LT(settled_memory(), before + (1U << 20));
    EXPECT_GE(sum(&Counters::upstream_failed), 24U);
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

// Heads that begin and do not end, of the largest size that is read, and heads that are too large.
TEST_F(EdgeSurvival, SlowHeadsCostWhatWasSentEndInTimeAndLeaveNothing)
{
    stop();
    auto changed = options();
    changed.loop.server.head_time = 4s;
    edge = Edge::start(std::move(changed), clock).value();
    serve_shop();
    ASSERT_THAT(ask(*connect(), "/"), HasSubstr("hello\n"));
    constexpr std::size_t visitors = 100;
    constexpr std::size_t sent = 30'000;
    const auto before = settled_memory();
    std::vector<Stream> slow;
    for (std::size_t i = 0; i < visitors; ++i) {
        slow.push_back(connect());
        write(*slow.back(), "GET / HTTP/1.1\r\nHost: shop.test\r\nX: " + std::string(sent, 'x'));
    }
    // Of each what it sent, twice while the buffer grows, and both ends of a connection.
    EXPECT_LT(test::memory_in_use(), before + visitors * (3 * sent + 100'000));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n")) << "others are served meanwhile";
    for (auto& each : slow) {
        EXPECT_THAT(read_until(*each, "408"), HasSubstr("HTTP/1.1 408"));
    }
    slow.clear();
    for (std::size_t i = 0; i < visitors / 5; ++i) {
        const auto large = connect();
        const auto head = "GET / HTTP/1.1\r\nHost: shop.test\r\nX: " + std::string(60'000, 'x');
        static_cast<void>(test::run(loop, large->write(std::span<const char>(head))));
        EXPECT_THAT(read_until(*large, "431"), HasSubstr("HTTP/1.1 431"));
    }
    EXPECT_LT(settled_memory(), before + (1U << 20));
}

TEST_F(EdgeSurvival, AClientThatDoesNotReadAndAnUpstreamThatDoesNotReadCostOnlyBuffers)
{
    serve_shop();
    ASSERT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
    auto deaf = connect();
    auto talkative = connect();
    const std::string piece(1U << 20, 'x');
    const auto before = settled_memory();

    write(*deaf, "GET /big?268435456 HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    EXPECT_LT(settled_memory(), before + (1U << 20));

    write(*talkative, "POST /never-read HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 268435456\r\n\r\n");
    bool stuck = false;
    for (int i = 0; i < 64 && !stuck; ++i) {
        talkative->set_deadline(std::chrono::steady_clock::now() + 1s);
        stuck = !test::run(loop, talkative->write(std::span<const char>(piece)));
    }
    EXPECT_TRUE(stuck) << "64 MiB went somewhere";
    // Our own client keeps up to a record too.
    EXPECT_LT(settled_memory(), before + (2U << 20));
}

TEST_F(EdgeSurvival, RenegotiationIsRefused)
{
    serve_shop();
    const auto out = (folder.path() / "out").string();
    const auto shown = shell(fmt::format(
        "(echo R; for i in $(seq 200); do grep -q 'no renegotiation' {0} && break; sleep 0.1; done) | "
        "openssl s_client -connect 127.0.0.1:{1} -servername shop.test -tls1_2 -alpn http/1.1 >{0} 2>&1; "
        "cat {0}",
        out, https()));
    EXPECT_THAT(shown, AllOf(HasSubstr("RENEGOTIATING"), HasSubstr("no renegotiation")));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

// The first flight of a real client.
std::string client_hello()
{
    boost::asio::io_context loop(1);
    auto listener =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    std::string octets(4096, '\0');
    auto take = [](net::Listener& from, std::string& into) -> base::Task<> {
        CO_TRY(socket, co_await from.accept());
        auto stream = net::make_stream(std::move(socket));
        CO_TRY(count, co_await stream->read_some(into));
        into.resize(count);
        co_return base::Result<>();
    };
    auto give = [](std::uint16_t port) -> base::Task<> {
        net::TlsClientOptions tls;
        tls.server_name = "shop.test";
        tls.alpn = {"h2", "http/1.1"};
        static_cast<void>(co_await net::connect_tls("127.0.0.1", port, std::move(tls), 5s));
        co_return base::Result<>();
    };
    boost::asio::co_spawn(loop, give(listener.where().port()), [](const auto&...) {});
    EXPECT_TRUE(test::run(loop, take(listener, octets)));
    return octets;
}

TEST_F(EdgeSurvival, GarbageAndBrokenClientHellosEndAndCostNothing)
{
    serve_shop();
    const auto good = client_hello();
    ASSERT_GT(good.size(), 100U);
    std::minstd_rand random(1);
    const auto send = [&](std::string octets) {
        boost::asio::ip::tcp::socket socket(loop);
        socket.connect(edge->https().front());
        boost::system::error_code ignored;
        boost::asio::write(socket, boost::asio::buffer(octets), ignored);
        // Half-closed: what waits for more ends at once.
        socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
        while (!ignored) {
            std::array<char, 4096> answer;
            socket.read_some(boost::asio::buffer(answer), ignored);
        }
    };
    send(good);
    const auto before = settled_memory();
    for (int i = 0; i < 3'000; ++i) {
        auto octets =
            i % 10 == 0 ? std::string(random() % 2'000, '\0') : good.substr(0, good.size() - random() % 3);
        for (auto changes = random() % 8 + (i % 10 == 0 ? octets.size() : 0); changes > 0 && !octets.empty();
             --changes) {
            octets[random() % octets.size()] = static_cast<char>(random());
        }
        send(std::move(octets));
    }
    EXPECT_LT(settled_memory(), before + (1U << 20));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

TEST_F(EdgeSurvival, NoCoalescedOrNamelessConnectionLeadsPastAnIpFilter)
{
    auto closed = route("ep_b", {"closed.platform.test"});
    std::get<feed::RouteEntry>(*closed.entry).ip_filter = {"192.0.2.0/24"};
    apply({certificate("crt_p", "", {"*.platform.test"}), group("crt_p"),
           route("ep_a", {"open.platform.test"}), closed});
    const auto to_closed = fmt::format("-i -H 'Host: closed.platform.test:{}'", https());

    for (const std::string version : {"--http1.1", "--http2"}) {
        // One certificate covers both names, so a browser may use the connection of one for the other.
        const auto coalesced = https("open.platform.test", "/", version + " " + to_closed);
        EXPECT_THAT(coalesced, AllOf(HasSubstr(" 421"), HasSubstr("was opened for another name"))) << version;
        EXPECT_THAT(https("open.platform.test", "/", version), HasSubstr("hello\n"));
        // An address has no SNI: the default certificate, and the rules of the endpoint that Host names.
        const auto nameless = [&](const std::string& host) {
            return shell(
                fmt::format("curl -s -S -m 20 -k -i {} --noproxy '*' -H 'Host: {}' https://127.0.0.1:{}/",
                            version, host, https()));
        };
        EXPECT_THAT(nameless("closed.platform.test"), HasSubstr(" 403")) << version;
        EXPECT_THAT(nameless("open.platform.test"), HasSubstr("hello\n")) << version;
        EXPECT_THAT(nameless("nobody.test"),
                    AllOf(HasSubstr(" 404"), HasSubstr("There is no endpoint named nobody.test here.")))
            << version;
    }
    const auto shown =
        shell(fmt::format("openssl s_client -connect 127.0.0.1:{} -noservername </dev/null | openssl x509 "
                          "-noout -ext subjectAltName",
                          https()));
    EXPECT_THAT(shown, HasSubstr("DNS:*.platform.test"));
}

TEST_F(EdgeSurvival, TrailersGoBothWays)
{
    serve_shop();
    auto stream = connect();
    write(*stream,
          "POST /trailers HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n"
          "2\r\nhi\r\n0\r\nSum: 7\r\nContent-Length: 99\r\n\r\n");
    EXPECT_THAT(read_until(*stream, "\r\n0\r\nSeen: Sum=7;\r\n\r\n"),
                HasSubstr("\r\n0\r\nSeen: Sum=7;\r\n\r\n"));
}

}  // namespace
}  // namespace edge
