// Forwarder: passes one request to an upstream and its answer back, streaming both ways with back-pressure.
#pragma once

#include "edge/counters.h"
#include "edge/route.h"
#include "edge/upstream_health.h"
#include "http/exchange.h"
#include "http/upstream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace edge {

struct ForwardLimits {
    std::chrono::milliseconds connect{10'000};
    std::chrono::milliseconds answer{60'000};     // from the end of the request to the head of the answer
    std::chrono::milliseconds body{60'000};       // without an octet of a body
    std::chrono::milliseconds tunnel{3'600'000};  // without an octet either way after an upgrade
};

// Runs on one executor: no locks. What it is given outlives it.
class Forwarder {
public:
    Forwarder(http::UpstreamPool& pool, UpstreamHealth& health, Counters& counters, ForwardLimits limits);

    // Answers the exchange; when the upstream fails before its answer, with 502 or 504. An error means that
    // the exchange can only be reset. REQUIRES: the route has upstreams.
    base::Task<> forward(http::Exchange& exchange, std::shared_ptr<const Route> route);

private:
    struct Job;
    struct Streaming;

    ForwardLimits limits_of(const Route& route) const;
    // A request whose body is known whole; without one it has none, not an empty one. An upstream that cannot
    // be reached, or fails before it answers where asking twice does no harm, is replaced once by another.
    base::Task<http::ResponseHead> send_whole(Job& job);
    base::Task<http::ResponseHead> send_to(Job& job, const Upstream& upstream);
    // The final head of the answer; interim ones are passed on. `streaming`: null, or the other coroutine
    // that sends the body and sets the deadlines.
    base::Task<http::ResponseHead> read_answer(Job& job, Streaming* streaming);
    base::Task<> stream(Job& job);
    base::Task<> connect_for_stream(Job& job, const Upstream*& upstream);
    base::Task<> send_request_body(Job& job, Streaming& streaming);
    base::Task<bool> receive_answer(Job& job, Streaming& streaming);
    base::Task<> relay_answer(Job& job, http::ResponseHead head);
    base::Task<> relay_body(Job& job);
    base::Task<> switch_protocols(Job& job, http::ResponseHead head);
    // The upstream is to blame.
    void failed(Job& job, const Upstream& upstream);
    // The request's body is broken or does not come: 400 or 408 where the client can still be told.
    base::Task<> refuse_body(http::Exchange& exchange, base::Error error);
    base::Task<> send_gateway_error(Job& job, base::Error error);
    std::string next_request_id();

    http::UpstreamPool& pool_;
    UpstreamHealth& health_;
    Counters& counters_;
    ForwardLimits limits_;
    std::string id_prefix_;
    std::uint64_t requests_ = 0;
};

}  // namespace edge
