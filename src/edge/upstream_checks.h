// UpstreamChecks: asks upstreams for their health path every few seconds, while they are in use.
#pragma once

#include "base/task_group.h"
#include "edge/upstream_health.h"
#include "http/upstream.h"

namespace edge {

// Runs on one executor: no locks. What it is given outlives it.
class UpstreamChecks {
public:
    UpstreamChecks(http::UpstreamPool& pool, UpstreamHealth& health, base::TaskGroup& tasks)
        : pool_(pool), health_(health), tasks_(tasks)
    {
    }

    // Until cancelled.
    boost::asio::awaitable<void> run();

private:
    boost::asio::awaitable<void> check(std::string key, UpstreamHealth::Watched watched);

    http::UpstreamPool& pool_;
    UpstreamHealth& health_;
    base::TaskGroup& tasks_;
    std::size_t under_way_ = 0;
    std::string last_;  // where the next round goes on
};

}  // namespace edge
