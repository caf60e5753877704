// Renewals on a clock that the test moves: advice of the CA, its absence, mass events.
#include "issuance/testing/renewal_world.h"

#include <set>
#include <tuple>

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using test::Renewals;

TEST_F(Renewals, TheInstantIsChosenOnceAWindow)
{
    const auto certificate = add("a", 2160h);
    const auto from = clock_.now() + 1000h;

    apply(certificate.id, from, from + 48h);
    const auto first = advice_of(certificate.id);
    apply(certificate.id, from, from + 48h);
    apply(certificate.id, from, from + 48h);

    ASSERT_TRUE(first && first->chosen_at);
    EXPECT_GE(*first->chosen_at, from);
    EXPECT_LT(*first->chosen_at, from + 48h);
    EXPECT_EQ(advice_of(certificate.id)->chosen_at, first->chosen_at);
    EXPECT_EQ(stored(certificate.id).renew_at, first->chosen_at);

    apply(certificate.id, from - 500h, from - 499h);
    EXPECT_LT(*stored(certificate.id).renew_at, from - 499h);
}

TEST_F(Renewals, ThePollComesAfterRetryAfterButNeverTooSoonOrTooLate)
{
    const auto certificate = add("a", 2160h);
    const auto next_after = [&](std::chrono::seconds told) {
        acme::RenewalInfo info;
        info.start = clock_.now() + 1h;
        info.end = clock_.now() + 2h;
        info.retry_after = told;
        write([&](store::Transaction& tx) {
            return issuance::apply_answer(tx, "ari_" + certificate.id, info, clock_.now());
        });
        return *advice_of(certificate.id)->next_poll_at - clock_.now();
    };
    EXPECT_GE(next_after(6h), 6h);
    EXPECT_LT(next_after(6h), 6h + 20min);
    EXPECT_GE(next_after(1s), 1min);
    EXPECT_LT(next_after(1s), 2min);
    EXPECT_LT(next_after(std::chrono::days(30)), 26h);
}

TEST_F(Renewals, AnOldWindowCannotMoveASuccessor)
{
    const auto old = add("a", 2160h);
    const auto successor = add("a", 2160h);
    write([&](store::Transaction& tx) -> base::Result<> {
        auto replaced = old;
        replaced.state = model::CertificateState::superseded;
        replaced.renew_at.reset();
        return tx.certificates.update(replaced);
    });

    apply(old.id, clock_.now() - 2h, clock_.now() - 1h);

    EXPECT_EQ(stored(successor.id).renew_at, successor.renew_at);
    EXPECT_FALSE(stored(old.id).renew_at);
    EXPECT_FALSE(advice_of(old.id));  // and it is not asked about again
}

TEST_F(Renewals, AdviceStartsNoRenewalThatWasStopped)
{
    int asked = 0;
    answer_ = [&](const std::string&) -> base::Result<acme::RenewalInfo> {
        ++asked;
        return base::fail(base::Errc::unavailable, "busy");
    };
    auto moved = add("a", 2160h);
    const auto set_renewal = [&](std::optional<base::Time> when) {
        moved.renew_at = when;
        write([&](store::Transaction& tx) { return tx.certificates.update(moved); });
    };
    set_renewal(std::nullopt);

    apply(moved.id, clock_.now() - 2h, clock_.now() - 1h, "https://ca.test/incident");
    EXPECT_FALSE(stored(moved.id).renew_at);
    clock_.advance(7h);
    poll_all();
    EXPECT_EQ(asked, 0);
    EXPECT_FALSE(stored(moved.id).renew_at);
    EXPECT_TRUE(write([](store::Transaction& tx) { return tx.events.of_subject("ep_a", 10); }).empty());

    set_renewal(model::renewal_time(moved.not_before, moved.not_after));
    clock_.advance(7h);
    poll_all();
    EXPECT_EQ(asked, 1) << "back again, the CA is asked again";
}

