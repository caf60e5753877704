// BodyPace: how long a peer may take to send a body. Each wait for it has a limit, and all waits together may
// last no longer than a grace and what the body's octets need at the slowest pace that is accepted, so that
// an octet now and then does not hold a request open for ever. Only waiting counts: what the receiver itself
// keeps unread is not the peer's fault.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace http {

// Runs on one executor: no locks.
class BodyPace {
public:
    using Clock = std::chrono::steady_clock;

    // `quiet` is both the limit of one wait and the grace; `slowest` in octets a second, 0: any pace.
    BodyPace(std::chrono::milliseconds quiet, std::size_t slowest) : quiet_(quiet), slowest_(slowest) {}

    // A wait begins. `paced`: the slowest pace is required of it.
    Clock::time_point deadline(Clock::time_point now, bool paced)
    {
        began_ = now;
        Clock::duration limit = quiet_;
        if (paced && slowest_ > 0) {
            limit = std::clamp<Clock::duration>(quiet_ + earned_ - waited_, Clock::duration::zero(), quiet_);
        }
        return now + limit;
    }
    // The wait has ended with that many octets.
    void arrived(Clock::time_point now, std::size_t octets)
    {
        waited_ += now - began_;
        if (slowest_ > 0) {
            const Clock::duration more = std::chrono::nanoseconds(1'000'000'000 / slowest_) * octets;
            earned_ = std::min<Clock::duration>(earned_ + more, waited_ + most_earned);
        }
    }

private:
    // Ahead of what was waited, so that the sum fits however long the body is.
    static constexpr std::chrono::hours most_earned{24};

    std::chrono::milliseconds quiet_;
    std::size_t slowest_;
    Clock::time_point began_{};
    Clock::duration waited_{};
    Clock::duration earned_{};
};

}  // namespace http
