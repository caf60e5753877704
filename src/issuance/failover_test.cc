#include "issuance/failover.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using issuance::FailedAttempt;

struct Case {
    std::string_view code;
    std::chrono::milliseconds wait;
    int attempts;
    bool breaker;
    bool patient;
    bool moves;
};

TEST(Failover, FollowsTheClassOfTheFailure)
{
    const std::vector<Case> cases{
        // The CA is out of order: after a second try, at once when that is known, later for what can wait.
        {"ca_unavailable", 0ms, 1, false, false, false},
        {"ca_unavailable", 0ms, 2, false, false, true},
        {"ca_unavailable", 0ms, 0, true, false, true},
        {"ca_unavailable", 0ms, 9, true, true, false},
        // What this CA alone refuses.
        {"ca_rejected_identifier", 0ms, 1, false, true, true},
        {"caa_forbidden", 0ms, 1, false, false, true},
        {"caa_accounturi_mismatch", 0ms, 1, false, false, true},
        {"ca_account_invalid", 0ms, 1, false, false, true},
        {"ca_paused", 0ms, 1, false, false, true},
        // Limits that last.
        {"ca_rate_limited", 10min, 1, false, false, false},
        {"ca_rate_limited", 34h, 1, false, false, true},
        {"ca_rate_limited", 34h, 1, false, true, false},
        // Nobody knows why, again and again.
        {"ca_refused", 0ms, 2, false, false, false},
        {"ca_refused", 0ms, 3, false, false, true},
        // The name's own fault, and ours.
        {"dns_not_found", 0ms, 9, false, false, false},
        {"dns_servfail", 0ms, 9, false, false, false},
        {"delegation_missing", 0ms, 9, false, false, false},
        {"http_unreachable", 0ms, 9, false, false, false},
        {"http_wrong_response", 0ms, 9, false, false, false},
        {"challenge_not_seen", 0ms, 9, false, false, false},
        {"mpic_disagree", 0ms, 9, false, false, false},
        {"caa_lookup_failed", 0ms, 9, false, false, false},
        {"internal_error", 0ms, 9, false, false, false},
        {"", 0ms, 9, false, false, false},
    };
    for (const auto& each : cases) {
        FailedAttempt failed;
        failed.problem.code = each.code;
        failed.wait = each.wait;
        failed.attempts = each.attempts;
        failed.breaker = each.breaker;
        failed.patient = each.patient;
        EXPECT_EQ(issuance::another_ca_may_help(failed), each.moves) << each.code << " " << each.attempts;
    }
}

TEST(Failover, LetsACertificateWaitForItsCaUntilAQuarterIsLeft)
{
    const base::Time begin = base::from_millis(1'800'000'000'000);

    EXPECT_TRUE(issuance::may_wait(begin, begin + 90 * 24h, begin + 60 * 24h));
    EXPECT_FALSE(issuance::may_wait(begin, begin + 90 * 24h, begin + 70 * 24h));
    EXPECT_FALSE(issuance::may_wait(begin, begin + 160h, begin + 140h));
}

}  // namespace
