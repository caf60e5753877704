// An edge behind a real HAProxy that speaks the PROXY protocol, and what its access log says of visitors.
#include "edge_fixture.h"

#include <gmock/gmock.h>

namespace edge {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class EdgeProxied : public EdgeTest {
protected:
    EdgeProxied() : haproxy(restart_and_configure(), {}, folder.path() / "haproxy.log") {}

    std::vector<std::string> restart_and_configure()
    {
        stop();
        auto changed = options();
        changed.loop.proxies = net::AddressSet::parse({"127.0.0.0/8"}).value();
        changed.loop.access_log = log();
        edge = Edge::start(std::move(changed), clock).value();
        const auto listen = [&](const char* name, std::uint16_t port, const char* version) {
            return fmt::format("listen {}\n  bind 127.0.0.1:{}\n  server edge 127.0.0.1:{} {}\n", name, port,
                               https(), version);
        };
        const auto file = folder.path() / "haproxy.cfg";
        test::write_file(
            file,
            "defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 30s\n  timeout server "
            "30s\n" +
                listen("one", ports[0], "send-proxy") + listen("two", ports[1], "send-proxy-v2"));
        return {"haproxy", "-db", "-f", file.string()};
    }
    std::filesystem::path log() const { return folder.path() / "access.log"; }
    std::string ask(std::uint16_t port, const std::string& from, const std::string& options = "")
    {
        return shell(
            fmt::format("curl -s -S -m 20 --noproxy '*' --cacert {}/ca.pem --interface {} {} --resolve "
                        "'shop.test:{}:127.0.0.1' https://shop.test:{}/headers",
                        folder.path().string(), from, options, port, port));
    }

    std::array<std::uint16_t, 2> ports{test::free_port(), test::free_port()};
    test::Child haproxy;
};

TEST_F(EdgeProxied, VisitorsAreWhomTheLoadBalancerSays)
{
    ASSERT_TRUE(test::wait_for_port(haproxy, ports[0]) && test::wait_for_port(haproxy, ports[1]));
    auto filtered = route("ep_a", {"shop.test"}, {"crt_a"});
    std::get<feed::RouteEntry>(*filtered.entry).ip_filter = {"127.0.0.9"};
    apply({certificate("crt_a", "ep_a", {"shop.test"}), filtered});

    for (const auto port : ports) {
        for (const std::string version : {"--http1.1", "--http2"}) {
            EXPECT_THAT(ask(port, "127.0.0.9", version), HasSubstr("X-Forwarded-For: 127.0.0.9\n")) << port;
            EXPECT_THAT(ask(port, "127.0.0.8", version + " -i"), HasSubstr(" 403")) << port;
        }
    }
    EXPECT_THAT(ask(https(), "127.0.0.9"), Not(HasSubstr("X-Forwarded-For"))) << "without the header: closed";

    stop();  // Writes what is left.
    const auto lines = test::read_file(log());
    EXPECT_THAT(lines, ContainsRegex("shop.test:[0-9]+ 127.0.0.9 - - .*\"GET /headers HTTP/2.0\" 200 [1-9]"));
    EXPECT_THAT(lines, ContainsRegex("shop.test:[0-9]+ 127.0.0.8 - - .*\"GET /headers HTTP/1.1\" 403 [1-9]"));
    EXPECT_EQ(std::ranges::count(lines, '\n'), 8);
}

}  // namespace
}  // namespace edge
