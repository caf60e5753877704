#include "diagnosis/status.h"

#include "diagnosis/problems.h"
#include "fakes/sample_endpoint.h"

#include <gtest/gtest.h>

namespace {

using model::ConditionStatus;
using model::EndpointState;
using model::OrderStatus;

const base::Time now = base::from_millis(1'800'000'000'000);

class Status : public ::testing::Test {
protected:
    Status() { endpoint_.status.since = now - std::chrono::hours(1); }

    void condition(std::string type, ConditionStatus status, std::string_view code = "")
    {
        model::Condition made;
        made.type = std::move(type);
        made.status = status;
        made.observed_at = now;
        if (!code.empty()) {
            diagnosis::ProblemFacts facts;
            facts.name = "shop.example.com";
            made.problem = diagnosis::problem(code, facts);
        }
        endpoint_.status.conditions.push_back(made);
    }
    void routed() { condition("DnsRouting", ConditionStatus::yes); }
    void not_routed() { condition("DnsRouting", ConditionStatus::no, "dns_wrong_target"); }
    void not_delegated() { condition("ChallengeDelegation", ConditionStatus::no, "delegation_missing"); }

    void certificate(model::CertificateSource source, std::chrono::days left)
    {
        model::Certificate made;
        made.id = "crt_" + std::to_string(facts_.certificates.size());
        made.source = source;
        made.identifiers = {"shop.example.com"};
        made.not_before = now - std::chrono::days(60);
        made.not_after = now + left;
        facts_.certificates.push_back(made);
    }
    void order(OrderStatus status, int attempt, std::string_view code = "")
    {
        facts_.order.emplace();
        facts_.order->status = status;
        facts_.order->attempt = attempt;
        facts_.order->next_action_at = now + std::chrono::minutes(10);
        if (!code.empty()) {
            facts_.order->problem = diagnosis::problem(code, {});
        }
    }
    model::EndpointStatus derive() const { return diagnosis::derive_status(endpoint_, facts_, now); }

    model::Endpoint endpoint_ = test::sample_endpoint({"shop.example.com"});
    diagnosis::StatusFacts facts_;
};

TEST_F(Status, WaitsForDnsWithItsReason)
{
    not_routed();
    not_delegated();

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::pending_dns);
    EXPECT_EQ(status.reason.code, "dns_wrong_target");
    EXPECT_TRUE(status.retrying);
    EXPECT_FALSE(status.serving);
}

TEST_F(Status, IsIssuingWhileAnOrderIsUnderWay)
{
    routed();
    order(OrderStatus::proving, 0);

    EXPECT_EQ(derive().state, EndpointState::issuing);
}

TEST_F(Status, AsksTheOperatorWhenTheCaDoes)
{
    routed();
    order(OrderStatus::queued, 1, "ca_paused");

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::action_required);
    EXPECT_EQ(status.reason.actor, model::Actor::platform);
    EXPECT_FALSE(status.retrying);
}

TEST_F(Status, KeepsIssuingWhenTheCaIsBusy)
{
    routed();
    order(OrderStatus::queued, 0, "ca_rate_limited");

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::issuing);
    EXPECT_EQ(status.reason.code, "ca_rate_limited");
    EXPECT_EQ(status.next_attempt_at, now + std::chrono::minutes(10));
}

TEST_F(Status, IsActiveWithAValidCertificateAndGoodDns)
{
    routed();
    certificate(model::CertificateSource::managed, std::chrono::days(30));

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::active);
    EXPECT_TRUE(status.serving);
    EXPECT_TRUE(status.reason.none());
    EXPECT_EQ(diagnosis::condition_of(status.conditions, "Certificate").status, ConditionStatus::yes);
}

TEST_F(Status, CountsAFirstCertificateOnceTheEdgesHaveIt)
{
    routed();
    certificate(model::CertificateSource::managed, std::chrono::days(30));
    order(OrderStatus::issued, 0);
    facts_.order->certificate = "crt_0";

    EXPECT_EQ(derive().state, EndpointState::issuing);
    facts_.order.reset();
    EXPECT_EQ(derive().state, EndpointState::active);
}

TEST_F(Status, IsDegradedWhenRenewingFails)
{
    routed();
    certificate(model::CertificateSource::managed, std::chrono::days(20));
    order(OrderStatus::queued, 2, "http_unreachable");
    facts_.order->replaces = "crt_0";

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::degraded);
    EXPECT_EQ(status.reason.code, "renewal_failing");
    EXPECT_EQ(status.reason.actor, model::Actor::platform);
    EXPECT_FALSE(status.reason.fix.empty());
    EXPECT_TRUE(status.serving);
}

