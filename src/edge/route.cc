#include "edge/route.h"

#include "base/log.h"

#include <algorithm>
#include <charconv>

namespace edge {

namespace {

base::Error bad(std::string_view url, std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("upstream {}: {}", url, why))
        .with_code("upstream_invalid");
}

struct HostPort {
    std::string_view host;
    std::string_view port;  // with colon; empty when absent
};

HostPort split(std::string_view authority)
{
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        if (close == std::string_view::npos) {
            return {};
        }
        return {authority.substr(1, close - 1), authority.substr(close + 1)};
    }
    const auto colon = std::min(authority.find(':'), authority.size());
    return {authority.substr(0, colon), authority.substr(colon)};
}

}  // namespace

base::Result<Upstream> parse_upstream(std::string_view url)
{
    const auto mark = url.find("://");
    const auto scheme = url.substr(0, std::min(mark, url.size()));
    if (scheme != "http" && scheme != "https") {
        return base::fail(bad(url, "it begins with neither http:// nor https://"));
    }
    const auto rest = url.substr(mark + 3);
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto [host, port] = split(rest.substr(0, slash));
    if (host.empty() || rest.find_first_of("?#@ ") != std::string_view::npos) {
        return base::fail(bad(url, "it needs a host, and neither user, query nor fragment"));
    }
    Upstream upstream;
    upstream.origin.scheme = scheme;
    upstream.origin.host = host;
    upstream.origin.port = scheme == "https" ? 443 : 80;
    if (!port.empty()) {
        const auto digits = port.substr(1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), upstream.origin.port);
        if (port.front() != ':' || error != std::errc() || end != digits.data() + digits.size() ||
            upstream.origin.port == 0) {
            return base::fail(bad(url, "its port is not a number from 1 to 65535"));
        }
    }
    const auto literal = host.contains(':') ? fmt::format("[{}]", host) : std::string(host);
    upstream.name = fmt::format("{}://{}:{}", scheme, literal, upstream.origin.port);
    upstream.prefix = rest.substr(slash);
    while (upstream.prefix.ends_with('/')) {
        upstream.prefix.pop_back();
    }
    return upstream;
}

namespace {

bool is_address(const std::string& host)
{
    boost::system::error_code failure;
    boost::asio::ip::make_address(host, failure);
    return !failure;
}

}  // namespace

namespace {

void add_upstream(Route& route, const std::string& tenant, const std::string& url)
{
    auto upstream = parse_upstream(url);
    if (!upstream) {
        base::log::error("edge_upstream_unreadable",
                         {{"endpoint", route.endpoint}, {"error", upstream.error().message()}});
        return;
    }
    // A literal address was judged when the endpoint was made; what a name leads to can change at any time.
    auto& origin = upstream->origin;
    origin.public_only = tenant != model::own_tenant && !is_address(origin.host);
    route.upstreams.push_back(std::move(*upstream));
}

void add_upstreams(Route& route, feed::RouteEntry& entry)
{
    if (!entry.upstream.empty()) {
        add_upstream(route, entry.tenant, entry.upstream);
    }
    for (const auto& url : entry.forwarding.more_upstreams) {
        add_upstream(route, entry.tenant, url);
    }
    route.forwarding = std::move(entry.forwarding);
    route.forwarding.more_upstreams.clear();
}

// RFC 6797 6.1.
std::string hsts_value(const model::Hsts& hsts)
{
    if (hsts.max_age <= 0) {
        return {};
    }
    return fmt::format("max-age={}{}{}", hsts.max_age, hsts.subdomains ? "; includeSubDomains" : "",
                       hsts.preload ? "; preload" : "");
}

}  // namespace

std::shared_ptr<const Route> make_route(FoundRoute found)
{
    auto route = std::make_shared<Route>();
    route->endpoint = std::move(found.route.endpoint);
    route->suspended = found.route.suspended;
    route->own_challenges = found.route.own_challenges;
    route->redirect = std::move(found.route.redirect);
    route->certificates = std::move(found.certificates);
    route->hsts = hsts_value(found.route.hsts);
    route->plain_http = found.route.plain_http;
    add_upstreams(*route, found.route);
    if (found.route.filter_at == model::FilterAt::edge && !found.route.ip_filter.empty()) {
        route->filtered = true;
        if (auto allowed = net::AddressSet::parse(found.route.ip_filter)) {
            route->allowed = std::move(*allowed);
        } else {
            base::log::error("edge_filter_unreadable",
                             {{"endpoint", route->endpoint}, {"error", allowed.error().message()}});
        }
    }
    return route;
}

bool concerns(std::string_view name, std::string_view host)
{
    const auto dot = std::min(host.find('.'), host.size());
    return name == host || (name.starts_with("*.") && name.substr(1) == host.substr(dot));
}

bool covers(const CertificateFacts& certificate, std::string_view host)
{
    const auto dot = host.find('.');
    return std::ranges::any_of(certificate.identifiers, [&](std::string_view identifier) {
        return identifier == host || (identifier.starts_with("*.") && dot != std::string_view::npos &&
                                      dot > 0 && identifier.substr(1) == host.substr(dot));
    });
}

}  // namespace edge
