// Requests whose body is passed on while it comes.
#include "edge/forwarded_head.h"
#include "edge/forwarder_job.h"

#include <boost/asio/experimental/parallel_group.hpp>

namespace edge {

namespace {

namespace asio = boost::asio;

// An upstream that knows nothing of Expect says nothing; clients wait as long (RFC 9110 10.1.1).
constexpr std::chrono::seconds longest_silence{1};

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

// The visitor's own limit for a pause ends first: what he is slow at is not the upstream's fault.
std::chrono::milliseconds while_sending(const ForwardLimits& limits)
{
    constexpr std::chrono::seconds slack{10};
    return std::max(limits.answer, limits.body) + slack;
}

}  // namespace

// Nothing of the request is sent yet: another upstream does as well, whatever the method.
base::Task<> Forwarder::connect_for_stream(Job& job, const Upstream*& upstream)
{
    upstream = &health_.choose(*job.route);
    std::optional<http::Origin> own;
    auto first =
        co_await pool_.acquire(origin_of(job.exchange, *job.route, *upstream, own), job.limits.connect);
    if (!first) {
        failed(job, *upstream);
        if (job.route->upstreams.size() < 2) {
            co_return base::fail(std::move(first).error());
        }
        upstream = &health_.choose(*job.route, upstream);
        first =
            co_await pool_.acquire(origin_of(job.exchange, *job.route, *upstream, own), job.limits.connect);
    }
    if (!first) {
        failed(job, *upstream);
        co_return base::fail(std::move(first).error());
    }
    job.connection = std::move(*first);
    co_return base::Result<>();
}

base::Task<> Forwarder::stream(Job& job)
{
    const Upstream* upstream = nullptr;
    auto connected = co_await connect_for_stream(job, upstream);
    if (job.abandoned) {
        co_return base::fail(client_left());
    }
    if (!connected) {
        co_return co_await send_gateway_error(job, std::move(connected).error());
    }
    auto executor = co_await asio::this_coro::executor;
    Streaming streaming(executor);
    streaming.waits = job.exchange.expects_continue();
    auto head =
        forwarded_request(job.exchange.request(), job.exchange.connection(), upstream->prefix, job.id);
    if (streaming.waits) {
        head.headers.add("Expect", "100-continue");
    }
    const auto length = job.exchange.body_length();
    job.connection->begin(head, length ? http::Framing::length(*length) : http::Framing::chunked());
    job.connection->set_deadline(in(while_sending(job.limits)));

    auto sending = asio::co_spawn(executor, send_request_body(job, streaming), asio::deferred);
    auto receiving = asio::co_spawn(executor, receive_answer(job, streaming), asio::deferred);
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
        health_.answered(*job.route, *upstream);
    } else if (!streaming.client_failure) {
        failed(job, *upstream);
    }
    if (streaming.sent && *answered) {
        pool_.release(std::move(job.connection));
    }
    co_return base::Result<>();
}

base::Task<> Forwarder::send_request_body(Job& job, Streaming& streaming)
{
    auto& connection = *job.connection;
    if (streaming.waits) {
        CO_CHECKED(co_await connection.flush());
        const auto deadline = in(longest_silence);
        for (bool in_time = true; in_time && !streaming.heard;) {
            in_time = co_await streaming.word.wait_until(deadline);
        }
        if (streaming.answered) {
            co_return base::Result<>();  // Without having wanted the body, which the client keeps.
        }
    }
    const auto buffer = std::make_unique_for_overwrite<char[]>(piece_of_body);
    for (bool ended = false; !ended;) {
        auto count = co_await job.exchange.read_body({buffer.get(), piece_of_body});
        if (!count) {
            streaming.client_failure = std::move(count).error();
            connection.close();  // Ends receive_answer() too.
            co_return base::fail(*streaming.client_failure);
        }
        ended = *count == 0;
        connection.set_deadline(in(ended ? job.limits.answer : while_sending(job.limits)));
        const std::span<const char> piece(buffer.get(), *count);
        CO_CHECKED(co_await (ended ? connection.finish(passed_trailers(job.exchange.request_trailers()))
                                   : connection.send_body(piece)));
    }
    streaming.sent = true;
    // Until the answer has come, which cancels this.
    while (!job.exchange.abandoned()) {
        co_await base::sleep_for(between_looks);
    }
    job.leave();
    co_return base::fail(client_left());
}

// True when an answer of the upstream was passed on whole.
base::Task<bool> Forwarder::receive_answer(Job& job, Streaming& streaming)
{
    auto head = co_await read_answer(job, &streaming);
    if (job.abandoned) {
        co_return base::fail(client_left());
    }
    if (!head && streaming.client_failure) {
        CO_CHECKED(co_await refuse_body(job.exchange, *streaming.client_failure));
        co_return false;
    }
    if (!head) {
        CO_CHECKED(co_await send_gateway_error(job, std::move(head).error()));
        co_return false;
    }
    streaming.answered = true;
    streaming.hear();
    if (head->status == 101) {
        CO_CHECKED(co_await send_gateway_error(job, switched_unasked()));
        co_return false;
    }
    CO_CHECKED(co_await relay_answer(job, std::move(*head)));
    co_return true;
}

}  // namespace edge
