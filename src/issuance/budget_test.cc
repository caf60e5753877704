#include "issuance/budget.h"

#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using issuance::BudgetRequest;
using issuance::Settlement;
using namespace std::chrono_literals;

class Budget : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
    }

    static BudgetRequest request(std::vector<std::string> identifiers)
    {
        BudgetRequest made;
        made.account = "ca_1";
        made.directory_url = "https://acme-v02.api.letsencrypt.org/directory";
        made.identifiers = std::move(identifiers);
        return made;
    }
    base::Result<std::string> reserve(const BudgetRequest& wanted)
    {
        auto work = [&](store::Transaction& tx) {
            return issuance::Budget::reserve(tx, wanted, clock_.now());
        };
        return test::run(loop_, store_->write(work));
    }
    void settle(const std::string& reservation, Settlement settlement)
    {
        auto work = [&](store::Transaction& tx) {
            return issuance::Budget::settle(tx, reservation, settlement, clock_.now());
        };
        const auto settled = test::run(loop_, store_->write(work));
        ASSERT_TRUE(settled) << settled.error().message();
    }
    void block(const BudgetRequest& wanted, const base::Error& error)
    {
        auto work = [&](store::Transaction& tx) {
            return issuance::Budget::block(tx, wanted, error, clock_.now());
        };
        ASSERT_TRUE(test::run(loop_, store_->write(work)));
    }

    test::TempDir dir_;
    asio::io_context loop_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<store::Store> store_;
};

TEST_F(Budget, HoldsTheExactSetToFiveAWeek)
{
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(request({"shop.example.com"})));
    }

    const auto sixth = reserve(request({"shop.example.com"}));

    ASSERT_FALSE(sixth);
    EXPECT_EQ(sixth.error().kind(), base::Errc::rate_limited);
    EXPECT_NEAR(static_cast<double>(sixth.error().retry_after()->count()), 7 * 86'400 / 5.0, 5);
    EXPECT_TRUE(reserve(request({"other.example.com"})));
}

TEST_F(Budget, RefillsAsTheCaDoes)
{
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(request({"shop.example.com"})));
    }
    clock_.advance(34h);
    EXPECT_TRUE(reserve(request({"shop.example.com"})));
    EXPECT_FALSE(reserve(request({"shop.example.com"})));
}

TEST_F(Budget, GainsNothingFromAClockThatGoesBackAndForth)
{
    const auto wanted = request({"shop.example.com"});
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(wanted));
    }
    clock_.advance(-30h);
    block(wanted,
          base::Error(base::Errc::rate_limited, "#new-certificates-per-exact-set").with_retry_after(0s));
    clock_.advance(40h);
    EXPECT_FALSE(reserve(wanted));
    clock_.advance(24h);
    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, ForgetsTimesThatOnlyAWrongClockCanHaveWritten)
{
    const auto wanted = request({"shop.example.com"});
    clock_.advance(std::chrono::days(3650));
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(wanted));
    }
    block(wanted, base::Error(base::Errc::rate_limited, "overall").with_retry_after(60s));
    clock_.advance(-std::chrono::days(3650));

    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, CountsNamesUnderOneRegisteredDomainTogether)
{
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(reserve(request({"n" + std::to_string(i) + ".example.co.uk"})));
    }

    EXPECT_FALSE(reserve(request({"one-more.example.co.uk"})));
    EXPECT_TRUE(reserve(request({"shop.other.co.uk"})));
}

TEST_F(Budget, DoesNotCountARenewalAgainstItsDomain)
{
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(reserve(request({"n" + std::to_string(i) + ".example.com"})));
    }
    auto renewal = request({"n1.example.com"});
    renewal.exact_renewal = true;

    EXPECT_TRUE(reserve(renewal));
}

TEST_F(Budget, TakesNothingWhenOneLimitRefuses)
{
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(request({"shop.example.com"})));
    }
    for (int i = 0; i < 60; ++i) {
        EXPECT_FALSE(reserve(request({"shop.example.com"})));
    }
    for (int i = 0; i < 45; ++i) {
        EXPECT_TRUE(reserve(request({"n" + std::to_string(i) + ".example.com"}))) << i;
    }
}

TEST_F(Budget, RefundsWhatTheCaDidNotCount)
{
    for (int i = 0; i < 20; ++i) {
        const auto reservation = reserve(request({"shop.example.com"}));
        ASSERT_TRUE(reservation) << i;
        settle(*reservation, Settlement::refunded);
        settle(*reservation, Settlement::refunded);  // Only the first one counts.
    }
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(reserve(request({"shop.example.com"})));
    }
    EXPECT_FALSE(reserve(request({"shop.example.com"})));
}

TEST_F(Budget, KeepsTheOrderOfAFailedAttemptCounted)
{
    for (int i = 0; i < 300; ++i) {
        const auto reservation = reserve(request({"n" + std::to_string(i) + ".example.com"}));
        ASSERT_TRUE(reservation) << i;
        settle(*reservation, Settlement::ordered);
    }

    const auto refused = reserve(request({"last.example.org"}));

    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().contains("new_orders")) << refused.error().message();
}

TEST_F(Budget, ObeysTheCaForTheLimitItNames)
{
    const auto wanted = request({"shop.example.com"});
    block(
        wanted,
        base::Error(
            base::Errc::rate_limited,
            "too many; see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain")
            .with_retry_after(3h));

    EXPECT_FALSE(reserve(request({"b.example.com"})));
    EXPECT_TRUE(reserve(request({"b.example.org"})));
    clock_.advance(3h);
    EXPECT_TRUE(reserve(request({"b.example.com"})));
}

TEST_F(Budget, StopsEverythingOfAnUnknownCaThatSaysSo)
{
    auto wanted = request({"shop.example.com"});
    wanted.directory_url = "https://ca.example/dir";
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(reserve(wanted));
    }
    block(wanted, base::Error(base::Errc::rate_limited, "slow down").with_retry_after(60s));

    const auto refused = reserve(wanted);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after(), 60s);
    clock_.advance(60s);
    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, StopsBeforeTheCaPunishesFailedValidations)
{
    const auto wanted = request({"shop.example.com"});
    auto fail = [&](store::Transaction& tx) {
        return issuance::Budget::count_failures(tx, wanted, {"shop.example.com"}, clock_.now());
    };
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(test::run(loop_, store_->write(fail)));
    }

    EXPECT_FALSE(reserve(wanted));
    clock_.advance(12min);
    EXPECT_TRUE(reserve(wanted));
}

}  // namespace
