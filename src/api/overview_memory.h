// The ends of certificates as GET /v1/overview counted them a moment ago: every open page asks, and each
// count reads all of a tenant's certificates. Internal to api/.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace api {

// Runs on one executor: no locks. Bounded.
class OverviewMemory {
public:
    using Ends = std::vector<std::int64_t>;

    static constexpr auto life = std::chrono::seconds(10);
    static constexpr std::size_t most = 1000;  // tenants

    // `tenant` empty: of all.
    std::optional<Ends> find(const std::string& tenant, base::Time now) const;
    // The oldest makes room.
    void put(const std::string& tenant, base::Time now, Ends ends);

private:
    struct Counted {
        base::Time at{};
        Ends ends;
    };

    std::map<std::string, Counted> counted_;
};

}  // namespace api
