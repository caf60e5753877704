#include "http/router.h"

#include "http/uri.h"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace http {

namespace {

std::vector<std::string> split(std::string_view path)
{
    std::vector<std::string> segments;
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    for (;;) {
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) {
            return segments;
        }
        path.remove_prefix(slash + 1);
    }
}

bool is_parameter(std::string_view segment)
{
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_rest(std::string_view segment)
{
    return is_parameter(segment) && segment.ends_with("...}");
}

std::string name_of(std::string_view segment)
{
    return std::string(segment.substr(1, segment.size() - (is_rest(segment) ? 5 : 2)));
}

std::string joined(const std::vector<std::string>& segments, std::size_t from)
{
    std::string out;
    for (std::size_t i = from; i < segments.size(); ++i) {
        out += (i == from ? "" : "/") + segments[i];
    }
    return out;
}

std::optional<RouteMatch> match(const std::vector<std::string>& pattern, const std::vector<std::string>& path)
{
    RouteMatch found;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= path.size()) {
            return std::nullopt;
        }
        if (!is_parameter(pattern[i])) {
            if (pattern[i] != path[i]) {
                return std::nullopt;
            }
            continue;
        }
        auto value = percent_decode(is_rest(pattern[i]) ? joined(path, i) : path[i]);
        if (!value || (value->empty() && !is_rest(pattern[i]))) {
            return std::nullopt;
        }
        found.parameters[name_of(pattern[i])] = std::move(*value);
        if (is_rest(pattern[i])) {
            return found;
        }
    }
    return pattern.size() == path.size() ? std::optional(std::move(found)) : std::nullopt;
}

// Earlier literal segments win: literal, parameter, rest.
bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b)
{
    const auto rank = [](const std::string& segment) {
        if (is_rest(segment)) {
            return 2;
        }
        return is_parameter(segment) ? 1 : 0;
    };
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        [&](const auto& x, const auto& y) { return rank(x) < rank(y); });
}

base::Task<> send_problem(Exchange& exchange, int status, std::string code, std::string detail, Headers extra)
{
    const boost::json::object problem{{"type", "about:blank"},
                                      {"title", reason_phrase(status)},
                                      {"status", status},
                                      {"code", code},
                                      {"detail", detail}};
    auto body = boost::json::serialize(problem) + "\n";
    co_return co_await send_text(exchange, status, "application/problem+json", std::move(body),
                                 std::move(extra));
}

}  // namespace

void Router::add(std::string method, std::string pattern, RouteFunction function)
{
    auto segments = split(pattern);
    routes_.push_back(Route{std::move(method), std::move(pattern), std::move(segments), std::move(function)});
}

std::vector<std::pair<std::string, std::string>> Router::routes() const
{
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& route : routes_) {
        out.emplace_back(route.method, route.pattern);
    }
    return out;
}

boost::asio::awaitable<void> Router::handle(Exchange& exchange)
{
    const auto path = split(exchange.request().path());
    const auto& method = exchange.request().method;
    const Route* best = nullptr;
    RouteMatch found;
    std::string allowed;
    for (const auto& route : routes_) {
        auto matched = match(route.segments, path);
        if (!matched) {
            continue;
        }
        const bool right_method = route.method == method || (method == "HEAD" && route.method == "GET");
        if (!right_method) {
            allowed += (allowed.empty() ? "" : ", ") + route.method;
        } else if (best == nullptr || more_specific(route.segments, best->segments)) {
            best = &route;
            found = std::move(*matched);
        }
    }
    if (best != nullptr) {
        co_await best->function(exchange, std::move(found));
    } else if (!allowed.empty()) {
        Headers extra;
        extra.add("Allow", allowed);
        static_cast<void>(co_await send_problem(exchange, 405, "method_not_allowed", "use one of: " + allowed,
                                                std::move(extra)));
    } else if (otherwise_) {
        co_await otherwise_(exchange, RouteMatch());
    } else {
        static_cast<void>(
            co_await send_problem(exchange, 404, "not_found", "nothing is at this path", Headers()));
    }
}

}  // namespace http
