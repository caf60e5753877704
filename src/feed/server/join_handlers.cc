#include "feed/server/join_handlers.h"

#include "feed/server/problem_answer.h"

#include <boost/json.hpp>

namespace feed {

namespace {

constexpr std::size_t largest_request = 8192;
constexpr std::string_view bearer = "Bearer ";

base::Result<base::Bytes> request_in(std::string_view body)
{
    boost::system::error_code broken;
    const auto document = boost::json::parse(body, broken);
    const auto* object = broken ? nullptr : document.if_object();
    const auto* member = object == nullptr ? nullptr : object->if_contains("request");
    const auto* text = member == nullptr ? nullptr : member->if_string();
    if (text == nullptr) {
        return base::fail(base::Error(base::Errc::invalid, "the body is JSON with the member request")
                              .with_code("bad_request"));
    }
    return base::from_base64url(*text);
}

std::string field(const http::Exchange& exchange, std::string_view name)
{
    return std::string(exchange.request().headers.find(name).value_or(""));
}

}  // namespace

JoinHandlers::JoinHandlers(Members& members, Hash hash) : members_(members), hash_(std::move(hash)) {}

void JoinHandlers::add_to(http::Router& router)
{
    router.add("GET", "/feed/v1/root",
               [this](http::Exchange& exchange, const http::RouteMatch&) { return root(exchange); });
    router.add("POST", "/feed/v1/join", [this](http::Exchange& exchange, const http::RouteMatch&) {
        return answer(exchange, &JoinHandlers::join);
    });
    router.add("POST", "/feed/v1/renew", [this](http::Exchange& exchange, const http::RouteMatch&) {
        return answer(exchange, &JoinHandlers::renew);
    });
}

boost::asio::awaitable<void> JoinHandlers::root(http::Exchange& exchange)
{
    const auto sent =
        co_await http::send_text(exchange, 200, "application/x-pem-file", std::string(members_.root_pem()));
    if (!sent) {
        exchange.reset();
    }
}

boost::asio::awaitable<void> JoinHandlers::answer(http::Exchange& exchange, Issue issue)
{
    auto issued = co_await issue_for(exchange, issue);
    base::Result<> sent;
    if (issued) {
        const boost::json::object body{{"edge", issued->edge},
                                       {"group", issued->group},
                                       {"chain", issued->chain},
                                       {"until", base::to_rfc3339(issued->until)}};
        sent = co_await http::send_text(exchange, 200, "application/json", boost::json::serialize(body));
    } else {
        sent = co_await send_problem(exchange, std::move(issued).error());
    }
    if (!sent) {
        exchange.reset();
    }
}

base::Task<Members::Certificate> JoinHandlers::issue_for(http::Exchange& exchange, Issue issue)
{
    CO_TRY(body, co_await http::read_all(exchange, largest_request));
    CO_TRY(request, request_in(body));
    co_return co_await (this->*issue)(exchange, std::move(request));
}

base::Task<Members::Certificate> JoinHandlers::join(http::Exchange& exchange, base::Bytes request)
{
    const auto given = field(exchange, "Authorization");
    if (!given.starts_with(bearer)) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "joining needs an invitation").with_code("unauthorized"));
    }
    auto hash = hash_(std::string_view(given).substr(bearer.size()));
    co_return co_await members_.join(std::move(hash), std::move(request),
                                     field(exchange, "Certwright-Node-Name"),
                                     field(exchange, "Certwright-Version"));
}

base::Task<Members::Certificate> JoinHandlers::renew(http::Exchange& exchange, base::Bytes request)
{
    auto edge = exchange.connection().client_name;
    if (edge.empty()) {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "renewing needs the certificate of an edge")
                .with_code("unauthorized"));
    }
    co_return co_await members_.renew(std::move(edge), std::move(request));
}

}  // namespace feed
