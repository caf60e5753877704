// Onboarding: devices that wait for their first certificate, in order, by registered domain. What one domain
// waits for holds up no other.
#pragma once

#include "base/clock.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

namespace simulate {

// Runs on one thread; `now` never goes back.
class Onboarding {
public:
    using Device = std::uint32_t;

    // `devices` in turn over so many domains.
    Onboarding(std::size_t devices, std::size_t domains);

    bool empty() const { return waiting_ == 0; }
    std::size_t waiting() const { return waiting_; }
    // Takes the next device of the domain whose turn it is; none: nobody waits, or all domains are held.
    std::optional<Device> take(base::Time now);
    // `device` was taken and waits on, before the others of its domain.
    void give_back(Device device);
    // Nobody of the device's domain is taken before `until`.
    void hold(Device device, base::Time until);
    // When a domain that is held goes on; none: no domain is held.
    std::optional<base::Time> held_until() const;

private:
    using Domain = std::uint32_t;
    using Hold = std::pair<base::Time, Domain>;

    Domain domain_of(Device device) const { return static_cast<Domain>(device % queues_.size()); }
    void release(base::Time now);

    std::vector<std::deque<Device>> queues_;  // by domain
    std::deque<Domain> turn_;                 // domains that are not held and have somebody
    std::vector<bool> held_;
    std::priority_queue<Hold, std::vector<Hold>, std::greater<>> holds_;
    std::size_t waiting_ = 0;
};

}  // namespace simulate
