// How an endpoint's settings change what an edge serves: Strict-Transport-Security, plain HTTP, several
// upstreams, time limits, the PROXY protocol to a real nginx.
#include "edge_fixture.h"

#include <gmock/gmock.h>

namespace edge {
namespace {

using testing::HasSubstr;
using testing::Not;

class EdgeServing : public EdgeTest {
protected:
    feed::RouteEntry shop()
    {
        return std::get<feed::RouteEntry>(*route("ep_a", {"shop.test"}, {"crt_a"}).entry);
    }
    void serve(const feed::RouteEntry& entry)
    {
        apply({certificate("crt_a", "ep_a", {"shop.test"}), {model::RevisionKind::route, "ep_a", entry}});
    }
    std::string another_origin(const std::string& page)
    {
        const auto port = test::free_port();
        const auto place = folder.path() / page;
        std::filesystem::create_directories(place);
        test::write_file(
            place / "nginx.conf",
            fmt::format("daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n"
                        "events {{}}\nhttp {{ access_log off; client_body_temp_path {0};\n"
                        "proxy_temp_path {0}; fastcgi_temp_path {0}; uwsgi_temp_path {0};\n"
                        "scgi_temp_path {0};\n"
                        "server {{ listen 127.0.0.1:{1}; location / {{ return 200 \"{2}\\n\"; }} }} }}\n",
                        place.string(), port, page));
        nginx.push_back(std::make_unique<test::Child>(
            std::vector<std::string>{"nginx", "-p", place.string(), "-c", (place / "nginx.conf").string()},
            std::map<std::string, std::string>{}, place / "log"));
        EXPECT_TRUE(test::wait_for_port(*nginx.back(), port));
        return fmt::format("http://127.0.0.1:{}", port);
    }
    static std::string dead_origin() { return fmt::format("http://127.0.0.1:{}", test::free_port()); }

