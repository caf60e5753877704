// An edge with real clients (curl, our own TLS client) before it and a real origin server behind it.
#include "edge_fixture.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(EdgeTest, ProxiesWithTheEndpointsCertificateAndTellsTheOriginWhoAsked)
{
    serve_shop();

    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
    const auto headers = https("shop.test", "/headers?x=1", "-H 'X-Forwarded-For: 10.9.9.9'");
    EXPECT_THAT(headers, HasSubstr("GET /headers?x=1\n"));
    EXPECT_THAT(headers, HasSubstr(fmt::format("Host: shop.test:{}\n", https())));
    EXPECT_THAT(headers, HasSubstr("X-Forwarded-For: 127.0.0.1\n"));
    EXPECT_THAT(headers, HasSubstr("X-Forwarded-Proto: https\n"));
    EXPECT_THAT(headers, Not(HasSubstr("10.9.9.9")));
    const auto answer = https("shop.test", "/", "-i");
    EXPECT_THAT(answer, HasSubstr("X-Origin: yes"));
    EXPECT_THAT(answer, Not(HasSubstr("timeout=9")));
}

TEST_F(EdgeTest, ServesTheDefaultCertificateUntilTheEndpointHasItsOwn)
{
    apply({certificate("crt_p", "", {"*.platform.test"}), group("crt_p"),
           route("ep_a", {"shop.test", "x.platform.test"})});
    EXPECT_THAT(https("x.platform.test", "/"), HasSubstr("hello\n"));
    EXPECT_THAT(https("shop.test", "/", "-k -w '%{certs}'"), HasSubstr("hello\n"));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("exit 60")) << "the default does not cover the name";
    EXPECT_THAT(https("unknown.test", "/", "-k"), HasSubstr("unrecognized name"));

    serve_shop();

    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

std::string fingerprint_of(const std::string& pem)
{
    return crypto::parse_chain(pem).value().leaf.sha256;
}

// Of what openssl is shown for shop.test.
std::string served_fingerprint(std::uint16_t port)
{
    const auto shown =
        shell(fmt::format("openssl s_client -connect 127.0.0.1:{} -servername shop.test </dev/null", port));
    const auto begin = shown.find("-----BEGIN CERTIFICATE-----");
    const auto end = shown.find("-----END CERTIFICATE-----");
    return end == std::string::npos
               ? shown
               : fingerprint_of(shown.substr(begin, end - begin) + "-----END CERTIFICATE-----\n");
}

// New connections all the time, each verified; returns how many were served.
int connect_until(const std::atomic<bool>& ended, std::uint16_t port, std::string trust,
                  std::atomic<int>& failures)
{
    int served = 0;
    while (!ended) {
        net::TlsClientOptions options;
        options.server_name = "shop.test";
        options.trust_file = trust;
        auto attempt = [](net::TlsClientOptions tls, std::uint16_t where) -> base::Task<std::string> {
            CO_TRY(stream,
                   co_await net::connect_tls("127.0.0.1", where, std::move(tls), std::chrono::seconds(5)));
            http::Http1Connection connection(std::move(stream));
            http::RequestHead head;
            head.method = "GET";
            head.target = "/";
            head.authority = "shop.test";
            connection.begin(head, http::Framing::none());
            CO_CHECKED(co_await connection.finish());
            CO_TRY(answer, co_await connection.read_head());
            co_return answer.status == 200 ? "served" : "status";
        };
        const auto got = test::run(attempt(options, port));
        if (!got || *got != "served") {
            ++failures;
            ADD_FAILURE() << (got ? *got : got.error().message());
        } else {
            ++served;
        }
    }
    return served;
}

