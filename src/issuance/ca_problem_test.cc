#include "issuance/ca_problem.h"

#include "issuance/backoff.h"

#include <gtest/gtest.h>

namespace {

using model::ChallengeType;

acme::Problem said(std::string type, std::string detail)
{
    acme::Problem problem;
    problem.type = std::move(type);
    problem.detail = std::move(detail);
    return problem;
}

TEST(CaProblem, NamesWhatTheCaFound)
{
    struct Case {
        std::string type, detail;
        ChallengeType challenge;
        std::string_view code;
    };
    const std::vector<Case> cases{
        {"connection", "Timeout during connect", ChallengeType::http_01, "http_unreachable"},
        {"unauthorized", "Invalid response: 404", ChallengeType::http_01, "http_wrong_response"},
        {"unauthorized", "Invalid response: 403", ChallengeType::http_01, "http_filtered"},
        {"connection", "Timeout during connect", ChallengeType::tls_alpn_01, "tls_unreachable"},
        {"unauthorized", "Incorrect validation certificate", ChallengeType::tls_alpn_01,
         "tls_wrong_response"},
        {"unauthorized", "No TXT record found", ChallengeType::dns_01, "challenge_not_seen"},
        {"dns", "NXDOMAIN looking up A", ChallengeType::http_01, "dns_not_found"},
        {"dns", "SERVFAIL looking up A", ChallengeType::http_01, "dns_servfail"},
        {"caa", "CAA record prevents issuance", ChallengeType::http_01, "caa_forbidden"},
        {"unauthorized", "During secondary validation: 404", ChallengeType::http_01, "mpic_disagree"},
        {"rejectedIdentifier", "policy", ChallengeType::http_01, "ca_rejected_identifier"},
        {"somethingNew", "?", ChallengeType::http_01, "ca_refused"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(issuance::problem_of(said(each.type, each.detail), "shop.example.com", each.challenge).code,
                  each.code)
            << each.detail;
    }
}

TEST(CaProblem, SpeaksOfTheNameInTheSubproblem)
{
    auto problem = said("malformed", "several");
    acme::Problem::Sub sub;
    sub.identifier.value = "b.example.com";
    sub.type = "caa";
    sub.detail = "forbidden";
    problem.subproblems.push_back(sub);

    const auto made = issuance::problem_of(problem, "a.example.com", ChallengeType::http_01);

    EXPECT_EQ(made.code, "caa_forbidden");
    EXPECT_TRUE(made.message.contains("b.example.com")) << made.message;
}

TEST(CaProblem, TellsAPauseFromALimit)
{
    const auto limited = base::Error(base::Errc::rate_limited, "see https://x/#new-orders")
                             .with_code("acme:rateLimited")
                             .with_retry_after(std::chrono::seconds(5));
    const auto paused =
        base::Error(base::Errc::rate_limited, "visit: https://x/unpause?jwt=1").with_code("acme:paused");
    const auto untimed =
        base::Error(base::Errc::rate_limited, "see https://x/docs").with_code("acme:rateLimited");

    EXPECT_EQ(issuance::problem_of(limited, "n", {}).code, "ca_rate_limited");
    EXPECT_EQ(issuance::problem_of(paused, "n", {}).code, "ca_paused");
    EXPECT_TRUE(issuance::is_paused(paused));
    EXPECT_FALSE(issuance::is_paused(limited));
    EXPECT_FALSE(issuance::is_paused(untimed));
}

TEST(CaProblem, DoesNotTakeARefusedRequestForAFailedProof)
{
    const auto refused = base::Error(base::Errc::unauthorized, "the account may not issue for this name")
                             .with_code("acme:unauthorized");

    EXPECT_EQ(issuance::problem_of(refused, "n", {}).code, "ca_refused");
}

TEST(Backoff, ClimbsTheLadderToADay)
{
    using std::chrono::minutes;
    const auto near = [](int attempt, std::chrono::milliseconds want) {
        const auto wait = issuance::backoff(attempt, minutes(1));
        return wait >= want * 9 / 10 && wait <= want * 11 / 10;
    };
    EXPECT_TRUE(near(1, minutes(1)));
    EXPECT_TRUE(near(2, minutes(10)));
    EXPECT_TRUE(near(3, minutes(100)));
    EXPECT_TRUE(near(4, minutes(1440)));
    EXPECT_TRUE(near(50, minutes(1440)));
}

TEST(CaProblem, OfAnAccountTellsTheOperatorWhatToDo)
{
    const auto now = base::from_millis(1'800'000'000'000);
    const auto fix_for = [now](std::string code, std::string message, std::string fix) {
        const auto error = base::Error(base::Errc::unauthorized, std::move(message))
                               .with_code(std::move(code))
                               .with_fix(std::move(fix));
        const auto problem = issuance::problem_of(error, "shop.example.com", now);
        return problem.code == "ca_account_invalid" ? problem.fix : problem.code;
    };

    EXPECT_TRUE(
        fix_for("acme:accountDoesNotExist", "no such account", "").contains("certwright ca register"));
    EXPECT_TRUE(
        fix_for("acme:userActionRequired", "new terms", "Open https://ca/terms and do what the CA asks for.")
            .starts_with("Open https://ca/terms"));
    EXPECT_TRUE(fix_for("acme:unauthorized", "Account is not valid, has status \"deactivated\"", "")
                    .contains("new account"));
    EXPECT_EQ(fix_for("acme:unauthorized", "The key does not match", ""), "ca_refused");
}

}  // namespace
