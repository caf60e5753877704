// What one loop of an edge has counted. Written by its loop, read from any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace edge {

struct Counters {
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> handshakes_failed{0};
    std::atomic<std::uint64_t> accept_failed{0};  // no file left
    std::atomic<std::uint64_t> turned_away{0};    // as many connections as may be
    std::atomic<std::uint64_t> requests{0};
    std::atomic<std::uint64_t> redirects{0};
    std::atomic<std::uint64_t> misdirected{0};
    std::atomic<std::uint64_t> filtered{0};
    std::atomic<std::uint64_t> unknown_host{0};
    std::atomic<std::uint64_t> upstream_failed{0};
    std::atomic<std::uint64_t> access_log_dropped{0};  // lines for which a slow disk left no room
    std::atomic<std::uint64_t> challenges{0};
    // Challenges whose token the feed has not announced: usual for the default account.
    std::atomic<std::uint64_t> challenge_unexpected{0};

    // One writer: no read-modify-write needed.
    static void count(std::atomic<std::uint64_t>& counter)
    {
        counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
};

}  // namespace edge
