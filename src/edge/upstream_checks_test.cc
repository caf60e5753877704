#include "edge/upstream_checks.h"

#include "http/testing/http1_server.h"

#include <gtest/gtest.h>

#include <set>

namespace edge {
namespace {

// Many more than are asked at once; none answers before all of its round have been asked.
TEST(UpstreamChecks, EveryUpstreamGetsItsTurn)
{
    constexpr std::size_t routes = 100;
    boost::asio::io_context loop(1);
    std::set<std::string> asked;
    test::FunctionHandler handler([&](http::Exchange& exchange) -> boost::asio::awaitable<void> {
        asked.insert(exchange.request().target);
        return [](http::Exchange& answered) -> boost::asio::awaitable<void> {
            co_await base::sleep_for(std::chrono::milliseconds(50));
            static_cast<void>(co_await http::send_text(answered, 200, "text/plain", "well"));
        }(exchange);
    });
    test::Http1Server server(loop, handler);
    http::UpstreamPool pool(http::PoolLimits(), net::AddressPolicy(), "");
    UpstreamHealth health;
    const auto use_all = [&] {
        for (std::size_t i = 0; i < routes; ++i) {
            Route route;
            route.endpoint = fmt::format("ep_{}", i);
            const auto upstream = parse_upstream(fmt::format("http://127.0.0.1:{}", server.port())).value();
            route.upstreams = {upstream, upstream};
            route.forwarding.health_path = fmt::format("/{}", i);
            health.choose(route);
        }
    };
    use_all();
    base::TaskGroup tasks(loop.get_executor());
    UpstreamChecks checks(pool, health, tasks);
    tasks.spawn("checks", checks.run());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::size_t after_one_round = 0;
    while (asked.size() < routes && std::chrono::steady_clock::now() < deadline) {
        loop.run_for(std::chrono::milliseconds(100));
        after_one_round = after_one_round == 0 ? asked.size() : after_one_round;
        use_all();  // They stay in use.
    }
    EXPECT_EQ(asked.size(), routes);
    EXPECT_LE(after_one_round, 32U);
    test::run(loop, tasks.stop());
    pool.clear();
}

}  // namespace
}  // namespace edge
