// UpstreamHealth: which of an endpoint's upstreams gets the next request.
//
// They take turns. One that fails twice in a row is left alone for 5 s, then for longer each time, up to 5
// min; a success makes all good. When all have failed, the one whose time is over soonest is asked: never
// none.
#pragma once

#include "edge/route.h"
#include "net/failure_memory.h"

#include <cstddef>

namespace edge {

// Shared by the endpoints of a loop that have the same upstreams. Runs on one executor: no locks.
class UpstreamHealth {
public:
    // REQUIRES: the route has upstreams. `but`: one that was just asked in vain; it is chosen again only
    // where there is no other.
    const Upstream& choose(const Route& route, const Upstream* but = nullptr);

    void answered(const Upstream& upstream) { failures_.succeeded(upstream.name); }
    void failed(const Upstream& upstream);

private:
    net::FailureMemory<std::string> failures_{{1, std::chrono::seconds(5), std::chrono::seconds(300)}};
    std::size_t turn_ = 0;
};

}  // namespace edge
