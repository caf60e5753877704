// What is simulated: devices that need certificates, the CA that issues them, and what happens meanwhile.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace simulate {

// So many in each period, as CAs write their limits.
struct Quota {
    std::int64_t count = 0;
    std::chrono::milliseconds period{0};
};

// Counted from the start of the simulation.
struct Outage {
    std::chrono::milliseconds after{0};
    std::chrono::milliseconds length{0};
};

// The CA wants `share` (0 to 1) of all certificates replaced at once.
struct CallIn {
    std::chrono::milliseconds after{0};
    double share = 1;
};

struct Fleet {
    std::size_t devices = 90'000;
    std::size_t domains = 1;     // registered domains that the names are spread over
    bool public_suffix = false;  // the zone is on the public suffix list: each name is a registered domain
    int days = 200;              // how long is looked ahead
    base::Time start{};
    std::string directory_url = "https://acme-v02.api.letsencrypt.org/directory";
    std::chrono::milliseconds lifetime = std::chrono::days(90);  // of certificates
    std::optional<Quota> orders{};      // what the CA agreed on: new orders of the account
    std::optional<Quota> per_domain{};  // and certificates for each registered domain
    double others_a_day = 0;            // new names that people add on the same account: they go first
    double strangers_a_day = 0;  // certificates for the first domain that others get, whom we do not see
    std::vector<Outage> outages{};
    std::vector<CallIn> call_ins{};
    std::size_t in_flight = 32;                                   // orders at once
    std::chrono::milliseconds latency = std::chrono::seconds(6);  // of an order, on average
    std::uint64_t seed = 1;
};

// One virtual day.
struct Day {
    std::size_t first = 0;  // devices that got their first certificate
    std::size_t renewed = 0;
    std::size_t waiting = 0;  // at its end: devices without a certificate
    std::size_t late = 0;     // at its end: renewals that are due and not done
    double budget_used = 0;   // of the new orders that the CA allows in a day
};

struct Forecast {
    std::vector<Day> days{};
    std::size_t onboarded = 0;                 // devices that have had a certificate
    std::optional<base::Time> onboarded_at{};  // when the last one got it; none: not within the time
    std::optional<base::Time> reckoned_at{};   // where not within the time: by the pace of the last days
    std::string held_back_by{};    // the limit that onboarding waited for most, as the CA names it
    double order_budget_used = 0;  // while onboarding, of what is given to it (0 to 1)
    std::size_t renewals = 0;
    std::size_t exempt_renewals = 0;               // by renewal information (RFC 9773)
    std::chrono::milliseconds worst_delay{0};      // of a renewal after the instant chosen for it
    std::chrono::milliseconds least_life_left{0};  // of a certificate when its successor came; 0: no renewal
    std::size_t expired = 0;                       // certificates that ended before their successor came
    std::vector<std::string> violations{};         // by the CA's own count, the first ones
    std::size_t limit_violations = 0;
    std::size_t refused_for_others = 0;  // by limits that strangers had used up
};

// Runs on the calling thread; the same fleet gives the same forecast. An error is about the machinery.
base::Result<Forecast> run(const Fleet& fleet);

}  // namespace simulate
