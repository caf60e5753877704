// How an edge serves an endpoint: upstreams, Strict-Transport-Security, plain HTTP.
#include "endpoints/service.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

constexpr std::size_t most_upstreams = 16;
constexpr std::size_t longest_path = 1'000;
constexpr std::int64_t year = 365LL * 24 * 3'600;

base::Error wrong(std::string_view code, std::string text, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(text))
        .with_code(std::string(code))
        .with_fix(std::move(fix));
}

base::Result<> check_hsts(const model::Hsts& hsts, model::PlainHttp plain_http)
{
    if (hsts.max_age < 0 || hsts.max_age > model::Hsts::longest) {
        return base::fail(
            wrong("hsts_invalid", "max_age is not between 0 and ten years",
                  "Begin with a few days, and raise it once all of the site works over HTTPS."));
    }
    if (hsts.max_age == 0 && (hsts.subdomains || hsts.preload)) {
        return base::fail(wrong("hsts_invalid", "subdomains and preload need a max_age",
                                "Give max_age, in seconds: 31536000 is a year."));
    }
    const bool fit = hsts.subdomains && hsts.max_age >= year && plain_http == model::PlainHttp::redirect;
    if (hsts.preload && !fit) {
        return base::fail(
            wrong("hsts_invalid",
                  "browsers' preload lists take only a year or more, with subdomains, and names "
                  "whose port 80 redirects",
                  "Give max_age 31536000 and subdomains, or leave preload out."));
    }
    return {};
}

base::Result<> check_limits(const model::Forwarding& forwarding)
{
    for (const auto limit : {forwarding.connect, forwarding.answer, forwarding.idle}) {
        if (limit.count() < 0 || limit > model::Forwarding::longest_wait) {
            return base::fail(wrong("forwarding_invalid", "a time limit is not between 0 and 3600 seconds",
                                    "Give seconds; 0 for the edge's usual limit."));
        }
    }
    const auto& path = forwarding.health_path;
    const bool printable = std::ranges::all_of(
        path, [](unsigned char each) { return each > ' ' && each < 0x7f && each != '#'; });
    if (!path.empty() && (!path.starts_with('/') || path.size() > longest_path || !printable)) {
        return base::fail(
            wrong("forwarding_invalid", "health_path is not a path",
                  "Write a path such as /healthz, which a healthy server answers with 2xx or 3xx."));
    }
    return {};
}

bool is_usual(const model::Endpoint& endpoint)
{
    return endpoint.forwarding == model::Forwarding() && endpoint.hsts == model::Hsts() &&
           endpoint.plain_http == model::PlainHttp::redirect;
}

}  // namespace

model::Forwarding ForwardingChange::of(model::Forwarding before) const
{
    before.more_upstreams = more_upstreams.value_or(before.more_upstreams);
    before.connect = connect.value_or(before.connect);
    before.answer = answer.value_or(before.answer);
    before.idle = idle.value_or(before.idle);
    before.proxy_protocol = proxy_protocol.value_or(before.proxy_protocol);
    before.health_path = health_path.value_or(before.health_path);
    return before;
}

base::Result<> Service::check_serving(const Caller& caller, model::Endpoint& endpoint,
                                      const model::Endpoint* before) const
{
    if (endpoint.behind_proxies && !is_usual(endpoint)) {
        return base::fail(wrong("edge_setting", "proxies of others serve this name: our edges do not",
                                "Set this in the configuration of those proxies."));
    }
    CHECKED(check_hsts(endpoint.hsts, endpoint.plain_http));
    CHECKED(check_limits(endpoint.forwarding));
    auto& more = endpoint.forwarding.more_upstreams;
    if (before != nullptr && more == before->forwarding.more_upstreams) {
        return {};
    }
    if (more.size() >= most_upstreams) {
        return base::fail(wrong("upstream_invalid",
                                fmt::format("an endpoint has at most {} upstreams", most_upstreams),
                                "Put a load balancer before so many servers."));
    }
    for (auto& url : more) {
        TRY(upstream, check_one_upstream(caller, endpoint, url));
        url = std::move(upstream);
    }
    return {};
}

}  // namespace endpoints
