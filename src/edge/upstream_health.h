// UpstreamHealth: which of an endpoint's upstreams gets the next request.
//
// They take turns. One that fails twice in a row is left alone for 5 s, then for longer each time, up to 5
// min; a success makes all good. When all have failed, the one whose time is over soonest is asked: never
// none. Where an endpoint has a health path, one that fails there is left alone until it is well again
// (UpstreamChecks).
#pragma once

#include "edge/route.h"
#include "net/failure_memory.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace edge {

// Each endpoint of a loop has its own view: what one tenant makes fail is no other's matter. Runs on one
// executor: no locks.
class UpstreamHealth {
public:
    // REQUIRES: the route has upstreams. `but`: one that was just asked in vain; it is chosen again only
    // where there is no other.
    const Upstream& choose(const Route& route, const Upstream* but = nullptr);

    void answered(const Route& route, const Upstream& upstream);
    void failed(const Route& route, const Upstream& upstream);

    // What is to be checked: the upstreams of routes with a health path and several of them, while they are
    // in use.
    struct Watched {
        std::string name;  // of endpoint and upstream
        Upstream upstream;
        std::string path;
        bool proxy_protocol = false;
        std::chrono::steady_clock::time_point used{};
        bool well = true;
    };
    // By endpoint, upstream and path. Those not used for a minute are forgotten.
    const std::map<std::string, Watched>& watched();
    void checked(const std::string& key, bool well);

private:
    using Time = std::chrono::steady_clock::time_point;

    // Until when; the least of all: it is good.
    Time left_alone_until(const Route& route, const Upstream& upstream, Time now);

    net::FailureMemory<std::string> failures_{{1, std::chrono::seconds(5), std::chrono::seconds(300)}};
    std::map<std::string, Watched> watched_;
    std::size_t turn_ = 0;
};

}  // namespace edge
