#include "edge/upstream_checks.h"

#include "net/proxy_protocol.h"

namespace edge {

namespace {

constexpr std::chrono::seconds between_checks{2};
constexpr std::chrono::seconds longest_check{2};
constexpr std::size_t most_checks_at_once = 32;

http::RequestHead health_question(const UpstreamHealth::Watched& watched)
{
    http::RequestHead head;
    head.method = "GET";
    head.target = watched.upstream.prefix + watched.path;
    const auto& name = watched.upstream.name;
    head.authority = name.substr(name.find("://") + 3);  // "[2001:db8::1]:8080": as a URL has it
    head.headers.add("User-Agent", "certwright-health");
    return head;
}

}  // namespace

boost::asio::awaitable<void> UpstreamChecks::run()
{
    while (true) {
        co_await base::sleep_for(between_checks);
        const auto& all = health_.watched();
        auto next = all.upper_bound(last_);
        for (std::size_t i = 0; i < all.size() && under_way_ < most_checks_at_once; ++i) {
            next = next == all.end() ? all.begin() : next;
            last_ = next->first;
            ++under_way_;
            tasks_.spawn("upstream_check", check(next->first, next->second));
            ++next;
        }
    }
}

boost::asio::awaitable<void> UpstreamChecks::check(std::string key, UpstreamHealth::Watched watched)
{
    auto origin = watched.upstream.origin;
    if (watched.proxy_protocol) {
        origin.preamble = net::own_proxy_header();
    }
    auto answer = co_await pool_.send(std::move(origin), health_question(watched), longest_check);
    --under_way_;
    health_.checked(key, answer && answer->head.status >= 200 && answer->head.status < 400);
    if (answer && answer->connection->body_ended()) {
        pool_.release(std::move(answer->connection));
    }
}

}  // namespace edge
