// Forwarding: how an edge speaks to what is behind an endpoint.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace model {

struct Forwarding {
    static constexpr std::chrono::seconds longest_wait{3'600};

    std::vector<std::string> more_upstreams;  // URLs that do the same as the endpoint's upstream
    // 0: the edge's usual limits.
    std::chrono::seconds connect{0};  // to a connection, name look-up and TLS included
    std::chrono::seconds answer{0};   // from the end of a request to the head of its answer
    std::chrono::seconds idle{0};     // without an octet of a body; of a tunnel (WebSocket) as well
    bool proxy_protocol = false;      // connections begin with the PROXY protocol, version 2
    std::string health_path;          // asked for now and then, GET; empty: health is what requests show
    bool operator==(const Forwarding&) const = default;
};

}  // namespace model
