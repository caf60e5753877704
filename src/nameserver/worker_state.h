// What the ports of one loop share: the data, the limits and the counters.
#pragma once

#include "nameserver/answer.h"
#include "nameserver/rate_limit.h"
#include "nameserver/server.h"

#include <atomic>

namespace nameserver {

// A counter that one loop writes and any thread reads.
class Counter {
public:
    void add(std::uint64_t count = 1)
    {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

struct LoopCounters {
    Counter udp_queries, tcp_queries, tcp_connections, dropped, truncated, rate_limited;
    Counter outcomes[7];  // by Outcome

    void count(const Reply& reply)
    {
        outcomes[static_cast<std::size_t>(reply.outcome)].add();
        if (reply.truncated) {
            truncated.add();
        }
    }
    void add_to(Counters& sum) const;
};

struct Shared {
    Shared(const base::Clock& a_clock, const Options& options)
        : clock(a_clock),
          limit(options.rate_limit),
          tcp_connections(options.tcp_connections),
          tcp_idle(options.tcp_idle)
    {
    }

    // Seconds since 1970, for cookies.
    std::uint32_t now() const { return static_cast<std::uint32_t>(base::to_millis(clock.now()) / 1'000); }

    ZoneData data;
    const base::Clock& clock;
    RateLimit limit;
    std::size_t tcp_connections;  // of one loop
    std::chrono::milliseconds tcp_idle;
};

}  // namespace nameserver