TEST_F(Renewals, NobodyAsksAboutWhatExpiredOrWasReplaced)
{
    int asked = 0;
    answer_ = [&](const std::string&) -> base::Result<acme::RenewalInfo> {
        ++asked;
        return base::fail(base::Errc::unavailable, "busy");
    };
    const auto replaced = add("a", 2160h);
    add("b", 1h);
    write([&](store::Transaction& tx) { return issuance::end_advice(tx, replaced.id); });
    clock_.advance(2h);

    poll_all();

    EXPECT_EQ(asked, 0);
}

TEST_F(Renewals, PassingErrorsAreAskedAboutSoonAndLastingOnesLate)
{
    const auto certificate = add("a", 2160h);
    const auto wait = [&] { return *advice_of(certificate.id)->next_poll_at - clock_.now(); };
    const base::Error passing(base::Errc::unavailable, "busy");

    fail(certificate.id, passing);
    EXPECT_LT(wait(), 2min);
    fail(certificate.id, passing);
    EXPECT_GT(wait(), 3min);
    fail(certificate.id, passing);
    fail(certificate.id, passing);
    EXPECT_LT(wait(), 2h);
    fail(certificate.id, passing);
    EXPECT_GE(wait(), 6h);
    EXPECT_LT(wait(), 7h);

    apply(certificate.id, clock_.now() + 1h, clock_.now() + 2h);
    EXPECT_EQ(advice_of(certificate.id)->failures, 0);
    fail(certificate.id, base::Error(base::Errc::invalid, "the window ends before it begins"));
    EXPECT_GE(wait(), 6h);
    EXPECT_TRUE(advice_of(certificate.id)->chosen_at);  // what is known stays
    EXPECT_EQ(stored(certificate.id).renew_at, advice_of(certificate.id)->chosen_at);
}

TEST_F(Renewals, ACaWithoutRenewalInformationIsNotAskedAgain)
{
    const auto certificate = add("a", 2160h);
    fail(certificate.id, base::Error(base::Errc::not_found, "none").with_code("acme:noRenewalInfo"));

    EXPECT_FALSE(advice_of(certificate.id)->next_poll_at);
    EXPECT_EQ(stored(certificate.id).renew_at, certificate.renew_at);
}

TEST_F(Renewals, AnExplanationIsToldOnce)
{
    const auto certificate = add("a", 2160h);
    apply(certificate.id, clock_.now() - 2h, clock_.now() - 1h, "https://ca.test/incident");
    apply(certificate.id, clock_.now() - 2h, clock_.now() - 1h, "https://ca.test/incident");

    const auto events = write([](store::Transaction& tx) { return tx.events.of_subject("ep_a", 10); });
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, "certificate.renewal.advised");
    EXPECT_TRUE(events[0].message.contains("https://ca.test/incident"));
    EXPECT_EQ(advice_of(certificate.id)->explanation_url, "https://ca.test/incident");
}

TEST_F(Renewals, NoAdviceMovesARenewalSoLateThatNothingMayGoWrong)
{
    const auto certificate = add("a", 2160h);
    apply(certificate.id, certificate.not_after + 1h, certificate.not_after + 2h);

    EXPECT_LE(*stored(certificate.id).renew_at, certificate.not_after - 216h);
}

TEST_F(Renewals, ManyPollsAreSpreadAndSlowDownWhenTheCaIsBusy)
{
    for (int i = 0; i < 40; ++i) {
        add("n" + std::to_string(i), 2160h);
    }
    poll_all();

    EXPECT_GT(poller_->interval(), 1s);
    std::set<base::Time> times;
    for (int i = 0; i < 40; ++i) {
        times.insert(*advice_of("crt_n" + std::to_string(i) + "_" + std::to_string(i + 2))->next_poll_at);
    }
    EXPECT_GT(times.size(), 30U);
    advise_like_lets_encrypt();
    clock_.advance(2min);
    poll_all();
    EXPECT_LT(poller_->interval(), 10s);
}

