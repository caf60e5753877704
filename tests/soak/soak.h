// The soak: months of renewals on a virtual clock, with the real planner, runner, order job, ledger, DNS
// watch and store; only the CA and the DNS are models. What must never happen is counted.
#pragma once

#include "soak/model_ca.h"
#include "soak/world.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace soak {

struct SoakOptions {
    WorldOptions world;
    std::filesystem::path folder;  // of the database
    std::chrono::milliseconds step{
        std::chrono::minutes(30)};  // the clock moves on by this when nothing waits
    std::chrono::milliseconds longest_check{
        std::chrono::days(10)};  // between looks at the DNS of an active name
    std::chrono::seconds renewal_info_every{std::chrono::hours(24)};
    std::uint64_t one_answer_lost_in = 200;                 // orders and finalizations
    std::int64_t orders_in_three_hours = 300;               // what the CA and we have agreed on
    std::function<void(const std::string& line)> progress;  // one line each ten virtual days
};

struct SoakReport {
    std::size_t names = 0;
    std::size_t issued = 0;
    std::size_t renewed = 0;
    CaCounts ca;
    std::vector<std::string> limits_violated;
    std::vector<std::string> duplicates;
    std::vector<std::string> lost_names;  // expired, although there was time to renew them
    std::size_t expired = 0;              // whatever the reason
    std::size_t never_issued = 0;         // although there was time
    double worst_life_left = 1;  // at a renewal, as a share of the lifetime, of names that nothing disturbed
    std::chrono::milliseconds slowest_first{0};  // from adding to the first certificate, undisturbed names
    std::chrono::milliseconds longest_busy{0};   // virtual time for which one step kept orders waiting
    std::size_t steps = 0;
    std::string to_text() const;
};

// Temporary folders made after this lie in memory where the system has that: durability is not what is tried.
void keep_files_in_memory();

// Runs on the calling thread until the virtual end. An error is about the machinery, not about what is
// judged.
base::Result<SoakReport> run_soak(const SoakOptions& options);

}  // namespace soak
