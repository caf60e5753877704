// Http2Guard: what one HTTP/2 client may cost beyond the requests that it makes and lets us answer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace http {

// Two accounts. Octets: frames that carry neither heads nor bodies (PING, SETTINGS, PRIORITY, RST_STREAM,
// empty DATA) may make up most of the traffic only up to an allowance (CVE-2019-9512, 9515, 9518). Streams
// that end before their answer, whoever resets them, fill a bucket that empties with time (CVE-2023-44487,
// CVE-2025-8671): each has already cost a request to an upstream. Runs on one executor: no locks.
class Http2Guard {
public:
    using Clock = std::chrono::steady_clock;

    void received(std::size_t octets) { received_ += octets; }
    // Of heads and bodies, in either direction.
    void carried(std::size_t octets) { carried_ += octets; }
    void abandoned(Clock::time_point now)
    {
        const std::chrono::duration<double> passed = now - last_abandoned_;
        abandoned_ = std::max(0.0, abandoned_ - passed.count() * forgiven_each_second) + 1;
        last_abandoned_ = now;
    }

    bool exceeded() const
    {
        return abandoned_ > most_abandoned || received_ / overhead > carried_ + idle_allowance;
    }

private:
    static constexpr double most_abandoned = 400;
    static constexpr double forgiven_each_second = 40;
    static constexpr std::uint64_t overhead = 8;
    static constexpr std::uint64_t idle_allowance = 128 * 1024;  // 1 MiB of frames that carry nothing

    std::uint64_t received_ = 0;
    std::uint64_t carried_ = 0;
    double abandoned_ = 0;
    Clock::time_point last_abandoned_{};
};

}  // namespace http
