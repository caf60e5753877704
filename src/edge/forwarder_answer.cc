// What the client gets: the upstream's answer, or why there is none.
#include "base/log.h"
#include "edge/forwarded_head.h"
#include "edge/forwarder_job.h"
#include "edge/tunnel.h"

namespace edge {

namespace {

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

}  // namespace

base::Error client_left()
{
    return base::Error(base::Errc::unavailable, "the client has left").with_code("peer_gone");
}

base::Error switched_unasked()
{
    return base::Error(base::Errc::unavailable, "the upstream switched protocols unasked")
        .with_code("bad_upstream");
}

base::Task<> Forwarder::relay_answer(Job& job, http::ResponseHead head)
{
    auto& exchange = job.exchange;
    auto& connection = *job.connection;
    head.headers = forwarded_answer(std::move(head.headers), false);
    if (!job.route->hsts.empty() && exchange.connection().tls) {
        head.headers.set("Strict-Transport-Security", job.route->hsts);
    }
    CO_CHECKED(exchange.send_head(std::move(head)));
    if (connection.body_ended()) {
        co_return co_await exchange.send_last({});
    }
    if (const auto body = connection.arrived_body()) {
        auto sent = co_await exchange.send_last(std::span<const char>(*body));
        connection.drop_body();
        co_return sent;
    }
    co_return co_await relay_body(job);
}

base::Task<> Forwarder::relay_body(Job& job)
{
    auto& exchange = job.exchange;
    auto& connection = *job.connection;
    const auto size =
        std::min<std::uint64_t>(connection.body_length().value_or(piece_of_body), piece_of_body);
    const std::size_t room = std::max<std::size_t>(1, static_cast<std::size_t>(size));
    const auto buffer = std::make_unique_for_overwrite<char[]>(room);
    while (true) {
        auto read = connection.read_body_now({buffer.get(), room});
        if (read && !*read) {
            CO_CHECKED(co_await exchange.flush());  // The upstream may take its time with the rest.
            connection.set_deadline(in(job.limits.body));
            auto waited = co_await connection.readable();
            if (waited) {
                continue;
            }
            read = base::fail(std::move(waited).error());
        }
        if (!read && job.abandoned) {
            co_return base::fail(client_left());
        }
        if (!read) {
            Counters::count(counters_.upstream_failed);
            co_return base::fail(std::move(read).error());
        }
        const std::span<const char> piece(buffer.get(), **read);
        if (connection.body_ended() && connection.trailers().empty()) {
            co_return co_await exchange.send_last(piece);
        }
        if (!piece.empty()) {
            CO_CHECKED(co_await exchange.send_body(piece));
        }
        if (connection.body_ended() || piece.empty()) {
            co_return co_await exchange.finish(passed_trailers(connection.trailers()));
        }
    }
}

base::Task<> Forwarder::switch_protocols(Job& job, http::ResponseHead head)
{
    auto& exchange = job.exchange;
    if (!wants_upgrade(exchange.request())) {
        co_return co_await send_gateway_error(job, switched_unasked());
    }
    head.headers = forwarded_answer(std::move(head.headers), true);
    CO_CHECKED(exchange.send_head(std::move(head)));
    CO_CHECKED(co_await exchange.flush());
    auto client = exchange.upgrade();
    auto upstream = job.connection->upgrade();
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