    std::vector<std::unique_ptr<test::Child>> nginx;
};

TEST_F(EdgeServing, SaysHstsOnceAndOverTlsOnly)
{
    auto entry = shop();
    entry.hsts = {31'536'000, true, true};
    entry.plain_http = model::PlainHttp::serve;
    serve(entry);

    for (const auto* version : {"--http1.1", "--http2"}) {
        const auto said = https("shop.test", "/hsts", std::string("-i ") + version);
        EXPECT_THAT(said, HasSubstr("trict-"));
        EXPECT_THAT(said, HasSubstr("ransport-"));
        EXPECT_THAT(said, HasSubstr(": max-age=31536000; includeSubDomains; preload"));
        EXPECT_THAT(said, Not(HasSubstr("max-age=1\r"))) << "what the upstream says is replaced";
    }
    EXPECT_THAT(http("shop.test", "/", "-i"), Not(HasSubstr("31536000")));

    entry.hsts = {};
    serve(entry);
    EXPECT_THAT(https("shop.test", "/hsts", "-i"), HasSubstr("max-age=1\r")) << "without ours it stays";
}

TEST_F(EdgeServing, PlainHttpRedirectsOrServesOrRefuses)
{
    auto entry = shop();
    serve(entry);
    EXPECT_THAT(http("shop.test", "/page", "-i"), HasSubstr("HTTP/1.1 301"));

    entry.plain_http = model::PlainHttp::serve;
    serve(entry);
    EXPECT_THAT(http("shop.test", "/headers"), HasSubstr("X-Forwarded-Proto: http\n"));
    entry.ip_filter = {"192.0.2.0/24"};
    serve(entry);
    EXPECT_THAT(http("shop.test", "/", "-i"), HasSubstr("HTTP/1.1 403")) << "the filter holds there too";
    entry.ip_filter.clear();

    entry.plain_http = model::PlainHttp::refuse;
    serve(entry);
    EXPECT_THAT(http("shop.test", "/", "-i"), HasSubstr("HTTP/1.1 403"));
    apply({group("")});
    EXPECT_THAT(http("shop.test", "/.well-known/acme-challenge/token1"),
                HasSubstr("token1.the-default-thumbprint"));
}

TEST_F(EdgeServing, UpstreamsTakeTurnsAndADeadOneIsNotNoticed)
{
    auto entry = shop();
    entry.upstream = another_origin("one");
    entry.forwarding.more_upstreams = {another_origin("two"), dead_origin()};
    serve(entry);

    std::string answers;
    for (int i = 0; i < 6; ++i) {
        answers += https("shop.test", "/", i % 2 == 0 ? "" : "--data-binary x");
        answers += https("shop.test", "/", "-H 'Transfer-Encoding: chunked' --data-binary streamed");
    }
    EXPECT_THAT(answers, HasSubstr("one"));
    EXPECT_THAT(answers, HasSubstr("two"));
    EXPECT_THAT(answers, Not(HasSubstr("502"))) << answers;

    entry.forwarding.more_upstreams.pop_back();
    serve(entry);
    nginx.pop_back();  // two
    answers.clear();
    for (int i = 0; i < 6; ++i) {
        answers += https("shop.test", "/");
    }
    EXPECT_THAT(answers, Not(HasSubstr("502"))) << answers;
    EXPECT_THAT(answers, Not(HasSubstr("two")));

    nginx.clear();
    EXPECT_THAT(https("shop.test", "/", "-i"), HasSubstr("HTTP/1.1 502"))
        << "all are dead: one is asked all the same";
}

TEST_F(EdgeServing, ARequestWithoutHarmGoesToAnotherUpstreamWhenOneClosesWithoutAnAnswer)
{
    auto entry = shop();
    entry.forwarding.more_upstreams = {another_origin("other")};
    serve(entry);

    std::string gets;
    std::string posts;
    for (int i = 0; i < 4; ++i) {
        gets += https("shop.test", "/close", "-i");
        posts += https("shop.test", "/close", "-i --data-binary x");
    }
    EXPECT_THAT(gets, Not(HasSubstr("502"))) << gets;
    EXPECT_THAT(posts, HasSubstr("502")) << "what may have been done is not done twice";
}

TEST_F(EdgeServing, TimeLimitsAreTheEndpoints)
{
    auto entry = shop();
    entry.forwarding.answer = std::chrono::seconds(1);
    serve(entry);
    const auto before = std::chrono::steady_clock::now();
    EXPECT_THAT(https("shop.test", "/slow", "-i"), HasSubstr("HTTP/1.1 504"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(15));
    entry.forwarding.answer = std::chrono::seconds(4);
    serve(entry);
    const auto second = std::chrono::steady_clock::now();
    EXPECT_THAT(https("shop.test", "/slow", "-i"), HasSubstr("HTTP/1.1 504"));
    EXPECT_GT(std::chrono::steady_clock::now() - second, std::chrono::seconds(3))
        << "the usual limit is shorter";
}

TEST_F(EdgeServing, AnUpstreamWhoseHealthPathFailsGetsNoRequests)
{
    auto entry = shop();
    entry.upstream = another_origin("well");
    entry.forwarding.more_upstreams = {fmt::format("http://127.0.0.1:{}", origin_port)};
    entry.forwarding.health_path = "/refuse";  // nginx has it, the other origin says 413
    serve(entry);

    const auto ask = [&] {
        std::string answers;
        for (int i = 0; i < 8; ++i) {
            answers += https("shop.test", "/");
        }
        return answers;
    };
    EXPECT_THAT(ask(), HasSubstr("hello")) << "both serve until they are checked";
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (ask().contains("hello") && std::chrono::steady_clock::now() < deadline) {}
    const auto answers = ask();
    EXPECT_THAT(answers, Not(HasSubstr("hello")));
    EXPECT_THAT(answers, HasSubstr("well"));
}

TEST_F(EdgeServing, TellsNginxWhoTheVisitorIsByTheProxyProtocol)
{
    const auto plain = test::free_port();
    const auto tls = test::free_port();
    const auto place = (folder.path() / "proxied").string();
    std::filesystem::create_directories(place);
    const auto key = test::new_key();
    test::CertificateShape shape;
    shape.names = {"localhost"};
    test::write_file(place + "/chain.pem", ca.issue(key, shape));
    test::write_file(place + "/key.pem", key.to_pem());
    test::write_file(
        place + "/nginx.conf",
        fmt::format(
            "daemon off; master_process off; pid {0}/pid; error_log {0}/error.log;\n"
            "events {{}}\nhttp {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0};\n"
            "fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n"
            "server {{ listen 127.0.0.1:{1} proxy_protocol; listen 127.0.0.1:{2} ssl proxy_protocol;\n"
            "ssl_certificate {0}/chain.pem; ssl_certificate_key {0}/key.pem;\n"
            "location / {{ return 200 \"$proxy_protocol_addr $proxy_protocol_server_port $scheme\\n\"; }} }} "
            "}}\n",
            place, plain, tls));
    test::Child proxied({"nginx", "-p", place, "-c", place + "/nginx.conf"}, {}, place + "/log");
    ASSERT_TRUE(test::wait_for_port(proxied, plain));
    stop();
    auto with_trust = options();
    with_trust.loop.upstream_trust_file = (folder.path() / "ca.pem").string();
    edge = Edge::start(std::move(with_trust), clock).value();

    auto entry = shop();
    entry.forwarding.proxy_protocol = true;
    entry.upstream = fmt::format("http://127.0.0.1:{}", plain);
    serve(entry);
    const auto over_v4 = fmt::format("127.0.0.1 {} http\n", https());
    EXPECT_THAT(https("shop.test", "/"), HasSubstr(over_v4));
    EXPECT_THAT(https("shop.test", "/", "--http2"), HasSubstr(over_v4));
    EXPECT_THAT(https("shop.test", "/again", "https://shop.test:" + std::to_string(https()) + "/first"),
                HasSubstr(over_v4 + over_v4))
        << "a kept connection";
    EXPECT_THAT(https("shop.test", "/", "--interface 127.0.0.9"),
                HasSubstr(fmt::format("127.0.0.9 {} http\n", https())))
        << "another visitor";
    entry.tenant = model::own_tenant;  // whose names may lead to private addresses
    entry.upstream = fmt::format("https://localhost:{}", tls);
    serve(entry);
    EXPECT_THAT(https("shop.test", "/"), HasSubstr(fmt::format("127.0.0.1 {} https\n", https())));
}

}  // namespace
}  // namespace edge
