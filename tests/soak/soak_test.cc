// 200 virtual days with a fixed seed: no name expires that could have been renewed, no limit of the CA is
// violated, nothing is issued twice.
#include "soak/soak.h"

#include "base/log.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

namespace {

using testing::IsEmpty;

TEST(Soak, TwoHundredDaysOfANetworkThatBreaksAndHeals)
{
    base::log::set_level(base::log::Level::error);
    soak::keep_files_in_memory();
    const test::TempDir folder;
    soak::SoakOptions options;
    options.world.seed = 20'261'125;
    options.world.names = 100;
    options.orders_in_three_hours = 8;  // so that the last ones wait for them
    options.one_answer_lost_in = 40;    // so that some are, whatever the order of requests
    options.step = std::chrono::hours(1);
    options.longest_check = std::chrono::days(20);
    options.folder = folder.path();

    const auto report = soak::run_soak(options);

    ASSERT_TRUE(report) << report.error().message();
    std::cout << report->to_text() << '\n';
    EXPECT_THAT(report->lost_names, IsEmpty());
    EXPECT_EQ(report->never_issued, 0U);
    EXPECT_THAT(report->limits_violated, IsEmpty());
    EXPECT_THAT(report->duplicates, IsEmpty());
    EXPECT_GT(report->renewed, 2 * options.world.names);
    EXPECT_GT(report->worst_life_left, 0.25);
    EXPECT_GT(report->ca.lost, 0U) << "it is no test without disturbances";
}

TEST(World, FindsTheLongestCalm)
{
    using namespace std::chrono_literals;
    const base::Time start = base::from_millis(0);
    const std::vector<soak::Interval> one{{start + 2h, start + 3h}};
    const std::vector<soak::Interval> other{{start + 2h + 30min, start + 5h}, {start + 9h, start + 20h}};

    EXPECT_EQ(soak::longest_calm(one, other, {start, start + 10h}), 4h);
    EXPECT_EQ(soak::longest_calm({}, {}, {start, start + 10h}), 10h);
    EXPECT_EQ(soak::longest_calm({}, other, {start + 3h, start + 4h}), 0h);
}

}  // namespace
