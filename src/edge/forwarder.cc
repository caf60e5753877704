#include "edge/forwarder.h"

#include "base/random.h"
#include "edge/forwarded_head.h"
#include "edge/forwarder_job.h"
#include "http/syntax.h"
#include "net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace edge {

namespace {

// Request bodies up to this size are read whole: they fit into the buffers of a socket, so that sending first
// and then reading the answer cannot lock up, and they can be sent again when a kept connection turns out to
// be closed.
constexpr std::size_t small_body = 64 * 1024;

enum class BodyKind { none, small, stream };

BodyKind body_kind(const http::Exchange& exchange)
{
    if (exchange.expects_continue()) {
        return BodyKind::stream;  // The upstream decides whether it is sent at all.
    }
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

// Nothing has come back and asking twice does no harm (RFC 9110 9.2.2).
bool may_ask_again(const http::RequestHead& request, const std::optional<std::string>& body,
                   const base::Error& error)
{
    return http::is_idempotent(request.method) && (!body || body->empty()) &&
           error.kind() == base::Errc::unavailable && error.code() != "bad_upstream";
}

}  // namespace

const http::Origin& origin_of(const http::Exchange& exchange, const Route& route, const Upstream& upstream,
                              std::optional<http::Origin>& own)
{
    if (!route.forwarding.proxy_protocol) {
        return upstream.origin;
    }
    const auto& connection = exchange.connection();
    own = upstream.origin;
    own->preamble = net::proxy_header(connection.client, connection.local);
    return *own;
}

Forwarder::Forwarder(http::UpstreamPool& pool, UpstreamHealth& health, Counters& counters,
                     ForwardLimits limits)
    : pool_(pool), health_(health), counters_(counters), limits_(limits), id_prefix_(base::random_label(10))
{
}

std::string Forwarder::next_request_id()
{
    constexpr std::size_t shortest = 6;
    std::array<char, 16> digits;
    const auto* end = std::to_chars(digits.begin(), digits.end(), ++requests_, 16).ptr;
    const auto count = static_cast<std::size_t>(end - digits.data());
    std::string id;
    id.reserve(id_prefix_.size() + digits.size());
    id += id_prefix_;
    id.append(shortest - std::min(count, shortest), '0');
    id.append(digits.data(), count);
    return id;
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

void Forwarder::failed(Job& job, const Upstream& upstream)
{
    if (!job.abandoned) {
        health_.failed(*job.route, upstream);
    }
}

base::Task<> Forwarder::forward(http::Exchange& exchange, std::shared_ptr<const Route> route)
{
    const auto limits = limits_of(*route);
    Job job(exchange, std::move(route), limits, next_request_id());
    const auto kind = body_kind(exchange);
    if (kind == BodyKind::stream) {
        co_return co_await stream(job);
    }
    if (kind == BodyKind::small) {
        auto read = co_await http::read_all(exchange, small_body);
        if (!read) {
            co_return co_await refuse_body(exchange, std::move(read).error());
        }
        job.body = std::move(*read);
    }
    const bool alone = job.route->upstreams.size() == 1;
    auto answer = co_await (alone ? send_to(job, job.route->upstreams.front()) : send_whole(job));
    if (!answer && job.abandoned) {
        co_return base::fail(client_left());
    }
    if (!answer) {
        co_return co_await send_gateway_error(job, std::move(answer).error());
    }
    if (answer->status == 101) {
        co_return co_await switch_protocols(job, std::move(*answer));
    }
    CO_CHECKED(co_await relay_answer(job, std::move(*answer)));
    pool_.release(std::move(job.connection));
    co_return base::Result<>();
}

base::Task<http::ResponseHead> Forwarder::send_whole(Job& job)
{
    const auto& upstream = health_.choose(*job.route);
    auto first = co_await send_to(job, upstream);
    if (first || job.abandoned ||
        (job.sent && !may_ask_again(job.exchange.request(), job.body, first.error()))) {
        co_return first;
    }
    const auto& other = health_.choose(*job.route, &upstream);
    co_return co_await send_to(job, other);
}

base::Task<http::ResponseHead> Forwarder::send_to(Job& job, const Upstream& upstream)
{
    std::optional<http::Origin> own;
    const auto& origin = origin_of(job.exchange, *job.route, upstream, own);
    const auto head =
        forwarded_request(job.exchange.request(), job.exchange.connection(), upstream.prefix, job.id);
    for (bool fresh = false;; fresh = true) {
        job.connection = fresh ? nullptr : pool_.take(origin);
        if (!job.connection) {
            auto opened = co_await pool_.connect(origin, job.limits.connect);
            if (!opened || job.abandoned) {
                failed(job, upstream);
                co_return base::fail(opened ? client_left() : std::move(opened).error());
            }
            job.connection = std::move(*opened);
        }
        job.sent = true;
        auto& connection = *job.connection;
        connection.set_deadline(in(job.limits.answer));
        connection.begin(head, job.body ? http::Framing::length(job.body->size()) : http::Framing::none(),
                         head.headers.contains("Upgrade"));
        auto gone = connection.send_whole_now(job.body ? std::string_view(*job.body) : std::string_view());
        if (!gone && gone.error().kind() == base::Errc::invalid) {
            co_return base::fail(std::move(gone).error());
        }
        if (gone && !*gone) {
            static_cast<void>(co_await connection.flush());
        }
        // An upstream that has answered early and closed may have left its answer for us.
        auto answer = co_await read_answer(job, nullptr);
        if (answer) {
            health_.answered(*job.route, upstream);
            co_return std::move(answer);
        }
        const bool stale = answer.error().kind() == base::Errc::unavailable && connection.stale();
        if (!stale || job.abandoned || !http::is_idempotent(head.method)) {
            failed(job, upstream);
            co_return base::fail(std::move(answer).error());
        }
    }
}

base::Task<http::ResponseHead> Forwarder::read_answer(Job& job, Streaming* streaming)
{
    const auto deadline = in(job.limits.answer);
    for (int interim = 0; interim <= http::most_interim;) {
        if (streaming == nullptr) {
            job.connection->set_deadline(std::min(deadline, in(between_looks)));
        }
        auto head = co_await job.connection->read_any_head();
        const bool early = !head && streaming == nullptr && head.error().kind() == base::Errc::timeout &&
                           std::chrono::steady_clock::now() < deadline;
        if (early && job.exchange.abandoned()) {
            job.leave();
        }
        if (early && !job.abandoned) {
            continue;
        }
        if (!head || !http::is_interim(head->status)) {
            co_return head;
        }
        ++interim;
        if (head->status == 100 && streaming != nullptr) {
            streaming->hear();
        }
        if (head->status != 100) {
            http::ResponseHead passed{head->status, forwarded_answer(std::move(head->headers), false)};
            auto sent = co_await job.exchange.send_interim(std::move(passed));
            if (!sent) {
                job.leave();
                co_return base::fail(std::move(sent).error());
            }
        }
    }
    co_return base::fail(
        base::Error(base::Errc::unavailable, "the upstream's answer has no end of interim answers")
            .with_code("bad_upstream"));
}

}  // namespace edge