TEST_F(Status, IsDegradedWhenDnsMovesAway)
{
    endpoint_.status.state = EndpointState::active;
    not_routed();
    certificate(model::CertificateSource::managed, std::chrono::days(20));

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::degraded);
    EXPECT_EQ(status.reason.code, "moved_away");
    EXPECT_TRUE(status.serving);
}

TEST_F(Status, IsDegradedWhenVisitorsGetAnotherCertificate)
{
    endpoint_.status.state = EndpointState::active;
    routed();
    condition("Reachable", ConditionStatus::no, "served_cert_mismatch");
    certificate(model::CertificateSource::managed, std::chrono::days(20));

    EXPECT_EQ(derive().state, EndpointState::degraded);
    EXPECT_EQ(derive().reason.code, "served_cert_mismatch");
}

// Behind proxies HTTP-01 may be all there is, and a router may answer us where the CA gets through.
TEST_F(Status, IsNotDegradedByOurOwnProbeBeforeItMatters)
{
    endpoint_.status.state = EndpointState::active;
    endpoint_.behind_proxies = true;
    routed();
    not_delegated();
    condition("CaaAllows", ConditionStatus::yes);
    condition("Ownership", ConditionStatus::yes);
    condition("Reachable", ConditionStatus::no, "http_wrong_response");
    certificate(model::CertificateSource::managed, std::chrono::days(60));
    auto& renewal = facts_.certificates.front().renew_at;

    renewal = now + std::chrono::days(30);
    EXPECT_EQ(derive().state, EndpointState::active);
    renewal = now + std::chrono::days(1);
    EXPECT_EQ(derive().state, EndpointState::degraded);
    EXPECT_EQ(derive().reason.code, "http_wrong_response");
}

TEST_F(Status, StaysActiveWhenOnlyItsOriginFails)
{
    endpoint_.status.state = EndpointState::active;
    routed();
    condition("Origin", ConditionStatus::no, "origin_unreachable");
    certificate(model::CertificateSource::managed, std::chrono::days(20));

    EXPECT_EQ(derive().state, EndpointState::active);
}

TEST_F(Status, StaysPendingBeforeTheCutOverAlthoughCertified)
{
    not_routed();
    condition("ChallengeDelegation", ConditionStatus::yes);
    certificate(model::CertificateSource::managed, std::chrono::days(80));

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::pending_dns);
    EXPECT_TRUE(status.serving);
}

TEST_F(Status, ServesATransitionalCertificateWhileWaiting)
{
    not_routed();
    not_delegated();
    certificate(model::CertificateSource::transitional, std::chrono::days(20));

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::pending_dns);
    EXPECT_TRUE(status.serving);
}

TEST_F(Status, RequiresActionAfterExpiryWithoutProof)
{
    not_routed();
    not_delegated();
    certificate(model::CertificateSource::managed, std::chrono::days(-1));

    const auto status = derive();

    EXPECT_EQ(status.state, EndpointState::action_required);
    EXPECT_FALSE(status.serving);
    EXPECT_EQ(diagnosis::condition_of(status.conditions, "Certificate").problem.code, "certificate_expired");
}

TEST_F(Status, ParksAfterAWeekAndWakesWithDns)
{
    not_routed();
    not_delegated();
    endpoint_.status.since = now - diagnosis::park_after;
    const auto parked = derive();
    EXPECT_EQ(parked.state, EndpointState::parked);

    endpoint_.status = parked;
    EXPECT_EQ(derive().state, EndpointState::parked);

    endpoint_.status.conditions.clear();
    routed();
    EXPECT_EQ(derive().state, EndpointState::issuing);
}

TEST_F(Status, NeverParksWhatServes)
{
    endpoint_.status.state = EndpointState::pending_dns;
    endpoint_.status.since = now - std::chrono::days(30);
    not_routed();
    not_delegated();
    certificate(model::CertificateSource::transitional, std::chrono::days(5));

    EXPECT_EQ(derive().state, EndpointState::pending_dns);
}

TEST_F(Status, LeavesWhatPeopleSet)
{
    routed();
    certificate(model::CertificateSource::managed, std::chrono::days(20));
    endpoint_.status.state = EndpointState::suspended;

    EXPECT_EQ(derive().state, EndpointState::suspended);
}

TEST_F(Status, KeepsSinceWhileTheStateStays)
{
    not_routed();
    not_delegated();

    EXPECT_EQ(derive().since, endpoint_.status.since);
    routed();
    endpoint_.status.conditions.erase(endpoint_.status.conditions.begin());
    EXPECT_EQ(derive().since, now);
}

}  // namespace
