#include "simulate/ask.h"
#include "simulate/onboarding.h"
#include "simulate/report.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using simulate::Fleet;
using std::chrono::days;
using testing::HasSubstr;
using testing::Not;

// One domain whose limit the CA has lifted.
Fleet fleet_of(std::size_t devices)
{
    Fleet fleet;
    fleet.devices = devices;
    fleet.start = base::Time(std::chrono::sys_days(std::chrono::year(2026) / 12 / 1));
    fleet.per_domain = simulate::Quota{100'000, days(7)};
    fleet.days = 100;
    return fleet;
}

simulate::Forecast forecast_of(const Fleet& fleet)
{
    auto forecast = simulate::run(fleet);
    if (!forecast) {
        ADD_FAILURE() << forecast.error().message();
        return {};
    }
    EXPECT_EQ(forecast->limit_violations, 0U) << forecast->violations.front();
    EXPECT_EQ(forecast->days.size(), static_cast<std::size_t>(fleet.days));
    return std::move(*forecast);
}

double onboarding_days(const Fleet& fleet, const simulate::Forecast& forecast)
{
    return (*forecast.onboarded_at - fleet.start) / std::chrono::duration<double, std::milli>(days(1));
}

TEST(Simulation, OnboardsAsFastAsTheAccountMayOrder)
{
    auto fleet = fleet_of(2'000);
    fleet.days = 2;

    const auto forecast = forecast_of(fleet);

    ASSERT_TRUE(forecast.onboarded_at);
    // 240 at once (a fifth of 300 is left to others), then one in 36 seconds.
    EXPECT_NEAR(onboarding_days(fleet, forecast), (2'000 - 240) / 2'400.0, 0.01);
    EXPECT_GE(forecast.order_budget_used, 0.99);
    EXPECT_EQ(forecast.held_back_by, "new orders per account");
    EXPECT_EQ(forecast.expired, 0U);
}

TEST(Simulation, RenewsInTheWindowsAndSpendsNothingOnIt)
{
    for (const auto lifetime : {std::chrono::hours(90 * 24), std::chrono::hours(64 * 24),
                                std::chrono::hours(45 * 24), std::chrono::hours(160)}) {
        auto fleet = fleet_of(40);
        fleet.lifetime = lifetime;

        const auto forecast = forecast_of(fleet);

        EXPECT_GE(forecast.renewals, 40U) << lifetime;
        EXPECT_EQ(forecast.exempt_renewals, forecast.renewals) << lifetime;
        EXPECT_EQ(forecast.expired, 0U) << lifetime;
        EXPECT_GT(forecast.least_life_left, lifetime / 4) << lifetime;
        EXPECT_LT(forecast.worst_delay, 1h) << lifetime;
    }
}

TEST(Simulation, SaysThatTheLimitOfADomainHoldsARolloutBack)
{
    auto fleet = fleet_of(10'000);
    fleet.per_domain.reset();
    fleet.days = 40;

    const auto forecast = forecast_of(fleet);

    EXPECT_FALSE(forecast.onboarded_at);
    EXPECT_NEAR(static_cast<double>(forecast.onboarded), 40 + 40 * 50 / 7.0, 3);
    EXPECT_EQ(forecast.held_back_by, "certificates per registered domain");
    EXPECT_THAT(simulate::to_text(fleet, forecast),
                AllOf(HasSubstr("NOT done"), HasSubstr("3.8 years"), HasSubstr("--finish-by")));
}

TEST(Simulation, MoreDomainsAndThePublicSuffixListAreFaster)
{
    auto fleet = fleet_of(1'000);
    fleet.per_domain.reset();
    fleet.days = 5;
    fleet.domains = 20;
    const auto many = forecast_of(fleet);
    fleet.domains = 1;
    fleet.public_suffix = true;
    const auto listed = forecast_of(fleet);

    ASSERT_TRUE(many.onboarded_at);
    ASSERT_TRUE(listed.onboarded_at);
    EXPECT_NEAR(onboarding_days(fleet, many), (50 - 40) * 7 / 50.0, 0.2);
    EXPECT_NEAR(onboarding_days(fleet, listed), (1'000 - 240) / 2'400.0, 0.01);
}

TEST(Simulation, OutlivesAnOutageOfTheCa)
{
    auto fleet = fleet_of(600);
    fleet.lifetime = 45 * 24h;
    fleet.days = 40;
    fleet.outages = {{std::chrono::hours(1), 24h}, {30 * 24h, 36h}};

    const auto forecast = forecast_of(fleet);

    ASSERT_TRUE(forecast.onboarded_at);
    EXPECT_GT(onboarding_days(fleet, forecast), 1.0);
    EXPECT_EQ(forecast.expired, 0U);
    EXPECT_GT(forecast.worst_delay, 20h);
    EXPECT_EQ(forecast.renewals, 600U);
}

TEST(Simulation, ReplacesEverythingThatIsCalledInWithinHours)
{
    auto fleet = fleet_of(500);
    fleet.call_ins = {{5 * 24h, 1.0}};
    fleet.days = 8;

    const auto forecast = forecast_of(fleet);

    EXPECT_EQ(forecast.renewals, 500U);
    EXPECT_EQ(forecast.exempt_renewals, 0U);  // the windows are over: exempt as the same names, not by them
    EXPECT_EQ(forecast.days[5].renewed, 500U);
    EXPECT_LT(forecast.worst_delay, 30min);
}

TEST(Simulation, LeavesRoomForPeopleAndGivesWayToStrangers)
{
    auto fleet = fleet_of(2'000);
    fleet.days = 2;
    fleet.others_a_day = 500;
    fleet.strangers_a_day = 20;

    const auto forecast = forecast_of(fleet);

    ASSERT_TRUE(forecast.onboarded_at);
    EXPECT_NEAR(onboarding_days(fleet, forecast), (2'000 - 240) / 1'900.0, 0.1);
}

TEST(Simulation, TheSameSeedGivesTheSameForecast)
{
    auto fleet = fleet_of(50);
    fleet.others_a_day = 10;
    const auto once = simulate::to_json_lines(fleet, forecast_of(fleet), {});
    const auto again = simulate::to_json_lines(fleet, forecast_of(fleet), {});
    fleet.seed = 2;
    const auto other = simulate::to_json_lines(fleet, forecast_of(fleet), {});

    EXPECT_EQ(once, again);
    EXPECT_NE(once, other);
}

TEST(Simulation, TheLastLineForScriptsHasTheResult)
{
    const auto fleet = fleet_of(50);
    const auto lines = simulate::to_json_lines(fleet, forecast_of(fleet), {});
    const auto last = lines.substr(lines.rfind('\n', lines.size() - 2) + 1);

    const auto result = boost::json::parse(last).as_object();

    EXPECT_EQ(std::ranges::count(lines, '\n'), 101);
    EXPECT_EQ(result.at("limit_violations").as_int64(), 0);
    EXPECT_EQ(result.at("expired").as_int64(), 0);
    EXPECT_GT(result.at("onboarded_day").as_double(), 0);
    EXPECT_LE(result.at("order_budget_used").as_double(), 1);
}

TEST(Simulation, SaysWhatToAskForAndThatItIsEnough)
{
    auto fleet = fleet_of(4'000);
    fleet.per_domain.reset();
    fleet.days = 3;

    const auto ask = simulate::what_to_ask(fleet, days(1));

    ASSERT_TRUE(ask) << ask.error().message();
    ASSERT_TRUE(ask->orders);
    ASSERT_TRUE(ask->per_domain);
    EXPECT_GE(ask->orders->count, 450);  // 4,000 = 0.8 at once and 8 periods
    EXPECT_LE(ask->orders->count, 560);
    EXPECT_GE(ask->per_domain->count, 4'200);
    ASSERT_TRUE(ask->forecast.onboarded_at);
    EXPECT_LE(*ask->forecast.onboarded_at, fleet.start + days(1));
    EXPECT_EQ(ask->forecast.limit_violations, 0U);
    EXPECT_THAT(simulate::to_text(fleet, *ask, fleet.start + days(1)),
                AllOf(HasSubstr("2026-12-02"), HasSubstr("certwright ca set-limit"),
                      HasSubstr("isrg.formstack.com")));
}

TEST(Simulation, AsksForNothingWhereTheCaGivesEnough)
{
    const auto fleet = fleet_of(200);

    const auto ask = simulate::what_to_ask(fleet, days(5));
    const auto late = simulate::what_to_ask(fleet, days(0));

    ASSERT_TRUE(ask);
    EXPECT_FALSE(ask->orders);
    EXPECT_FALSE(ask->per_domain);
    ASSERT_FALSE(late);
    EXPECT_FALSE(late.error().fix().empty());
}

TEST(Simulation, IsDrawn)
{
    const auto fleet = fleet_of(50);

    const auto svg = simulate::to_svg(fleet, forecast_of(fleet));

    EXPECT_THAT(svg,
                AllOf(testing::StartsWith("<svg "), testing::EndsWith("</svg>\n"), HasSubstr("<polyline")));
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Onboarding, WhatOneDomainWaitsForHoldsUpNoOther)
{
    const base::Time start(std::chrono::sys_days(std::chrono::year(2026) / 12 / 1));
    simulate::Onboarding onboarding(5, 2);  // 0, 2, 4 and 1, 3

    const auto first = onboarding.take(start);
    onboarding.give_back(*first);
    onboarding.hold(*first, start + 1h);

    EXPECT_EQ(first, 0U);
    EXPECT_EQ(onboarding.take(start), 1U);
    EXPECT_EQ(onboarding.take(start), 3U);
    EXPECT_EQ(onboarding.take(start), std::nullopt);
    EXPECT_EQ(onboarding.held_until(), start + 1h);
    EXPECT_EQ(onboarding.take(start + 1h), 0U);
    EXPECT_EQ(onboarding.waiting(), 2U);
}

}  // namespace
