#include "issuance/failover.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace issuance {

namespace {

constexpr std::array<std::string_view, 5> of_this_ca_alone{
    "ca_rejected_identifier", "caa_forbidden", "caa_accounturi_mismatch", "ca_paused", "ca_account_invalid"};

constexpr int patience_with_outages = 2;   // attempts
constexpr int patience_with_refusals = 3;  // attempts
constexpr std::chrono::hours longest_limit{1};

}  // namespace

bool another_ca_may_help(const FailedAttempt& failed)
{
    const auto& code = failed.problem.code;
    if (std::ranges::find(of_this_ca_alone, code) != of_this_ca_alone.end()) {
        return true;
    }
    if (code == "ca_unavailable") {
        return !failed.patient && (failed.breaker || failed.attempts >= patience_with_outages);
    }
    if (code == "ca_rate_limited") {
        return !failed.patient && failed.wait > longest_limit;
    }
    return code == "ca_refused" && failed.attempts >= patience_with_refusals;
}

bool may_wait(base::Time not_before, base::Time not_after, base::Time now)
{
    return not_after - now > (not_after - not_before) / 4;
}

}  // namespace issuance
