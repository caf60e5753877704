#include "relay/ca_limits.h"

#include <gtest/gtest.h>

namespace {

using relay::CaLimit;
using relay::CaLimits;
using relay::CaNumbers;
using relay::LimitedOrder;
using relay::LimitNumbers;
using namespace std::chrono_literals;

const base::Time start = base::parse_rfc3339("2026-01-01T00:00:00Z").value();

LimitedOrder order(const std::string& name, bool ari = false)
{
    return LimitedOrder{"https://ca.test/acct/1", {name}, ari};
}

std::string name(int number)
{
    return "n" + std::to_string(number) + ".d" + std::to_string(number) + ".test";
}

class CaLimitsTest : public testing::Test {
protected:
    CaLimits ca_{CaNumbers::production()};
};

}  // namespace

TEST_F(CaLimitsTest, NewOrdersRefillOneByOne)
{
    for (int i = 0; i < 300; ++i) {
        ASSERT_FALSE(ca_.new_order(order(name(i)), start));
    }
    const auto refused = ca_.new_order(order(name(300)), start);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->limit, CaLimit::new_orders);
    EXPECT_EQ(refused->retry_after, 36s);
    EXPECT_EQ(refused->detail,
              "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-01-01 "
              "00:00:36 UTC: "
              "see https://letsencrypt.org/docs/rate-limits/#new-orders-per-account");
    EXPECT_TRUE(ca_.new_order(order(name(300)), start + 35s));
    EXPECT_FALSE(ca_.new_order(order(name(300)), start + 36s));
    EXPECT_TRUE(ca_.new_order(order(name(301)), start + 37s));
    EXPECT_EQ(ca_.violation_count(), 3U);
    EXPECT_TRUE(ca_.violations().front().refused);
}

TEST_F(CaLimitsTest, ARefundGivesTheOrderBack)
{
    for (int i = 0; i < 300; ++i) {
        ASSERT_FALSE(ca_.new_order(order(name(i)), start));
    }
    ca_.refund_order(order(name(0)), start);

    EXPECT_FALSE(ca_.new_order(order(name(300)), start));
    EXPECT_TRUE(ca_.new_order(order(name(301)), start));
}

TEST_F(CaLimitsTest, CertificatesAreCountedWhenIssuedAndMayOvershoot)
{
    for (int i = 0; i < 51; ++i) {
        ASSERT_FALSE(ca_.new_order(order("h" + std::to_string(i) + ".shop.co.uk"), start));
    }
    EXPECT_EQ(ca_.violation_count(), 0U);
    for (int i = 0; i < 51; ++i) {
        ca_.issued(order("h" + std::to_string(i) + ".shop.co.uk"), start);
    }
    ASSERT_EQ(ca_.violation_count(), 1U);
    EXPECT_FALSE(ca_.violations()[0].refused);
    EXPECT_EQ(ca_.violations()[0].key, "shop.co.uk");

    const auto refused = ca_.new_order(order("new.shop.co.uk"), start);
    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->detail.starts_with(
        "too many certificates (50) already issued for \"shop.co.uk\" in the last"));
    EXPECT_EQ(refused->retry_after, 12'096s);
    EXPECT_FALSE(ca_.new_order(order("h1.shop.co.uk"), start)) << "the same set again is a renewal";
    EXPECT_FALSE(ca_.new_order(order("new.shop.co.uk", true), start)) << "exempt";
    EXPECT_TRUE(ca_.new_order(LimitedOrder{"https://ca.test/acct/2", {"x.shop.co.uk"}, false}, start))
        << "whoever orders";
    EXPECT_FALSE(ca_.new_order(order("new.shop.co.uk"), start + 12'096s));
}

TEST_F(CaLimitsTest, TheExactSetHoldsForRenewalsButNotForAri)
{
    const LimitedOrder both{"a", {"b.test", "a.test"}, false};
    for (int i = 0; i < 5; ++i) {
        ASSERT_FALSE(ca_.new_order(both, start));
        ca_.issued(both, start);
    }
    const LimitedOrder turned{"b", {"a.test", "b.test"}, false};
    const auto refused = ca_.new_order(turned, start);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->limit, CaLimit::exact_set);
    EXPECT_EQ(refused->retry_after, 120'960s);
    auto ari = turned;
    ari.ari = true;
    EXPECT_FALSE(ca_.new_order(ari, start));
    const auto before = ca_.violation_count();
    ca_.issued(ari, start);
    EXPECT_EQ(ca_.violation_count(), before);
}

TEST_F(CaLimitsTest, ARenewalIsForgottenAfter120Days)
{
    ca_.issued(order("a.test"), start);

    EXPECT_TRUE(ca_.is_renewal({"a.test"}, start + 120 * 24h));
    EXPECT_FALSE(ca_.is_renewal({"a.test"}, start + 120 * 24h + 1s));
    EXPECT_FALSE(ca_.is_renewal({"a.test", "b.test"}, start));
}

TEST_F(CaLimitsTest, FailuresBlockTheIdentifierInEveryOrderOfTheAccount)
{
    for (int i = 0; i < 5; ++i) {
        ca_.validation_failed("a", "bad.test", start);
    }
    const auto refused = ca_.new_order(LimitedOrder{"a", {"good.test", "*.bad.test"}, false}, start);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->limit, CaLimit::failures);
    EXPECT_TRUE(refused->detail.contains("too many failed authorizations (5) for \"bad.test\""));
    EXPECT_EQ(refused->retry_after, 720s);
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"b", {"bad.test"}, false}, start));
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"a", {"bad.test"}, true}, start));
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"a", {"bad.test"}, false}, start + 720s));
}

