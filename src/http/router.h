// Router: picks the function of a request by method and path pattern.
#pragma once

#include "http/exchange.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http {

struct RouteMatch {
    std::map<std::string, std::string> parameters;  // by the name in braces, percent-decoded
};

using RouteFunction = std::function<boost::asio::awaitable<void>(Exchange&, RouteMatch)>;

// Patterns are paths whose segments are literal or `{name}`; a last segment `{name...}` takes the rest of the
// path. Literal segments win over parameters. HEAD is answered by GET's route. Unknown paths give 404, known
// paths with another method 405 with Allow; both as problem documents (RFC 9457). Add every route before
// serving; then safe from one executor.
class Router : public Handler {
public:
    void add(std::string method, std::string pattern, RouteFunction function);
    // Replaces the 404 answer (e.g. by the dashboard's page).
    void otherwise(RouteFunction function) { otherwise_ = std::move(function); }

    boost::asio::awaitable<void> handle(Exchange& exchange) override;

    // Every (method, pattern), in the order of add().
    std::vector<std::pair<std::string, std::string>> routes() const;

private:
    struct Route {
        std::string method;
        std::string pattern;
        std::vector<std::string> segments;
        RouteFunction function;
    };

    std::vector<Route> routes_;  // add()'s order
    RouteFunction otherwise_;
};

}  // namespace http
