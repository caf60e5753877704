// Forwarder: passes one request to an upstream and its answer back, streaming both ways with back-pressure.
#pragma once

#include "edge/counters.h"
#include "edge/route.h"
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

// Runs on one executor: no locks. `pool` and `counters` outlive it.
class Forwarder {
public:
    Forwarder(http::UpstreamPool& pool, Counters& counters, ForwardLimits limits);

    // Answers the exchange; when the upstream fails before its answer, with 502 or 504. An error means that
    // the exchange can only be reset.
    base::Task<> forward(http::Exchange& exchange, const Upstream& upstream);

private:
    using Connection = std::unique_ptr<http::Http1Connection>;
    using Answer = http::UpstreamPool::Answer;

    // A request whose body is known whole; without one it has none, not an empty one.
    base::Task<Answer> send_whole(const Upstream& upstream, http::RequestHead head,
                                  std::optional<std::string> body);
    base::Task<Answer> send_on(Connection connection, http::RequestHead head,
                               std::optional<std::string> body);
    base::Task<> stream(http::Exchange& exchange, const Upstream& upstream, http::RequestHead head,
                        std::string id);
    base::Task<> send_request_body(http::Exchange& exchange, http::Http1Connection& connection,
                                   std::optional<base::Error>& client_failure);
    base::Task<bool> receive_answer(http::Exchange& exchange, http::Http1Connection& connection,
                                    std::string id, const std::optional<base::Error>& client_failure);
    base::Task<> relay_answer(http::Exchange& exchange, http::Http1Connection& connection,
                              http::ResponseHead head);
    base::Task<> switch_protocols(http::Exchange& exchange, Answer answer, std::string id);
    // The request's body is broken or does not come: 400 or 408 where the client can still be told.
    base::Task<> refuse_body(http::Exchange& exchange, base::Error error);
    base::Task<> send_gateway_error(http::Exchange& exchange, base::Error error, std::string id);
    std::string next_request_id();

    http::UpstreamPool& pool_;
    Counters& counters_;
    ForwardLimits limits_;
    std::string id_prefix_;
    std::uint64_t requests_ = 0;
};

}  // namespace edge