TEST_F(CaLimitsTest, FailingForeverPausesUntilAPersonActs)
{
    auto now = start;
    for (int i = 0; i < 1300; ++i) {  // every two hours: eleven a day more than the limit forgets
        now += 2h;
        ca_.validation_failed("a", "bad.test", now);
    }
    auto one = LimitedOrder{"a", {"bad.test"}, true};
    const auto paused = ca_.new_order(one, now + 1000h);

    ASSERT_TRUE(paused) << "not even ARI passes";
    EXPECT_EQ(paused->limit, CaLimit::paused);
    EXPECT_FALSE(paused->retry_after);
    EXPECT_EQ(paused->identifiers, std::vector<std::string>{"bad.test"});
    EXPECT_EQ(ca_.unpause("a"), 1U);
    EXPECT_FALSE(ca_.new_order(one, now + 1000h));
}

TEST_F(CaLimitsTest, OneSuccessEndsTheRowOfFailures)
{
    auto now = start;
    for (int i = 0; i < 2600; ++i) {
        now += 2h;
        ca_.validation_failed("a", "bad.test", now);
        if (i % 1000 == 0) {
            ca_.validation_succeeded("a", "bad.test");
        }
    }
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"a", {"bad.test"}, false}, now + 1h));
}

TEST_F(CaLimitsTest, TheLimitThatIsWholeLastIsNamed)
{
    for (int i = 0; i < 300; ++i) {
        ASSERT_FALSE(ca_.new_order(order(name(i)), start));
    }
    for (int i = 0; i < 50; ++i) {
        ca_.issued(order("h" + std::to_string(i) + ".shop.test"), start);
    }
    const auto refused = ca_.new_order(order("new.shop.test"), start);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->limit, CaLimit::registered_domain);
}

TEST_F(CaLimitsTest, OverridesOfTheCa)
{
    ca_.override_orders("https://ca.test/acct/1", LimitNumbers::in(1000, 3h));
    ca_.override_domains_of("https://ca.test/acct/1", LimitNumbers::in(1000, 7 * 24h));
    for (int i = 0; i < 1000; ++i) {
        const auto one = order("h" + std::to_string(i) + ".shop.test");
        ASSERT_FALSE(ca_.new_order(one, start));
        ca_.issued(one, start);
    }
    EXPECT_TRUE(ca_.new_order(order("new.shop.test"), start));
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"other", {"new.shop.test"}, false}, start));
}

TEST_F(CaLimitsTest, RegistrationsByAddressAndByNetwork)
{
    for (int i = 0; i < 10; ++i) {
        ASSERT_FALSE(ca_.register_account("192.0.2.1", start));
    }
    const auto refused = ca_.register_account("192.0.2.1", start);
    ASSERT_TRUE(refused);
    EXPECT_TRUE(refused->detail.starts_with(
        "too many new registrations (10) from this IP address in the last 3h0m0s"));
    EXPECT_FALSE(ca_.register_account("192.0.2.2", start));
    for (int i = 0; i < 500; ++i) {
        ASSERT_FALSE(ca_.register_account("2001:db8:0:" + std::to_string(i) + "::1", start));
    }
    EXPECT_EQ(ca_.register_account("2001:db8:0:ffff::1", start)->limit, CaLimit::registrations_per_range);
    EXPECT_FALSE(ca_.register_account("2001:db8:1::1", start));
}

TEST_F(CaLimitsTest, RequestsBySecond)
{
    for (int i = 0; i < 10; ++i) {
        ASSERT_FALSE(ca_.request("192.0.2.1", relay::RequestKind::new_nonce, start));
    }
    const auto refused = ca_.request("192.0.2.1", relay::RequestKind::new_nonce, start);

    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->limit, CaLimit::requests);
    EXPECT_EQ(refused->retry_after, 1s);
    EXPECT_FALSE(ca_.request("192.0.2.1", relay::RequestKind::directory, start));
    EXPECT_FALSE(ca_.request("192.0.2.1", relay::RequestKind::new_nonce, start + 50ms));
    EXPECT_TRUE(ca_.request("192.0.2.1", relay::RequestKind::new_nonce, start + 60ms));
}

TEST_F(CaLimitsTest, AddressesCountAlone)
{
    for (int i = 0; i < 50; ++i) {
        ca_.issued(
            LimitedOrder{
                "a", {"2001:db8::1", "x" + std::to_string(i) + ".d" + std::to_string(i) + ".test"}, false},
            start);
    }
    EXPECT_TRUE(ca_.new_order(LimitedOrder{"a", {"2001:db8::2"}, false}, start));
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"a", {"2001:db8:0:1::1"}, false}, start));
    EXPECT_FALSE(ca_.new_order(LimitedOrder{"a", {"192.0.2.1"}, false}, start));
}
