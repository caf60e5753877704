// FloodGuard: keeps what strangers can ask for bounded in work and in memory: one question at a time for each
// subject, however many ask it; answers are remembered for a while; so many new questions a second, from one
// client and in all.
#pragma once

#include "base/short_memory.h"
#include "base/single_flight.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace base {

struct Rate {
    double per_second = 1;
    double burst = 1;
};

struct FloodLimits {
    Rate all{20, 100};
    Rate client{1, 10};
    std::size_t in_flight = 64;       // questions under way
    std::size_t remembered = 10'000;  // answers, and clients
};

// Runs on one executor: no locks. It outlives what once() returns.
template <class Answer>
class FloodGuard {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit FloodGuard(FloodLimits limits)
        : limits_(limits), answers_(limits.remembered), clients_(limits.remembered)
    {
    }

    const Answer* remembered(const std::string& subject, Instant now) { return answers_.find(subject, now); }
    // Until when; REQUIRES: remembered() just had it.
    Instant remembered_until(const std::string& subject) const { return answers_.until(subject); }
    void remember(const std::string& subject, Answer answer, Instant until)
    {
        answers_.put(subject, std::move(answer), until);
    }
    bool asking(const std::string& subject) const { return asking_.has(subject); }

    // One more new question of `client` is within the rates. One that is not costs nothing.
    bool admit(const std::string& client, Instant now)
    {
        const auto* known = clients_.find(client, now);
        Level own = known == nullptr ? Level{limits_.client.burst, now} : *known;
        refill(own, limits_.client, now);
        refill(all_, limits_.all, now);
        if (own.left < 1 || all_.left < 1 || asking_.size() >= limits_.in_flight) {
            return false;
        }
        own.left -= 1;
        all_.left -= 1;
        const std::chrono::duration<double> full(limits_.client.burst / limits_.client.per_second);
        clients_.put(client, own, now + std::chrono::duration_cast<Instant::duration>(full));
        return true;
    }

    // What `ask` answers; while somebody asks it already, what that one is answered.
    Task<Answer> once(std::string subject, std::function<Task<Answer>()> ask)
    {
        auto asking = [ask = std::move(ask)](const auto&) { return ask(); };
        return asking_.once(std::move(subject), std::move(asking));
    }

private:
    struct Level {
        double left = 0;
        Instant at{};
    };

    static void refill(Level& level, const Rate& rate, Instant now)
    {
        const std::chrono::duration<double> passed = now - level.at;
        level.left = std::min(rate.burst, level.left + passed.count() * rate.per_second);
        level.at = now;
    }

    FloodLimits limits_;
    Level all_{limits_.all.burst, Instant{}};
    ShortMemory<Answer> answers_;
    ShortMemory<Level> clients_;
    SingleFlight<Answer> asking_;
};

}  // namespace base
