#include "acme/pacer.h"

#include <gtest/gtest.h>

namespace {

using acme::Pacer;
using acme::RequestKind;
using namespace std::chrono_literals;

constexpr const char* lets_encrypt = "https://acme-v02.api.letsencrypt.org/directory";
const base::Time start = base::from_millis(1'800'000'000'000);

// The CA's own bucket: `burst` at once, `per_second` after that.
bool is_allowed(const std::vector<base::Time>& sent, double per_second, double burst)
{
    double level = burst;
    auto since = sent.front();
    for (const auto& each : sent) {
        level = std::min(burst, level + static_cast<double>((each - since).count()) * per_second / 1000);
        since = each;
        level -= 1;
        if (level < 0) {
            return false;
        }
    }
    return true;
}

TEST(Pacer, KeepsToWhatTheCaPublishes)
{
    Pacer pacer(lets_encrypt);
    std::vector<base::Time> sent;
    for (int i = 0; i < 150; ++i) {
        const auto wait = pacer.take(RequestKind::new_nonce, start);
        ASSERT_TRUE(wait) << i;
        sent.push_back(start + *wait);
    }
    EXPECT_TRUE(is_allowed(sent, 20, 10));
    EXPECT_EQ(sent.front(), start);
    EXPECT_LE(sent.back(), start + 9s);
    EXPECT_EQ(pacer.take(RequestKind::new_order, start).value(), 0ms);
}

TEST(Pacer, RefusesWhoWouldWaitTooLong)
{
    Pacer pacer(lets_encrypt);
    int taken = 0;
    while (taken < 1'000 && pacer.take(RequestKind::new_account, start)) {
        ++taken;
    }
    EXPECT_NEAR(taken, 52, 3);  // ten seconds of 4.5, and the burst

    const auto refused = pacer.take(RequestKind::new_account, start);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "acme:serverBusy");
    EXPECT_TRUE(refused.error().retry_after());
    EXPECT_TRUE(pacer.take(RequestKind::new_account, start + 5s));
}

TEST(Pacer, AsksAnUnknownCaFreelyUntilItComplains)
{
    Pacer pacer("https://ca.example/dir");
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_EQ(pacer.take(RequestKind::resource, start).value(), 0ms);
    }
    pacer.overloaded(RequestKind::resource, 3s, start);
    pacer.overloaded(RequestKind::resource, 3s, start);  // the same complaint

    EXPECT_EQ(pacer.take(RequestKind::resource, start).value(), 3s);
    EXPECT_EQ(pacer.take(RequestKind::resource, start).value(), 3'050ms);
    EXPECT_EQ(pacer.take(RequestKind::new_order, start).value(), 0ms);
    for (int i = 0; i < 300; ++i) {
        pacer.answered(RequestKind::resource);
    }
    EXPECT_EQ(pacer.take(RequestKind::resource, start + 4s).value(), 0ms);
    EXPECT_EQ(pacer.take(RequestKind::resource, start + 4s).value(), 0ms);
}

TEST(Pacer, DoesNotBelieveAPauseThatOnlyAWrongClockHasWritten)
{
    Pacer pacer(lets_encrypt);
    pacer.overloaded(RequestKind::new_order, 60s, start + std::chrono::days(400));

    EXPECT_TRUE(pacer.take(RequestKind::new_order, start));
}

TEST(Pacer, GivesUpOnALongPause)
{
    Pacer pacer(lets_encrypt);
    pacer.overloaded(RequestKind::new_order, 120s, start);

    const auto refused = pacer.take(RequestKind::new_order, start);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::unavailable);
    EXPECT_NEAR(static_cast<double>(refused.error().retry_after()->count()), 120, 1);
    EXPECT_TRUE(pacer.take(RequestKind::new_order, start + 121s));
}

}  // namespace