TEST_F(EdgeTest, CertificatesAreSwappedUnderTrafficWithoutOneFailure)
{
    serve_shop();
    std::string newest;
    std::atomic<bool> ended = false;
    std::atomic<int> failures = 0;
    int served = 0;
    std::thread client(
        [&] { served = connect_until(ended, https(), (folder.path() / "ca.pem").string(), failures); });

    for (int i = 0; i < 60; ++i) {
        const auto next = fmt::format("crt_{}", i);
        const auto change = certificate(next, "ep_a", {"shop.test"});
        newest = fingerprint_of(std::get<feed::CertificateEntry>(*change.entry).chain_pem);
        apply({change, route("ep_a", {"shop.test"}, {next})});
        if (i > 0) {
            apply({{model::RevisionKind::certificate, fmt::format("crt_{}", i - 1), std::nullopt}});
        }
    }
    ended = true;
    client.join();

    EXPECT_EQ(failures, 0);
    EXPECT_GT(served, 10);
    EXPECT_EQ(served_fingerprint(https()), newest);
}

TEST_F(EdgeTest, RedirectsPlainHttpAndKeepsTheMethodOfOthers)
{
    serve_shop();

    const auto get = http("shop.test", "/a?b=c", "-i");
    EXPECT_THAT(get, HasSubstr("HTTP/1.1 301"));
    EXPECT_THAT(get, HasSubstr("https://shop.test/a?b=c"));
    EXPECT_THAT(http("shop.test", "/a", "-i -X POST -d x"), HasSubstr("HTTP/1.1 308"));
    EXPECT_THAT(http("unknown.test", "/", "-i"), HasSubstr("HTTP/1.1 404"));
}

TEST_F(EdgeTest, AnswersChallengesBeforeAnythingElse)
{
    auto closed = route("ep_b", {"closed.test"});
    auto& entry = std::get<feed::RouteEntry>(*closed.entry);
    entry.ip_filter = {"192.0.2.0/24"};
    entry.suspended = true;
    apply({group(""),
           closed,
           {model::RevisionKind::token, "announced", feed::TokenEntry{"another-thumbprint"}}});

    EXPECT_THAT(http("closed.test", "/.well-known/acme-challenge/tok_1"),
                testing::StartsWith("tok_1.the-default-thumbprint\n"));
    EXPECT_THAT(http("closed.test", "/.well-known/acme-challenge/announced"),
                HasSubstr("announced.another-thumbprint"));
    EXPECT_THAT(http("unknown.test", "/.well-known/acme-challenge/tok_1", "-i"), HasSubstr("HTTP/1.1 404"));
    EXPECT_THAT(http("closed.test", "/.well-known/acme-challenge/bad.token", "-i"),
                HasSubstr("HTTP/1.1 404"));
}

TEST_F(EdgeTest, LeavesTheChallengePathToAnAppThatKeepsIt)
{
    auto kept = route("ep_b", {"kept.test"});
    auto& entry = std::get<feed::RouteEntry>(*kept.entry);
    entry.ip_filter = {"192.0.2.0/24"};
    entry.own_challenges = true;
    apply({group(""), kept});

    const auto answer = http("kept.test", "/.well-known/acme-challenge/tok_1", "-i");
    EXPECT_THAT(answer, testing::Not(HasSubstr("the-default-thumbprint")));
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200"));
    EXPECT_THAT(http("kept.test", "/other", "-i"), HasSubstr("HTTP/1.1 301"));
    // Over a restart too.
    stop();
    start();
    EXPECT_THAT(http("kept.test", "/.well-known/acme-challenge/tok_1", "-i"), HasSubstr("HTTP/1.1 200"));
}

