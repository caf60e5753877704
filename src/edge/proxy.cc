#include "edge/proxy.h"

#include "base/log.h"
#include "edge/forwarded_head.h"
#include "edge/http_01.h"

#include <algorithm>
#include <exception>

namespace edge {

namespace {

bool is_safe(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

// Names compare without the final dot that some clients keep.
std::string host_of(const http::RequestHead& request)
{
    auto host = request.host();
    if (host.ends_with('.')) {
        host.remove_suffix(1);
    }
    return std::string(host);
}

base::Task<> send_page(http::Exchange& exchange, int status, std::string sentence)
{
    auto text = fmt::format("{} {}\n\n{}\n", status, http::reason_phrase(status), sentence);
    http::Headers extra{{"Cache-Control", "no-store"}};
    co_return co_await http::send_text(exchange, status, "text/plain; charset=utf-8", std::move(text),
                                       std::move(extra));
}

base::Task<> send_later(http::Exchange& exchange, std::string host)
{
    http::Headers extra{{"Retry-After", "5"}, {"Cache-Control", "no-store"}};
    co_return co_await http::send_text(exchange, 503, "text/plain; charset=utf-8",
                                       host + " cannot be looked up right now. Try again.\n",
                                       std::move(extra));
}

// With Strict-Transport-Security where `hsts` is not empty (RFC 6797 7.1: over TLS alone).
base::Task<> send_location(http::Exchange& exchange, int status, std::string location, std::string hsts = "")
{
    auto text = location + "\n";
    http::Headers extra{{"Location", std::move(location)}};
    if (!hsts.empty() && exchange.connection().tls) {
        extra.add("Strict-Transport-Security", std::move(hsts));
    }
    co_return co_await http::send_text(exchange, status, "text/plain; charset=utf-8", std::move(text),
                                       std::move(extra));
}

}  // namespace

Proxy::Proxy(IdentityCache& cache, const CertificateStore& store, boost::asio::thread_pool& workers,
             Forwarder& forwarder, Counters& counters, std::uint16_t https_port)
    : cache_(cache),
      store_(store),
      workers_(workers),
      forwarder_(forwarder),
      counters_(counters),
      https_port_(https_port)
{
}

boost::asio::awaitable<void> Proxy::handle(http::Exchange& exchange)
{
    return access_log_ == nullptr ? answer_or_reset(exchange) : answer_and_log(exchange);
}

boost::asio::awaitable<void> Proxy::answer_and_log(http::Exchange& exchange)
{
    const auto began = std::chrono::steady_clock::now();
    MeasuredExchange measured(exchange);
    std::exception_ptr stopped;
    try {
        co_await answer_or_reset(measured);
    } catch (...) {
        stopped = std::current_exception();
    }
    // Also when the client has ended its connection meanwhile: the origin has the request.
    access_log_->add(measured, std::chrono::steady_clock::now() - began);
    if (stopped) {
        std::rethrow_exception(stopped);
    }
}

boost::asio::awaitable<void> Proxy::answer_or_reset(http::Exchange& exchange)
{
    Counters::count(counters_.requests);
    const auto answered = co_await answer(exchange);
    if (!answered) {
        base::log::debug("exchange_reset", {{"error", answered.error().message()}});
        exchange.reset();
    }
}

base::Task<> Proxy::answer(http::Exchange& exchange)
{
    const auto& request = exchange.request();
    if (request.method == "TRACE") {
        // It would show a page's script what the browser hides from it.
        co_return co_await send_page(exchange, 405, "TRACE is not served.");
    }
    auto host = host_of(request);
    if (host.empty()) {
        co_return co_await send_page(exchange, 400, "The request does not say in Host which site it wants.");
    }
    if (is_challenge_path(request.path()) && is_safe(request.method)) {
        co_return co_await answer_challenge(exchange, std::move(host));
    }
    std::shared_ptr<const Route> route;
    if (const auto* hot = cache_.hot_route(host)) {
        route = *hot;
    } else {
        auto found = co_await cache_.route(host);
        if (!found) {
            base::log::warning("route_unavailable", {{"host", host}, {"error", found.error().message()}});
            co_return co_await send_later(exchange, std::move(host));
        }
        route = std::move(*found);
    }
    if (!route) {
        co_return co_await answer_unknown(exchange, std::move(host));
    }
    if (!exchange.connection().tls) {
        // A redirect leads to its own target at once.
        co_return route->redirect.none() ? co_await answer_plain(exchange, std::move(host), std::move(route))
                                         : co_await serve(exchange, std::move(route));
    }
    // Without SNI there is no name that the connection was opened for.
    const auto& server_name = exchange.connection().server_name;
    if (!server_name.empty() && server_name != host) {
        CO_TRY(own, co_await on_its_connection(exchange, host, route));
        if (!own) {
            co_return co_await misdirected(exchange, std::move(host));
        }
    }
    co_return co_await serve(exchange, std::move(route));
}

base::Task<> Proxy::answer_challenge(http::Exchange& exchange, std::string host)
{
    const auto token = challenge_token(exchange.request().path());
    CO_TRY(route, co_await cache_.route(host));
    if (route && route->own_challenges) {
        co_return co_await leave_challenge(exchange, std::move(host), std::move(route));
    }
    // A pool's name may be with this edge a moment after the CA is.
    const bool ours = route || cache_.default_covers(host) ||
                      cache_.on_demand().may_wish(cache_.group().pool, host) != OnDemand::May::no;
    std::string thumbprint;
    if (token && ours) {
        auto look = [&store = store_, token = *token] { return store.thumbprint_of(token); };
        CO_TRY(announced, co_await base::blocking(workers_, std::move(look)));
        if (!announced) {
            Counters::count(counters_.challenge_unexpected);
        }
        thumbprint = announced ? *announced : cache_.group().thumbprint;
    }
    if (thumbprint.empty()) {
        co_return co_await send_page(exchange, 404, "There is no challenge to answer here for " + host + ".");
    }
    Counters::count(counters_.challenges);
    auto body = key_authorization(*token, thumbprint);
    co_return co_await http::send_text(exchange, 200, "application/octet-stream", std::move(body));
}

// The app's own ACME client: no redirect and no filter may stand between it and its CA.
base::Task<> Proxy::leave_challenge(http::Exchange& exchange, std::string host,
                                    std::shared_ptr<const Route> route)
{
    if (exchange.connection().tls) {
        CO_TRY(own, co_await on_its_connection(exchange, host, route));
        if (!own) {
            co_return co_await misdirected(exchange, std::move(host));
        }
    }
    if (route->suspended) {
        co_return co_await send_page(exchange, 503, host + " is suspended by the platform.");
    }
    co_return co_await pass_on(exchange, std::move(route));
}

base::Task<> Proxy::answer_unknown(http::Exchange& exchange, std::string host)
{
    const auto& connection = exchange.connection();
    if (connection.tls && !connection.server_name.empty() && connection.server_name != host) {
        co_return co_await misdirected(exchange, std::move(host));
    }
    const auto may =
        connection.tls ? OnDemand::May::no : cache_.on_demand().may_wish(cache_.group().pool, host);
    if (may == OnDemand::May::yes) {
        co_return co_await wish_for(exchange, std::move(host));
    }
    if (may == OnDemand::May::later) {
        co_return co_await send_later(exchange, std::move(host));
    }
    Counters::count(counters_.unknown_host);
    co_return co_await send_page(exchange, 404, "There is no endpoint named " + host + " here.");
}

base::Task<> Proxy::wish_for(http::Exchange& exchange, std::string host)
{
    const auto client = exchange.connection().client.address();
    CO_TRY(answer, co_await cache_.on_demand().wish(host, client));
    if (answer == OnDemand::Answer::undecided) {
        co_return co_await send_later(exchange, std::move(host));
    }
    const auto redirect = cache_.group().pool.redirect;
    auto location = model::redirect_location(redirect, host, exchange.request().target);
    if (answer == OnDemand::Answer::refused || location.empty()) {
        Counters::count(counters_.unknown_host);
        co_return co_await send_page(exchange, 404, "There is no endpoint named " + host + " here.");
    }
    Counters::count(counters_.redirects);
    co_return co_await send_location(exchange, redirect.status, std::move(location));
}

base::Task<> Proxy::answer_plain(http::Exchange& exchange, std::string host,
                                 std::shared_ptr<const Route> route)
{
    switch (route->plain_http) {
        case model::PlainHttp::serve:
            co_return co_await serve(exchange, std::move(route));
        case model::PlainHttp::refuse:
            co_return co_await send_page(exchange, 403, host + " is served over HTTPS only.");
        case model::PlainHttp::redirect:
            break;
    }
    co_return co_await to_https(exchange, std::move(host));
}

base::Task<> Proxy::to_https(http::Exchange& exchange, std::string host)
{
    Counters::count(counters_.redirects);
    const auto& request = exchange.request();
    const std::string target = request.target == "*" ? "/" : request.target;
    const auto port = https_port_ == 443 ? std::string() : fmt::format(":{}", https_port_);
    // 308 keeps the method and the body; 301 is what every client of GET knows.
    const int status = is_safe(request.method) ? 301 : 308;
    auto location = fmt::format("https://{}{}{}", host, port, target);
    co_return co_await send_location(exchange, status, std::move(location));
}

base::Task<> Proxy::redirect(http::Exchange& exchange, std::shared_ptr<const Route> route)
{
    const auto host = host_of(exchange.request());
    auto location = model::redirect_location(route->redirect, host, exchange.request().target);
    if (location.empty()) {
        co_return co_await send_page(exchange, 508, host + " redirects to itself.");
    }
    Counters::count(counters_.redirects);
    co_return co_await send_location(exchange, route->redirect.status, std::move(location), route->hsts);
}

base::Task<> Proxy::misdirected(http::Exchange& exchange, std::string host)
{
    Counters::count(counters_.misdirected);
    co_return co_await send_page(
        exchange, 421, "This connection was opened for another name than " + host + ". Open a new one.");
}

base::Task<bool> Proxy::on_its_connection(http::Exchange& exchange, std::string host,
                                          std::shared_ptr<const Route> route)
{
    // Without SNI there is no name that the connection was opened for.
    const auto& server_name = exchange.connection().server_name;
    if (server_name.empty() || server_name == host) {
        co_return true;
    }
    CO_TRY(opened_for, co_await cache_.route(server_name));
    co_return opened_for && opened_for->endpoint == route->endpoint;
}

// Not a coroutine: nearly every request takes the last way.
base::Task<> Proxy::serve(http::Exchange& exchange, std::shared_ptr<const Route> route)
{
    if (route->suspended) {
        return send_page(exchange, 503, host_of(exchange.request()) + " is suspended by the platform.");
    }
    const auto client = exchange.connection().client.address();
    if (route->filtered && !route->allowed.contains(client)) {
        Counters::count(counters_.filtered);
        return send_page(exchange, 403,
                         fmt::format("Your address {} is not among those that may use {}.",
                                     client.to_string(), host_of(exchange.request())));
    }
    if (!route->redirect.none()) {
        return redirect(exchange, std::move(route));
    }
    return pass_on(exchange, std::move(route));
}

base::Task<> Proxy::pass_on(http::Exchange& exchange, std::shared_ptr<const Route> route)
{
    if (route->upstreams.empty()) {
        Counters::count(counters_.unknown_host);
        return send_page(exchange, 404, host_of(exchange.request()) + " has no upstream here.");
    }
    const bool below =
        std::ranges::any_of(route->upstreams, [](const Upstream& each) { return !each.prefix.empty(); });
    if (below && leads_upwards(exchange.request().path())) {
        return send_page(exchange, 400, "The path must not lead upwards.");
    }
    return forwarder_.forward(exchange, std::move(route));
}

}  // namespace edge
