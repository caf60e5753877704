#include "model/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace model {
namespace {

Certificate in_order(const std::string& id, CertificateSource source, int from_days, int to_days)
{
    const auto now = base::from_millis(1'800'000'000'000);
    Certificate certificate;
    certificate.id = id;
    certificate.source = source;
    certificate.identifiers = {"a.test"};
    certificate.not_before = now + std::chrono::days(from_days);
    certificate.not_after = now + std::chrono::days(to_days);
    return certificate;
}

std::vector<std::string> order_of(const std::vector<Certificate>& live)
{
    Endpoint endpoint;
    endpoint.names = {DomainName::parse("a.test").value()};
    std::vector<std::string> ids;
    for (const auto* each : serving_order(endpoint, live, base::from_millis(1'800'000'000'000))) {
        ids.push_back(each->id);
    }
    return ids;
}

TEST(ServingOrder, PrefersUploadedThenManagedAndTheNewest)
{
    EXPECT_THAT(order_of({in_order("m_old", CertificateSource::managed, -60, 30),
                          in_order("u", CertificateSource::uploaded, -80, 10),
                          in_order("m_new", CertificateSource::managed, -1, 89)}),
                testing::ElementsAre("u", "m_new", "m_old"));
}

TEST(ServingOrder, ServesATransitionalOneOnlyUntilAManagedOneIsLive)
{
    const auto transitional = in_order("t", CertificateSource::transitional, -100, 100);

    EXPECT_THAT(order_of({transitional}), testing::ElementsAre("t"));
    EXPECT_THAT(order_of({transitional, in_order("m", CertificateSource::managed, -1, 89)}),
                testing::ElementsAre("m"));
    EXPECT_THAT(order_of({transitional, in_order("expired", CertificateSource::managed, -91, -1)}),
                testing::ElementsAre("t"));
}

TEST(ServingOrder, KeepsATransitionalOneForNamesThatNoOtherCovers)
{
    auto other = in_order("m", CertificateSource::managed, -1, 89);
    other.identifiers = {"elsewhere.test"};

    EXPECT_THAT(order_of({in_order("t", CertificateSource::transitional, -100, 100), other}),
                testing::ElementsAre("m", "t"));
}

TEST(ServingOrder, LeavesOutExpiredAndPlatformCertificates)
{
    EXPECT_THAT(order_of({in_order("expired", CertificateSource::uploaded, -100, 0),
                          in_order("platform", CertificateSource::platform, -1, 89)}),
                testing::IsEmpty());
}

TEST(ServingOrder, PutsLastWhatOnlyOurClockTakesForNotYetValid)
{
    EXPECT_THAT(order_of({in_order("future", CertificateSource::managed, 1, 90),
                          in_order("m", CertificateSource::managed, -60, 30),
                          in_order("t", CertificateSource::transitional, -100, 100)}),
                testing::ElementsAre("m", "future"));
    EXPECT_THAT(order_of({in_order("future", CertificateSource::managed, 1, 90),
                          in_order("t", CertificateSource::transitional, -100, 100)}),
                testing::ElementsAre("t", "future"));
}

}  // namespace
}  // namespace model
