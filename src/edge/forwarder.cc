#include "edge/forwarder.h"

#include "base/log.h"
#include "base/random.h"
#include "edge/forwarded_head.h"
#include "edge/tunnel.h"
#include "http/syntax.h"
#include "net/proxy_protocol.h"

#include <boost/asio/experimental/parallel_group.hpp>

#include <array>

namespace edge {

namespace {

namespace asio = boost::asio;

// Request bodies up to this size are read whole: they fit into the buffers of a socket, so that sending first
// and then reading the answer cannot lock up, and they can be sent again when a kept connection turns out to
// be closed.
constexpr std::size_t small_body = 64 * 1024;
constexpr std::size_t piece_size = 32 * 1024;

enum class BodyKind { none, small, stream };

BodyKind body_kind(const http::Exchange& exchange)
{
    const auto& request = exchange.request();
    if (const auto length = exchange.body_length()) {
        if (*length == 0 && !request.headers.contains("Content-Length")) {
            return BodyKind::none;
        }
        return *length <= small_body ? BodyKind::small : BodyKind::stream;
    }
    // HTTP/2 frames bodies itself; methods without one by definition are not waited for.
    const bool may_have_one = request.version == 20 && request.method != "GET" && request.method != "HEAD";
    return may_have_one || request.headers.contains("Transfer-Encoding") ? BodyKind::stream : BodyKind::none;
}

std::string what_failed(const base::Error& error)
{
    if (error.kind() == base::Errc::timeout) {
        return "did not answer in time";
    }
    const auto& code = error.code();
    if (code == "connect_refused") {
        return "refused the connection";
    }
    if (code == "name_not_found") {
        return "has a name that cannot be resolved";
    }
    if (code == "address_forbidden") {
        return "is at an address that this platform does not connect to";
    }
    if (code == "tls_failed" || code == "certificate_invalid") {
        return "could not be trusted: its own TLS, between here and there, fails";
    }
    if (code == "bad_upstream") {
        return "sent an answer that is not valid HTTP";
    }
    return "cannot be reached or closed the connection";
}

base::Error switched_unasked()
{
    return base::Error(base::Errc::unavailable, "the upstream switched protocols unasked")
        .with_code("bad_upstream");
}

// The answer ends the whole exchange; the request body alone does not.
struct UntilAnswered {
    asio::cancellation_type_t operator()(const std::exception_ptr&, const base::Result<>&) const
    {
        return asio::cancellation_type::none;
    }
    asio::cancellation_type_t operator()(const std::exception_ptr&, const base::Result<bool>&) const
    {
        return asio::cancellation_type::all;
    }
};

std::chrono::steady_clock::time_point in(std::chrono::milliseconds limit)
{
    return std::chrono::steady_clock::now() + limit;
}

// The visitor's own limit for a pause ends first: what he is slow at is not the upstream's fault.
std::chrono::milliseconds while_sending(const ForwardLimits& limits)
{
    constexpr std::chrono::seconds slack{10};
    return std::max(limits.answer, limits.body) + slack;
}

}  // namespace

namespace {

http::Origin origin_of(const http::Exchange& exchange, const Route& route, const Upstream& upstream)
{
    auto origin = upstream.origin;
    if (route.forwarding.proxy_protocol) {
        const auto& connection = exchange.connection();
        origin.preamble = net::proxy_header(connection.client, connection.local);
    }
    return origin;
}

// Nothing has come back and asking twice does no harm (RFC 9110 9.2.2).
bool may_ask_again(const http::RequestHead& request, const std::optional<std::string>& body,
                   const base::Error& error)
{
    return http::is_idempotent(request.method) && (!body || body->empty()) &&
           error.kind() == base::Errc::unavailable && error.code() != "bad_upstream";
}

}  // namespace

Forwarder::Forwarder(http::UpstreamPool& pool, UpstreamHealth& health, Counters& counters,
                     ForwardLimits limits)
    : pool_(pool), health_(health), counters_(counters), limits_(limits), id_prefix_(base::random_label(10))
{
}

std::string Forwarder::next_request_id()
{
    return fmt::format("{}{:06x}", id_prefix_, ++requests_);
}

ForwardLimits Forwarder::limits_of(const Route& route) const
{
    auto limits = limits_;
    const auto& own = route.forwarding;
    limits.connect = own.connect.count() > 0 ? own.connect : limits.connect;
    limits.answer = own.answer.count() > 0 ? own.answer : limits.answer;
    limits.body = own.idle.count() > 0 ? own.idle : limits.body;
    limits.tunnel = own.idle.count() > 0 ? own.idle : limits.tunnel;
    return limits;
}

base::Task<> Forwarder::forward(http::Exchange& exchange, const Route& route)
{
    Job job{exchange, route, limits_of(route), next_request_id()};
    const auto kind = body_kind(exchange);
    if (kind == BodyKind::stream) {
        co_return co_await stream(job);
    }
    std::optional<std::string> body;
    if (kind == BodyKind::small) {
        auto read = co_await http::read_all(exchange, small_body);
        if (!read) {
            co_return co_await refuse_body(exchange, std::move(read).error());
        }
        body = std::move(*read);
    }
    auto answer = co_await send_whole(job, std::move(body));
    if (!answer) {
        co_return co_await send_gateway_error(job, std::move(answer).error());
    }
    if (answer->head.status == 101) {
        co_return co_await switch_protocols(job, std::move(*answer));
    }
    auto& connection = *answer->connection;
    CO_CHECKED(co_await relay_answer(job, connection, std::move(answer->head)));
    pool_.release(std::move(answer->connection));
    co_return base::Result<>();
}

base::Task<Forwarder::Answer> Forwarder::send_whole(Job& job, std::optional<std::string> body)
{
    const auto& upstream = health_.choose(job.route);
    bool sent = false;
    auto first = co_await send_to(job, upstream, body, sent);
    if (first || job.route.upstreams.size() < 2 ||
        (sent && !may_ask_again(job.exchange.request(), body, first.error()))) {
        co_return first;
    }
    const auto& other = health_.choose(job.route, &upstream);
    co_return co_await send_to(job, other, std::move(body), sent);
}

base::Task<Forwarder::Answer> Forwarder::send_to(Job& job, const Upstream& upstream,
                                                 std::optional<std::string> body, bool& sent)
{
    auto head = forwarded_request(job.exchange.request(), job.exchange.connection(), upstream.prefix, job.id);
    const auto origin = origin_of(job.exchange, job.route, upstream);
    auto kept = co_await pool_.acquire(origin, job.limits.connect);
    if (!kept) {
        health_.failed(job.route, upstream);
        co_return base::fail(std::move(kept).error());
    }
    sent = true;
    const bool again = http::is_idempotent(head.method);
    auto answer = co_await send_on(job, std::move(*kept), head, body);
    if (!answer && again && answer.error().code() == "stale_connection") {
        auto fresh = co_await pool_.connect(origin, job.limits.connect);
        if (!fresh) {
            health_.failed(job.route, upstream);
            co_return base::fail(std::move(fresh).error());
        }
        answer = co_await send_on(job, std::move(*fresh), std::move(head), std::move(body));
    }
    if (answer) {
        health_.answered(job.route, upstream);
    } else {
        health_.failed(job.route, upstream);
    }
    co_return answer;
}

base::Task<Forwarder::Answer> Forwarder::send_on(Job& job, Connection connection, http::RequestHead head,
                                                 std::optional<std::string> body)
{
    connection->set_deadline(in(job.limits.answer));
    const auto framing = body ? http::Framing::length(body->size()) : http::Framing::none();
    connection->begin(head, framing, head.headers.contains("Upgrade"));
    base::Result<> sent;
    if (body && !body->empty()) {
        sent = co_await connection->send_body(*body);
    }
    if (sent) {
        sent = co_await connection->finish();
    }
    // An upstream that has answered early and closed may have left its answer for us.
    auto answer = co_await connection->read_head();
    const bool gone = !answer && answer.error().kind() == base::Errc::unavailable;
    if (gone && connection->stale()) {
        co_return base::fail(std::move(answer).error().with_code("stale_connection"));
    }
    if (!answer) {
        co_return base::fail(std::move(answer).error());
    }
    co_return Answer{std::move(connection), std::move(*answer)};
}

// Nothing of the request is sent yet: another upstream does as well, whatever the method.
base::Task<Forwarder::Connection> Forwarder::connect_for_stream(Job& job, const Upstream*& upstream)
{
    upstream = &health_.choose(job.route);
    auto first = co_await pool_.acquire(origin_of(job.exchange, job.route, *upstream), job.limits.connect);
    if (first) {
        co_return std::move(first);
    }
    health_.failed(job.route, *upstream);
    if (job.route.upstreams.size() < 2) {
        co_return std::move(first);
    }
    upstream = &health_.choose(job.route, upstream);
    auto second = co_await pool_.acquire(origin_of(job.exchange, job.route, *upstream), job.limits.connect);
    if (!second) {
        health_.failed(job.route, *upstream);
    }
    co_return std::move(second);
}

base::Task<> Forwarder::stream(Job& job)
{
    const Upstream* upstream = nullptr;
    auto acquired = co_await connect_for_stream(job, upstream);
    if (!acquired) {
        co_return co_await send_gateway_error(job, std::move(acquired).error());
    }
    auto connection = std::move(*acquired);
    const auto length = job.exchange.body_length();
    const auto head =
        forwarded_request(job.exchange.request(), job.exchange.connection(), upstream->prefix, job.id);
    connection->begin(head, length ? http::Framing::length(*length) : http::Framing::chunked());
    connection->set_deadline(in(while_sending(job.limits)));

    auto executor = co_await asio::this_coro::executor;
    std::optional<base::Error> client_failure;
    auto sending =
        asio::co_spawn(executor, send_request_body(job, *connection, client_failure), asio::deferred);
    auto receiving =
        asio::co_spawn(executor, receive_answer(job, *connection, client_failure), asio::deferred);
    auto both = asio::experimental::make_parallel_group(std::move(sending), std::move(receiving));
    auto outcome = co_await both.async_wait(UntilAnswered(), asio::use_awaitable);
    auto& [order, sending_stopped, sent, receiving_stopped, answered] = outcome;
    if (receiving_stopped) {
        std::rethrow_exception(receiving_stopped);
    }
    if (!answered) {
        co_return base::fail(std::move(answered).error());
    }
    if (*answered) {
        health_.answered(job.route, *upstream);
    } else if (!client_failure) {
        health_.failed(job.route, *upstream);
    }
    if (!sending_stopped && sent && *answered) {
        pool_.release(std::move(connection));
    }
    co_return base::Result<>();
}

base::Task<> Forwarder::send_request_body(Job& job, http::Http1Connection& connection,
                                          std::optional<base::Error>& client_failure)
{
    const auto buffer = std::make_unique_for_overwrite<char[]>(piece_size);
    while (true) {
        auto count = co_await job.exchange.read_body({buffer.get(), piece_size});
        if (!count) {
            client_failure = std::move(count).error();
            connection.close();  // Ends receive_answer() too.
            co_return base::fail(*client_failure);
        }
        if (*count == 0) {
            connection.set_deadline(in(job.limits.answer));
            co_return co_await connection.finish(passed_trailers(job.exchange.request_trailers()));
        }
        connection.set_deadline(in(while_sending(job.limits)));
        const std::span<const char> piece(buffer.get(), *count);
        CO_CHECKED(co_await connection.send_body(piece));
    }
}

// True when an answer of the upstream was passed on whole.
base::Task<bool> Forwarder::receive_answer(Job& job, http::Http1Connection& connection,
                                           const std::optional<base::Error>& client_failure)
{
    auto head = co_await connection.read_head();
    if (!head && client_failure) {
        CO_CHECKED(co_await refuse_body(job.exchange, *client_failure));
        co_return false;
    }
    if (!head) {
        CO_CHECKED(co_await send_gateway_error(job, std::move(head).error()));
        co_return false;
    }
    if (head->status == 101) {
        CO_CHECKED(co_await send_gateway_error(job, switched_unasked()));
        co_return false;
    }
    CO_CHECKED(co_await relay_answer(job, connection, std::move(*head)));
    co_return true;
}

base::Task<> Forwarder::relay_answer(Job& job, http::Http1Connection& connection, http::ResponseHead head)
{
    auto& exchange = job.exchange;
    http::ResponseHead passed{head.status, forwarded_answer(head.headers, false)};
    if (!job.route.hsts.empty() && exchange.connection().tls) {
        passed.headers.set("Strict-Transport-Security", job.route.hsts);
    }
    CO_CHECKED(co_await exchange.send_head(std::move(passed)));
    if (connection.body_ended()) {
        co_return co_await exchange.finish({});
    }
    const auto buffer = std::make_unique_for_overwrite<char[]>(piece_size);
    while (true) {
        connection.set_deadline(in(job.limits.body));
        auto count = co_await connection.read_body({buffer.get(), piece_size});
        if (!count) {
            Counters::count(counters_.upstream_failed);
            co_return base::fail(std::move(count).error());
        }
        const std::span<const char> piece(buffer.get(), *count);
        if (connection.body_ended() && connection.trailers().empty()) {
            co_return co_await exchange.send_last(piece);
        }
        if (*count > 0) {
            CO_CHECKED(co_await exchange.send_body(piece));
        }
        if (connection.body_ended() || *count == 0) {
            auto trailers = passed_trailers(connection.trailers());
            co_return co_await exchange.finish(std::move(trailers));
        }
    }
}

base::Task<> Forwarder::switch_protocols(Job& job, Answer answer)
{
    auto& exchange = job.exchange;
    if (!wants_upgrade(exchange.request())) {
        co_return co_await send_gateway_error(job, switched_unasked());
    }
    http::ResponseHead head{101, forwarded_answer(answer.head.headers, true)};
    CO_CHECKED(co_await exchange.send_head(std::move(head)));
    CO_CHECKED(co_await exchange.flush());
    auto client = exchange.upgrade();
    auto upstream = answer.connection->upgrade();
    if (!client || !upstream) {
        co_return base::fail(base::Errc::internal, "this connection cannot be upgraded");
    }
    co_await tunnel(std::move(client), std::move(upstream), job.limits.tunnel);
    co_return base::Result<>();
}

base::Task<> Forwarder::refuse_body(http::Exchange& exchange, base::Error error)
{
    const bool late = error.kind() == base::Errc::timeout;
    const bool broken = error.kind() == base::Errc::invalid;
    if (exchange.head_sent || (!late && !broken)) {
        co_return base::fail(std::move(error));
    }
    const int status = late ? 408 : 400;
    auto text = fmt::format("{} {}\n\n{}\n", status, http::reason_phrase(status), error.message());
    http::Headers extra{{"Cache-Control", "no-store"}, {"Connection", "close"}};
    co_return co_await http::send_text(exchange, status, "text/plain; charset=utf-8", std::move(text),
                                       std::move(extra));
}

base::Task<> Forwarder::send_gateway_error(Job& job, base::Error error)
{
    auto& exchange = job.exchange;
    const auto& id = job.id;
    Counters::count(counters_.upstream_failed);
    const int status = error.kind() == base::Errc::timeout ? 504 : 502;
    const std::string host(exchange.request().host());
    base::log::warning("upstream_failed", {{"host", host}, {"request", id}, {"error", error.message()}});
    if (exchange.head_sent) {
        co_return base::fail(std::move(error));
    }
    auto text = fmt::format(
        "{} {}\n\nThe origin server behind {} {}. HTTPS and the certificate of {} work; the problem is "
        "between this platform and the origin server.\n\nRequest id: {}\n",
        status, http::reason_phrase(status), host, what_failed(error), host, id);
    http::Headers extra{{"Cache-Control", "no-store"}, {"X-Request-Id", id}};
    co_return co_await http::send_text(exchange, status, "text/plain; charset=utf-8", std::move(text),
                                       std::move(extra));
}

}  // namespace edge