TEST_F(EdgeTest, RefusesFilteredSuspendedAndMisdirectedRequests)
{
    serve_shop();
    auto filtered = route("ep_b", {"internal.test"}, {"crt_b"});
    std::get<feed::RouteEntry>(*filtered.entry).ip_filter = {"192.0.2.0/24", "2001:db8::/32"};
    auto suspended = route("ep_c", {"suspended.test"}, {"crt_c"});
    std::get<feed::RouteEntry>(*suspended.entry).suspended = true;
    apply({filtered, certificate("crt_b", "ep_b", {"internal.test"}), suspended,
           certificate("crt_c", "ep_c", {"suspended.test"})});

    EXPECT_THAT(https("internal.test", "/", "-i"), HasSubstr("HTTP/1.1 403"));
    EXPECT_THAT(https("suspended.test", "/", "-i"), HasSubstr("HTTP/1.1 503"));
    EXPECT_THAT(https("shop.test", "/", "-i -H 'Host: internal.test'"), HasSubstr("HTTP/1.1 421"));
    EXPECT_THAT(https("shop.test", "/", "-i -H 'Host: nobody.test'"), HasSubstr("HTTP/1.1 421"));

    std::get<feed::RouteEntry>(*filtered.entry).ip_filter = {"127.0.0.0/8"};
    apply({filtered});
    EXPECT_THAT(https("internal.test", "/"), HasSubstr("hello\n"));
}

TEST_F(EdgeTest, StreamsLargeBodiesBothWaysAtTheSameTime)
{
    serve_shop();
    std::string text;
    for (int i = 0; text.size() < 24U << 20; ++i) {
        text += fmt::format("line {} of a large body{}\n", i, std::string(1000, '.'));
    }
    test::write_file(folder.path() / "large", text);
    const auto file = (folder.path() / "large").string();

    for (const auto* framing : {"", "-H 'Transfer-Encoding: chunked'"}) {
        const auto out = (folder.path() / "out").string();
        EXPECT_THAT(https("shop.test", "/echo",
                          fmt::format("-o {} -H 'Expect:' {} --data-binary @{}", out, framing, file)),
                    HasSubstr("exit 0"));
        EXPECT_TRUE(test::read_file(out) == text) << framing;
    }
    EXPECT_THAT(https("shop.test", "/big?33554432", "-o /dev/null -w '%{size_download}'"),
                HasSubstr("33554432\nexit 0"));
    EXPECT_THAT(https("shop.test", "/refuse", "-i -H 'Expect:' --data-binary @" + file),
                AllOf(HasSubstr("HTTP/1.1 413"), HasSubstr("exit 0")));
    EXPECT_THAT(https("shop.test", "/echo", "-X PUT -d 'small body'"), HasSubstr("small body\nexit 0"));
    EXPECT_THAT(https("shop.test", "/big?1600", "-I"),
                AllOf(HasSubstr("Content-Length: 1600"), HasSubstr("exit 0")));
}

base::Task<std::string> upgrade_and_echo(std::uint16_t port, std::string trust)
{
    net::TlsClientOptions options;
    options.server_name = "shop.test";
    options.trust_file = trust;
    CO_TRY(stream, co_await net::connect_tls("127.0.0.1", port, std::move(options), std::chrono::seconds(5)));
    stream->set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    const std::string request =
        "GET /upgrade HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
    CO_CHECKED(co_await stream->write(std::span<const char>(request)));
    std::string received;
    std::array<char, 4096> buffer;
    bool sent = false;
    while (!received.ends_with("round trip")) {
        CO_TRY(count, co_await stream->read_some(buffer));
        if (count == 0) {
            break;
        }
        received.append(buffer.data(), count);
        if (!sent && received.find("\r\n\r\n") != std::string::npos) {
            sent = true;
            const std::string message = "round trip";
            CO_CHECKED(co_await stream->write(std::span<const char>(message)));
        }
    }
    co_await stream->shutdown();
    co_return received;
}

TEST_F(EdgeTest, PassesAnUpgradedConnectionThrough)
{
    serve_shop();

    const auto received = test::run(upgrade_and_echo(https(), (folder.path() / "ca.pem").string()));

    ASSERT_TRUE(received) << received.error().message();
    EXPECT_THAT(*received, testing::StartsWith("HTTP/1.1 101"));
    EXPECT_THAT(*received, testing::EndsWith("\r\n\r\nround trip"));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n")) << "the edge still serves";
}

