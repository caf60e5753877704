#include "issuance/budget.h"

#include "issuance/limit_report.h"
#include "issuance/store_ledger.h"
#include "issuance/token_bucket.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using issuance::BudgetRequest;
using issuance::Settlement;
using issuance::StoreLedger;
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
    template <class F>
    auto in(F function)
    {
        auto done = test::run(loop_, store_->write(function));
        EXPECT_TRUE(done) << (done ? "" : done.error().message());
        if constexpr (!std::is_same_v<decltype(done), base::Result<>>) {
            return std::move(*done);
        }
    }
    template <class Work>
    auto in_ledger(Work work)
    {
        auto in = [&work](store::Transaction& tx) {
            StoreLedger ledger(tx);
            return work(ledger);
        };
        return test::run(loop_, store_->write(in));
    }
    base::Result<std::string> reserve(const BudgetRequest& wanted)
    {
        return in_ledger(
            [&](StoreLedger& ledger) { return issuance::Budget::reserve(ledger, wanted, clock_.now()); });
    }
    void settle(const std::string& reservation, Settlement settlement)
    {
        const auto settled = in_ledger([&](StoreLedger& ledger) {
            return issuance::Budget::settle(ledger, reservation, settlement, clock_.now());
        });
        ASSERT_TRUE(settled) << settled.error().message();
    }
    void block(const BudgetRequest& wanted, const base::Error& error)
    {
        ASSERT_TRUE(in_ledger([&](StoreLedger& ledger) {
            return issuance::Budget::block(ledger, wanted, error, clock_.now());
        }));
    }
    void override_limit(issuance::LimitKind kind, double capacity, std::chrono::milliseconds period,
                        const std::string& domain = "")
    {
        model::CaAccount account;
        account.id = "ca_1";
        in([&](store::Transaction& tx) {
            return issuance::set_override(tx, account, {kind, capacity, period}, domain, clock_.now());
        });
    }
    // How many names under a domain may be ordered.
    int names_under(const std::string& domain)
    {
        int count = 0;
        while (count < 200 && reserve(request({"n" + std::to_string(count) + "." + domain}))) {
            ++count;
        }
        return count;
    }
    // Ended with certificates.
    int issued(const BudgetRequest& wanted)
    {
        int count = 0;
        for (auto made = reserve(wanted); made; made = reserve(wanted)) {
            settle(*made, Settlement::issued);
            ++count;
        }
        return count;
    }
    int reserved(const BudgetRequest& wanted, int most = 1'000)
    {
        int count = 0;
        while (count < most && reserve(wanted)) {
            ++count;
        }
        return count;
    }
    issuance::LimitReport report(issuance::LimitKind kind, const std::string& name = "")
    {
        model::CaAccount account;
        account.id = "ca_1";
        account.directory_url = request({}).directory_url;
        const auto reports = in([&](store::Transaction& tx) {
            return issuance::report_limits(tx, account, name, 10, clock_.now());
        });
        const auto found = std::ranges::find(reports, kind, &issuance::LimitReport::kind);
        return found == reports.end() ? issuance::LimitReport() : *found;
    }
    void fail(const std::string& name, int times)
    {
        for (int i = 0; i < times; ++i) {
            EXPECT_TRUE(in_ledger([&](StoreLedger& ledger) {
                return issuance::Budget::count_failures(ledger, request({name}), {name}, clock_.now());
            }));
        }
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
    EXPECT_EQ(issued(request({"shop.example.com"})), 5);
    clock_.advance(34h);
    EXPECT_TRUE(reserve(request({"shop.example.com"})));
    EXPECT_FALSE(reserve(request({"shop.example.com"})));
}

TEST_F(Budget, GainsNothingFromAClockThatGoesBackAndForth)
{
    const auto wanted = request({"shop.example.com"});
    EXPECT_EQ(issued(wanted), 5);
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
    EXPECT_EQ(issued(wanted), 5);
    block(wanted, base::Error(base::Errc::rate_limited, "overall").with_retry_after(60s));
    clock_.advance(-std::chrono::days(3650));

    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, CountsNamesUnderOneRegisteredDomainTogether)
{
    EXPECT_EQ(names_under("example.co.uk"), 50);
    EXPECT_FALSE(reserve(request({"one-more.example.co.uk"})));
    EXPECT_TRUE(reserve(request({"shop.other.co.uk"})));
}

TEST_F(Budget, DoesNotCountARenewalAgainstItsDomain)
{
    EXPECT_EQ(names_under("example.com"), 50);
    auto renewal = request({"n1.example.com"});
    renewal.exact_renewal = true;

    EXPECT_TRUE(reserve(renewal));
}

TEST_F(Budget, TakesNothingWhenOneLimitRefuses)
{
    EXPECT_EQ(reserved(request({"shop.example.com"})), 5);
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
    EXPECT_EQ(reserved(request({"shop.example.com"})), 5);
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
    fail("shop.example.com", 5);

    EXPECT_FALSE(reserve(wanted));
    clock_.advance(12min);
    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, CountsACertificateWhenItIsIssued)
{
    const auto wanted = request({"shop.example.com"});
    const auto slow = reserve(wanted);
    clock_.advance(34h);  // the CA has counted nothing yet
    settle(*slow, Settlement::issued);

    EXPECT_EQ(reserved(wanted), 4);
    clock_.advance(33h);
    EXPECT_FALSE(reserve(wanted));
    clock_.advance(1h);
    EXPECT_TRUE(reserve(wanted));
}

TEST_F(Budget, CountsADomainAndASetForAllAccountsAtTheCa)
{
    auto other = request({"shop.example.com"});
    other.account = "ca_2";
    EXPECT_EQ(reserved(request({"shop.example.com"})), 5);
    EXPECT_FALSE(reserve(other));
    other.directory_url = "https://acme-staging-v02.api.letsencrypt.org/directory";
    EXPECT_TRUE(reserve(other));
}

TEST_F(Budget, ARenewalThatTheCaCalledForIsCountedNowhereWhileTheWindowLasts)
{
    auto renewal = request({"shop.example.com"});
    EXPECT_EQ(reserved(renewal), 5);
    renewal.window.emplace(clock_.now() + 1h, clock_.now() + 4h);

    EXPECT_FALSE(reserve(renewal));
    clock_.advance(1h);
    EXPECT_EQ(reserved(renewal, 50), 50);
    clock_.advance(3h - 1min);  // it may arrive after the window
    EXPECT_FALSE(reserve(renewal));
}

TEST_F(Budget, ARenewalThatTheCaCalledForIsHeldByABlockAndByRowsOfFailuresAlone)
{
    auto renewal = request({"shop.example.com"});
    renewal.window.emplace(clock_.now() - 1h, clock_.now() + 100h);
    fail("shop.example.com", 50);
    EXPECT_TRUE(reserve(renewal));
    fail("shop.example.com", 60);
    EXPECT_FALSE(reserve(renewal));
}

TEST_F(Budget, LongBeforeANameIsPausedOnlyAPersonGetsOn)
{
    const auto name = request({"shop.example.com"});
    auto person = name;
    person.forced = true;
    fail("shop.example.com", 101);
    clock_.advance(1h);  // the hour's five are there again

    EXPECT_FALSE(reserve(name));
    const auto reservation = reserve(person);
    ASSERT_TRUE(reservation);
    settle(*reservation, Settlement::issued);  // one success ends the row

    EXPECT_TRUE(reserve(name));
    fail("shop.example.com", 501);
    clock_.advance(1h);
    EXPECT_FALSE(reserve(person));
}

TEST_F(Budget, BulkWorkLeavesAFifthToOthers)
{
    auto bulk = request({"a.example.com"});
    bulk.queue_class = model::QueueClass::bulk;
    int count = 0;
    for (int i = 0; i < 400; ++i) {
        bulk.identifiers = {"n" + std::to_string(i) + ".example" + std::to_string(i) + ".com"};
        count += reserve(bulk) ? 1 : 0;
    }
    EXPECT_EQ(count, 240);

    for (int i = 0; i < 60; ++i) {
        EXPECT_TRUE(reserve(request({"p" + std::to_string(i) + ".person" + std::to_string(i) + ".com"})))
            << i;
    }
    EXPECT_FALSE(reserve(request({"one-more.example.org"})));
    clock_.advance(36s);
    bulk.identifiers = {"late.example.net"};
    EXPECT_FALSE(reserve(bulk));
    EXPECT_TRUE(reserve(request({"one-more.example.org"})));
}

TEST_F(Budget, AnOverrideTakesThePlaceOfTheNumber)
{
    override_limit(issuance::LimitKind::new_orders, 400, 3h);
    int count = 0;
    while (count < 500 &&
           reserve(request({"n" + std::to_string(count) + ".d" + std::to_string(count) + ".com"}))) {
        ++count;
    }
    EXPECT_EQ(count, 400);
    in([](store::Transaction& tx) { return tx.budgets.remove_override("ca_1", "new_orders", ""); });
    EXPECT_EQ(report(issuance::LimitKind::new_orders).uses.at(0).capacity, 300);
}

TEST_F(Budget, ADomainOrAnAccountMayHaveANumberOfItsOwn)
{
    override_limit(issuance::LimitKind::registered_domain, 70, 168h, "big.com");
    EXPECT_EQ(names_under("big.com"), 70);
    EXPECT_EQ(names_under("small.com"), 50);

    override_limit(issuance::LimitKind::registered_domain, 60, 168h);
    EXPECT_EQ(names_under("third.com"), 60);
    auto other = request({"x.third.com"});
    other.account = "ca_2";
    EXPECT_FALSE(reserve(other));  // the CA has counted them for everybody
}

TEST_F(Budget, CountsRegistrationsFromOurAddress)
{
    const auto registration = [&](const std::string& account) {
        return in_ledger([&](StoreLedger& ledger) {
            return issuance::Budget::reserve_registration(ledger, account, request({}).directory_url,
                                                          clock_.now());
        });
    };
    for (int i = 0; i < 10; ++i) {
        const auto made = registration("ca_" + std::to_string(i));
        ASSERT_TRUE(made);
        settle(*made, Settlement::issued);
    }
    EXPECT_FALSE(registration("ca_10"));
    clock_.advance(18min);
    EXPECT_TRUE(registration("ca_10"));
}

TEST_F(Budget, LearnsThePaceOfACaThatComplains)
{
    auto wanted = request({"shop.example.com"});
    wanted.directory_url = "https://ca.example/dir";
    const auto in_a_minute = [&] {
        int count = 0;
        for (int i = 0; i < 600; ++i) {
            const auto made = reserve(wanted);
            if (made) {
                settle(*made, Settlement::issued);
                ++count;
            }
            clock_.advance(100ms);
        }
        return count;
    };
    const base::Error complaint(base::Errc::rate_limited, "<html>slow down</html>");
    EXPECT_EQ(in_a_minute(), 600);
    block(wanted, complaint);
    block(wanted, complaint);  // another order that was under way
    EXPECT_EQ(in_a_minute(), 0);
    EXPECT_NEAR(in_a_minute(), 60, 6);
    block(wanted, complaint);
    clock_.advance(1min);
    EXPECT_NEAR(in_a_minute(), 30, 6);
    clock_.advance(5h);
    EXPECT_NEAR(in_a_minute(), 90, 12);
    clock_.advance(48h);
    EXPECT_EQ(in_a_minute(), 600);
}

TEST_F(Budget, HoldsUpOnlyTheNameThatTheCaNamed)
{
    const auto wanted = request({"a.example.com", "b.example.org"});
    block(wanted,
          base::Error(
              base::Errc::rate_limited,
              "too many failed authorizations (5) for \"b.example.org\" in the last 1h0m0s, see "
              "https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account")
              .with_retry_after(12min));
    EXPECT_TRUE(reserve(request({"a.example.com"})));
    EXPECT_FALSE(reserve(request({"b.example.org"})));
    clock_.advance(12min);
    EXPECT_TRUE(reserve(request({"b.example.org"})));
}

TEST_F(Budget, APausedNameHoldsUpNobodyElse)
{
    block(request({"a.example.com"}),
          base::Error(base::Errc::rate_limited, "Visit https://ca.test/unpause?jwt=x")
              .with_code("acme:paused"));
    EXPECT_TRUE(reserve(request({"b.example.org"})));
}

TEST_F(Budget, ForgetsWhatSaysNoMoreThanNothing)
{
    const auto reservation = reserve(request({"shop.example.com"}));
    const auto buckets = [&] { return in([](store::Transaction& tx) { return tx.budgets.list(); }).size(); };
    const auto tidy = [&] {
        in([&](store::Transaction& tx) { return issuance::Budget::tidy(tx, clock_.now()); });
    };
    clock_.advance(1000h);
    tidy();
    EXPECT_EQ(buckets(), 3U);  // the reservation was forgotten, so it counts as issued now
    clock_.advance(100h);
    tidy();
    EXPECT_EQ(buckets(), 0U);
    settle(*reservation, Settlement::issued);
    EXPECT_TRUE(reserve(request({"shop.example.com"})));
    tidy();
    EXPECT_EQ(buckets(), 3U);
}

TEST_F(Budget, TellsWhatIsLeftAndWhenTheNextIsFree)
{
    EXPECT_EQ(reserved(request({"shop.example.com"})), 5);
    EXPECT_TRUE(reserve(request({"other.example.org"})));

    const auto orders = report(issuance::LimitKind::new_orders).uses.at(0);
    EXPECT_EQ(orders.remaining, 294);
    EXPECT_EQ(orders.reserved, 6);
    EXPECT_EQ(orders.next_free_at, clock_.now());
    const auto sets = report(issuance::LimitKind::exact_set);
    ASSERT_EQ(sets.uses.size(), 2U);
    EXPECT_EQ(sets.uses[0].subject, "shop.example.com");
    EXPECT_EQ(sets.uses[0].remaining, 0);
    EXPECT_GT(sets.uses[0].next_free_at, clock_.now() + 33h);
    const auto named = report(issuance::LimitKind::registered_domain, "other.example.org");
    ASSERT_EQ(named.uses.size(), 1U);
    EXPECT_EQ(named.uses[0].subject, "example.org");
    EXPECT_EQ(named.uses[0].remaining, 49);
}

}  // namespace
