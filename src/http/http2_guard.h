// Http2Guard: what one HTTP/2 client may cost beyond the requests that it makes and lets us answer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace http {

// Two accounts, both forgiven with time, so that a good connection lives for as long as it likes. Octets:
// frames that carry neither heads nor bodies (PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA) may make up
// most of the traffic only up to an allowance (CVE-2019-9512, 9515, 9518). Streams that end before their
// answer, whoever resets them, fill a bucket (CVE-2023-44487, CVE-2025-8671): each has already cost a request
// to an upstream. Runs on one executor: no locks.
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

    // What time forgives is looked at only when the allowance is used up: until then it costs nothing.
    bool exceeded(Clock::time_point now)
    {
        if (over_allowance()) {
            forgive(now);
        }
        return abandoned_ > most_abandoned || over_allowance();
    }

private:
    static constexpr double most_abandoned = 400;
    static constexpr double forgiven_each_second = 40;
    static constexpr std::uint64_t overhead = 8;
    static constexpr std::uint64_t idle_allowance = 128 * 1024;  // 1 MiB of frames that carry nothing
    static constexpr double octets_forgiven_each_second = 4096;  // 240 PINGs

    bool over_allowance() const { return received_ / overhead > carried_ + idle_allowance; }
    // At most all that was too much, however long it took: time does not save up.
    void forgive(Clock::time_point now)
    {
        const std::chrono::duration<double> passed = now - forgiven_until_;
        const auto too_much = static_cast<double>(received_ - overhead * carried_);
        received_ -= static_cast<std::uint64_t>(
            std::clamp(passed.count() * octets_forgiven_each_second, 0.0, too_much));
        forgiven_until_ = now;
    }

    std::uint64_t received_ = 0;
    std::uint64_t carried_ = 0;
    double abandoned_ = 0;
    Clock::time_point last_abandoned_{};
    Clock::time_point forgiven_until_ = Clock::now();
};

}  // namespace http
