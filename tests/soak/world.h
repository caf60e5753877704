// What happens to the names of a simulation, planned before it starts from one seed: when each is added, when
// its DNS is broken and how, when the CA is out of order, when our clock jumps.
#pragma once

#include "base/clock.h"
#include "model/endpoint.h"

#include <cstdint>
#include <random>
#include <vector>

namespace soak {

struct Interval {
    base::Time from;
    base::Time to;
};

bool within(const std::vector<Interval>& intervals, base::Time when);
// The longest stretch of [from, to) that no interval of either list touches.
std::chrono::milliseconds longest_calm(const std::vector<Interval>& one, const std::vector<Interval>& other,
                                       Interval span);

enum class Breakage { removed, servfail, silent };

struct Site {
    model::Endpoint endpoint;
    base::Time added;
    std::vector<Interval> broken;  // in order of time, apart from one another
    Breakage how = Breakage::removed;
};

struct ClockEvent {
    base::Time when;
    std::chrono::milliseconds skew{0};    // our clock against the true one from now on
    std::chrono::milliseconds frozen{0};  // the machine sleeps for so long
};

struct World {
    base::Time start;
    base::Time end;
    model::Platform platform;
    std::vector<Site> sites;        // by the time of adding
    std::vector<Interval> outages;  // of the CA
    std::vector<ClockEvent> clock;
    std::vector<base::Time> mass_events;  // the CA wants some certificates renewed at once
};

struct WorldOptions {
    std::uint64_t seed = 1;
    std::size_t names = 1'000;
    int days = 200;
    std::chrono::hours onboarding{24};  // in which the names are added
    base::Time start = base::from_millis(1'800'000'000'000);
};

World make_world(const WorldOptions& options);

}  // namespace soak