TEST_F(EdgeTest, PassesNoSwitchOfProtocolsThatWasNotAskedFor)
{
    serve_shop();

    EXPECT_THAT(https("shop.test", "/switch", "-i"), HasSubstr("HTTP/1.1 502"));
    EXPECT_THAT(https("shop.test", "/switch", "-i -H 'Transfer-Encoding: chunked' --data-binary x"),
                HasSubstr("HTTP/1.1 502"));
}

TEST_F(EdgeTest, KeepsRequestsBelowThePrefixOfTheUpstream)
{
    serve_shop();
    auto below = route("ep_p", {"prefix.test"}, {});
    std::get<feed::RouteEntry>(*below.entry).upstream += "/app";
    apply({certificate("crt_p", "", {"prefix.test"}), group("crt_p"), below});

    EXPECT_THAT(https("prefix.test", "/headers?a=../b"), HasSubstr("GET /app/headers?a=../b\n"));
    EXPECT_THAT(https("prefix.test", "/../headers", "--path-as-is"), HasSubstr("400 Bad Request"));
    EXPECT_THAT(https("prefix.test", "/%2e%2e/headers", "--path-as-is"), HasSubstr("400 Bad Request"));
}

TEST_F(EdgeTest, NeverConnectsToLinkLocalUpstreams)
{
    serve_shop();
    auto forbidden = route("ep_m", {"shop.test"}, {"crt_a"});
    std::get<feed::RouteEntry>(*forbidden.entry).upstream = "http://169.254.169.254";
    apply({forbidden});

    EXPECT_THAT(https("shop.test", "/latest/meta-data"), HasSubstr("does not connect to"));

    const auto allowed = usual_upstreams();
    for (const auto* address : {"0.0.0.0", "169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "ff02::1",
                                "255.255.255.255", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"}) {
        EXPECT_FALSE(allowed(boost::asio::ip::make_address(address))) << address;
    }
    for (const auto* address :
         {"127.0.0.1", "10.0.0.1", "198.51.100.1", "::1", "fd00::1", "2600::1", "64:ff9b::c633:6401"}) {
        EXPECT_TRUE(allowed(boost::asio::ip::make_address(address))) << address;
    }
}

TEST_F(EdgeTest, ATenantsUpstreamNameDoesNotLeadIntoOurOwnNetwork)
{
    serve_shop();
    auto shop = route("ep_a", {"shop.test"}, {"crt_a"});
    auto& entry = std::get<feed::RouteEntry>(*shop.entry);
    entry.upstream = fmt::format("http://localhost:{}", origin_port);
    entry.tenant = model::own_tenant;
    apply({shop});
    EXPECT_THAT(https("shop.test", "/headers"), HasSubstr("GET /headers"));

    entry.tenant = "globex";
    apply({shop});
    EXPECT_THAT(https("shop.test", "/headers"), HasSubstr("does not connect to"));

    entry.upstream = fmt::format("http://127.0.0.1:{}", origin_port);  // judged by who accepted the endpoint
    apply({shop});
    EXPECT_THAT(https("shop.test", "/headers"), HasSubstr("GET /headers"));
}

TEST_F(EdgeTest, ConnectionsThatDoNotShakeHandsCountAsConnections)
{
    stop();
    auto few = options();
    few.threads = 1;
    few.loop.most_connections = 1;
    edge = Edge::start(few, clock).value();
    serve_shop();
    const auto silent = test::run(loop, net::connect("127.0.0.1", https(), std::chrono::seconds(5)));
    ASSERT_TRUE(silent);

    EXPECT_THAT(https("shop.test", "/"), Not(HasSubstr("hello\n")));

    (*silent)->close();
    std::string answer;
    for (int i = 0; i < 100 && !answer.starts_with("hello\n"); ++i) {
        answer = https("shop.test", "/");
    }
    EXPECT_THAT(answer, HasSubstr("hello\n"));
}

TEST_F(EdgeTest, AsksTheOriginWithoutALengthWhereThereIsNoBody)
{
    serve_shop();

    EXPECT_THAT(https("shop.test", "/headers"), Not(HasSubstr("Content-Length")));
    EXPECT_THAT(https("shop.test", "/headers", "-X POST -d ''"), HasSubstr("Content-Length: 0"));
}

TEST_F(EdgeTest, SpeaksHttp2WithTheSameAnswers)
{
    serve_shop();
    apply({route("ep_b", {"other.test"}, {})});
    test::write_file(folder.path() / "large", std::string(3U << 20, 'x'));
    const auto file = (folder.path() / "large").string();

    EXPECT_THAT(https("shop.test", "/", "--http2 -w '%{http_version}'"), HasSubstr("hello\n2"));
    EXPECT_THAT(https("shop.test", "/headers", "--http2"),
                HasSubstr(fmt::format("Host: shop.test:{}\n", https())));
    EXPECT_THAT(https("shop.test", "/", "--http2 -i -H 'Host: other.test'"), HasSubstr("HTTP/2 421"));
    EXPECT_THAT(
        https("shop.test", "/echo", "--http2 -o /dev/null -w '%{size_download}' --data-binary @" + file),
        HasSubstr("3145728"));
    EXPECT_THAT(https("shop.test", "/headers", "--http2 -X DELETE"), HasSubstr("DELETE /headers\n"));
    EXPECT_THAT(https("shop.test", "/close", "--http2 -i"), HasSubstr("HTTP/2 502"));
}

TEST_F(EdgeTest, TellsAnOriginThatFailsFromTroubleWithHttps)
{
    serve_shop();
    auto dead = route("ep_d", {"dead.test"}, {"crt_d"});
    std::get<feed::RouteEntry>(*dead.entry).upstream = fmt::format("http://127.0.0.1:{}", test::free_port());
    apply({dead, certificate("crt_d", "ep_d", {"dead.test"})});

    const auto refused = https("dead.test", "/", "-i");
    EXPECT_THAT(refused, HasSubstr("HTTP/1.1 502"));
    EXPECT_THAT(refused, HasSubstr("refused the connection"));
    EXPECT_THAT(refused, HasSubstr("Request id: "));
    EXPECT_THAT(https("shop.test", "/slow", "-i"), HasSubstr("HTTP/1.1 504"));
    EXPECT_THAT(https("shop.test", "/close", "-i"), HasSubstr("HTTP/1.1 502"));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

TEST_F(EdgeTest, ServesAfterARestartWithoutControl)
{
    serve_shop();
    stop();

    start();

    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
    EXPECT_EQ(edge->sink().position(), (model::Position{"e", number}));
}

TEST_F(EdgeTest, StopsAtOnceWhenNoRequestIsInFlight)
{
    serve_shop();
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));  // Leaves an idle connection to the origin.

    const auto before = std::chrono::steady_clock::now();
    stop();

    EXPECT_LT(std::chrono::steady_clock::now() - before, options().loop.forward.answer / 2);
}

TEST_F(EdgeTest, LetsRequestsInFlightEndWhenItStops)
{
    serve_shop();
    std::string dripped;
    std::thread client([&] { dripped = https("shop.test", "/drip"); });
    while (edge->counters()[0]->requests + edge->counters()[1]->requests == 0) {
        std::this_thread::yield();
    }

    stop();
    client.join();

    EXPECT_THAT(dripped, HasSubstr("drop 9\n"));
    EXPECT_THAT(dripped, HasSubstr("exit 0"));
}

TEST_F(EdgeTest, SaysWhichPortIsTaken)
{
    auto taken = options();
    taken.folder = folder.path() / "second";
    boost::asio::ip::tcp::acceptor other(loop, {boost::asio::ip::make_address("127.0.0.1"), 0}, false);
    taken.https = {other.local_endpoint()};

    const auto second = Edge::start(taken, clock);

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), "port_in_use");
}

}  // namespace
}  // namespace edge
