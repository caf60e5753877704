#include "issuance/challenge_choice.h"

#include <gtest/gtest.h>

namespace {

using enum model::ChallengeType;
using issuance::next_challenge;
using issuance::ProofHistory;

const std::vector<model::ChallengeType> all{http_01, dns_01, tls_alpn_01};

ProofHistory failed(model::ChallengeType last)
{
    return {std::nullopt, last, true};
}

}  // namespace

TEST(NextChallenge, IsTheBestOneAtFirstAndNoneWhereNothingIsUsable)
{
    EXPECT_EQ(next_challenge(all, {}), http_01);
    EXPECT_EQ(next_challenge({}, failed(http_01)), std::nullopt);
}

TEST(NextChallenge, GivesEachItsTurnAfterAFailedProof)
{
    EXPECT_EQ(next_challenge(all, failed(http_01)), dns_01);
    EXPECT_EQ(next_challenge(all, failed(dns_01)), tls_alpn_01);
    EXPECT_EQ(next_challenge(all, failed(tls_alpn_01)), http_01);
    EXPECT_EQ(next_challenge({http_01, tls_alpn_01}, failed(http_01)), tls_alpn_01);
    EXPECT_EQ(next_challenge({dns_01}, failed(dns_01)), dns_01) << "there is nothing else";
    EXPECT_EQ(next_challenge({dns_01}, failed(http_01)), dns_01) << "what failed is not usable any more";
}

TEST(NextChallenge, StaysWithTheOneThatWasNotToBlame)
{
    EXPECT_EQ(next_challenge(all, {std::nullopt, tls_alpn_01, false}), tls_alpn_01);
}

TEST(NextChallenge, BeginsARenewalWithWhatProvedThePredecessor)
{
    EXPECT_EQ(next_challenge(all, {tls_alpn_01, std::nullopt, false}), tls_alpn_01);
    EXPECT_EQ(next_challenge({dns_01}, {tls_alpn_01, std::nullopt, false}), dns_01);
    EXPECT_EQ(next_challenge(all, {tls_alpn_01, tls_alpn_01, true}), http_01);
}

TEST(NextChallenge, LeavesHttpWhenItsPortWasSeenClosed)
{
    EXPECT_EQ(next_challenge({dns_01, http_01}, {http_01, std::nullopt, false}), dns_01);
    EXPECT_EQ(next_challenge({tls_alpn_01, http_01}, {}), tls_alpn_01);
}
