// An edge behind a real HAProxy that speaks the PROXY protocol, and what its access log says of visitors.
#include "edge_fixture.h"
#include "fakes/refusing_desk.h"

#include <gmock/gmock.h>

#include <thread>

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

// The desk on a thread of its own; `clients` may be read once the edge has stopped.
class DeskThread final : public test::RefusingDesk {
public:
    DeskThread() : work_(loop_.get_executor()), thread_([this] { loop_.run(); }) {}
    ~DeskThread() override
    {
        work_.reset();
        thread_.join();
    }
    boost::asio::any_io_executor executor() { return loop_.get_executor(); }

private:
    boost::asio::io_context loop_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

TEST_F(EdgeProxied, HandshakesAreLimitedByWhomTheLoadBalancerSays)
{
    ASSERT_TRUE(test::wait_for_port(haproxy, ports[0]) && test::wait_for_port(haproxy, ports[1]));
    DeskThread desk;
    const auto place = edge->https().front();
    stop();
    auto changed = options();
    changed.https = {place};  // where HAProxy looks for it
    changed.loop.proxies = net::AddressSet::parse({"127.0.0.0/8"}).value();
    changed.desk = &desk;
    changed.wishes.flood.client = {0.001, 2};
    edge = Edge::start(std::move(changed), clock, desk.executor()).value();
    auto pool = group("crt_p");
    std::get<model::EdgeGroup>(*pool.entry).pool = {{"https://www.{name}", 301, true}, 0};
    apply({certificate("crt_p", "", {"*.platform.test"}), pool});

    const auto shake_hands = [&](const std::string& name, const std::string& from, std::uint16_t port) {
        shell(
            fmt::format("curl -s -m 20 --noproxy '*' -k --interface {} --resolve '{}:{}:127.0.0.1' "
                        "https://{}:{}/",
                        from, name, port, name, port));
    };
    for (const std::string name : {"a1.test", "a2.test", "a3.test", "a4.test"}) {
        shake_hands(name, "127.0.0.9", ports[0]);
    }
    shake_hands("b1.test", "127.0.0.8", ports[1]);

    stop();
    EXPECT_THAT(desk.clients, testing::ElementsAre("127.0.0.9", "127.0.0.9", "127.0.0.8"))
        << "one visitor's rate is no other's, though all come by one load balancer";
}

}  // namespace
}  // namespace edge