// Every lifetime that CAs have or plan, with the CA's advice and without, through three generations.
class LifetimeRenewals : public Renewals,
                         public ::testing::WithParamInterface<std::tuple<milliseconds, bool>> {};

INSTANTIATE_TEST_SUITE_P(Lifetimes, LifetimeRenewals,
                         ::testing::Combine(::testing::Values(milliseconds(2160h), milliseconds(1536h),
                                                              milliseconds(1080h), milliseconds(160h)),
                                            ::testing::Bool()));

TEST_P(LifetimeRenewals, RenewInTime)
{
    const auto [lifetime, advised] = GetParam();
    if (advised) {
        advise_like_lets_encrypt();
    }
    write([](store::Transaction& tx) { return tx.endpoints.insert(endpoint_of("a")); });
    auto current = add("a", lifetime);
    int renewed = 0;
    while (renewed < 3) {
        clock_.advance(lifetime / 300);
        ASSERT_LT(clock_.now(), current.not_after) << "expired";
        poll_all();
        if (plan() == 0) {
            continue;
        }
        const auto age = clock_.now() - current.not_before;
        const auto usual = lifetime - lifetime / (lifetime < 240h ? 2 : 3);
        EXPECT_NEAR(static_cast<double>(age.count()), static_cast<double>(usual.count()),
                    static_cast<double>(lifetime.count()) / 60);
        const auto order =
            write([&](store::Transaction& tx) { return tx.orders.unfinished_of("ep_a"); }).value();
        EXPECT_EQ(order.replaces, current.id);
        EXPECT_EQ(order.queue_class, model::QueueClass::renewal);
        write([&](store::Transaction& tx) -> base::Result<> {
            TRY(replaced, tx.certificates.get(current.id));
            replaced.state = model::CertificateState::superseded;
            replaced.renew_at.reset();
            CHECKED(tx.certificates.update(replaced));
            auto done = order;
            done.status = model::OrderStatus::deployed;
            return tx.orders.save(done);
        });
        current = add("a", lifetime);
        ++renewed;
    }
}

TEST_F(Renewals, AMassEventIsPacedAndHoldsUpNobody)
{
    constexpr int many = 3'000;
    write([&](store::Transaction& tx) -> base::Result<> {
        for (int i = 0; i < many; ++i) {
            CHECKED(tx.endpoints.insert(endpoint_of("m" + std::to_string(i))));
            model::Certificate made;
            made.id = "crt_m" + std::to_string(i);
            made.tenant = "default";
            made.endpoint = "ep_m" + std::to_string(i);
            made.identifiers = {"m" + std::to_string(i) + ".example.com"};
            made.not_before = clock_.now() - 240h;
            made.not_after = clock_.now() + 1920h;
            made.created_at = made.not_before;
            made.account = account_;
            made.renew_at = clock_.now() - 1h;  // what a window in the past chooses
            CHECKED(tx.certificates.insert(made));
        }
        return {};
    });
    std::size_t queued = 0;
    for (int looks = 0; looks < 20; ++looks) {
        const auto now = plan();
        EXPECT_LE(now, 200U);
        queued += now;
    }
    EXPECT_EQ(queued, 1'000U);  // the rest waits until these are worked off

    auto person = test::sample_endpoint({"new.example.org"});
    person.id = "ep_new";
    person.label = "new";
    write([&](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(person));
        CHECKED(issuance::enqueue_endpoint(tx, person, model::QueueClass::interactive, clock_.now()));
        return {};
    });
    const auto claimed =
        write([](store::Transaction& tx) { return tx.orders.claim("node", std::chrono::seconds(60), 8); });
    EXPECT_TRUE(
        std::ranges::any_of(claimed, [](const model::Order& each) { return each.endpoint == "ep_new"; }));
    EXPECT_GT(plan(), 0U);
}

}  // namespace
