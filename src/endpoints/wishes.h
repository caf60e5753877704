// Wishes: decides what edges of a pool may have on demand (DESIGN 8). Every wish comes from a stranger:
// whoever sends a name to an edge makes one.
#pragma once

#include "base/clock.h"
#include "base/flood_guard.h"
#include "dns/resolver.h"
#include "endpoints/service.h"
#include "model/wish.h"

#include <optional>
#include <string>
#include <vector>

namespace endpoints {

struct WishOptions {
    std::int64_t names_per_domain = 5;  // that came on demand under one registrable domain
    base::FloodLimits flood{.all = {50, 200}, .client = {10, 100}, .in_flight = 256, .remembered = 10'000};
    std::chrono::milliseconds limit{8'000};  // of one decision
};

struct WishCounts {
    std::uint64_t granted = 0;  // names that are here since or were here before
    std::uint64_t refused = 0;
    std::uint64_t limited = 0;  // too many at once
};

// A name is granted when a pool takes names like it, nobody here has it, its A and AAAA records are addresses
// of the pool and nothing else, straight and not through a CNAME, and its domain has not got too many
// already. Then it is an endpoint with a first order, made once however many edges and control nodes are
// asked. Refusals are remembered. Runs on one executor: no locks. All outlive it.
class Wishes {
public:
    Wishes(store::Store& store, Service& service, dns::Resolver& resolver, WishOptions options);

    // Errors: nobody could decide; ask again.
    base::Task<model::WishAnswer> grant(std::string group, model::Wish wish);
    const WishCounts& counts() const { return counts_; }

private:
    base::Task<model::WishAnswer> decide(std::string group, model::DomainName name);
    base::Task<model::WishAnswer> decide_in_time(std::string group, model::DomainName name);
    // What the tables say of the name; none: nobody has it, and it may be added.
    base::Task<std::optional<model::WishAnswer>> from_tables(std::string group, model::DomainName name);
    base::Task<model::WishAnswer> ask_dns(model::EdgeGroup group, model::DomainName name);

    store::Store& store_;
    Service& service_;
    dns::Resolver& resolver_;
    const WishOptions options_;
    WishCounts counts_;
    base::FloodGuard<model::WishAnswer> guard_;
};

}  // namespace endpoints
