// The customers' DNS of a simulation.
#pragma once

#include "dns/resolver.h"
#include "soak/virtual_clock.h"
#include "soak/world.h"

#include <string>
#include <unordered_map>

namespace soak {

// Every required record exists from the moment its endpoint is added, but while its site is broken. Runs on
// one executor; its arguments outlive it.
class SimulatedDns final : public dns::Resolver {
public:
    SimulatedDns(const VirtualClock& clock, const World& world);

    base::Task<dns::Lookup> lookup(std::string name, dns::RecordType type) override;

    // The site with an endpoint of that name (as in its certificate); null for the platform.
    const Site* site_of(const std::string& identifier) const;
    bool broken_now(const Site& site) const { return within(site.broken, clock_.true_time()); }
    std::uint64_t asked() const { return asked_; }

private:
    struct Record {
        const Site* site = nullptr;
        std::string target;
    };
    const Record* find(const std::string& name) const;

    const VirtualClock& clock_;
    std::unordered_map<std::string, Record> records_;
    std::unordered_map<std::string, const Site*> sites_;
    std::uint64_t asked_ = 0;
};

}  // namespace soak
