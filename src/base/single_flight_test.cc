#include "base/single_flight.h"

#include "base/task_group.h"
#include "support/run.h"

#include <gtest/gtest.h>

namespace base {
namespace {

class SingleFlightTest : public testing::Test {
protected:
    // Work that ends when the gate is opened, with how often it was begun, or when it is cancelled.
    SingleFlight<int>::Work work()
    {
        return [this](const SingleFlight<int>::Flight&) { return count(); };
    }
    Task<int> count()
    {
        const int number = ++begun;
        if (opened) {
            co_return number;
        }
        boost::system::error_code woken;
        co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (!opened) {
            throw boost::system::system_error(woken);
        }
        co_return number;
    }
    Task<int> count_and_see(const SingleFlight<int>::Flight& flight, bool& parted)
    {
        auto counting = count();
        auto counted = co_await std::move(counting);
        parted = flight.parted();
        co_return counted;
    }
    static asio::awaitable<void> note(Task<int> asking, std::vector<int>& answers)
    {
        const auto answer = co_await std::move(asking);
        answers.push_back(answer.value_or(-1));
    }
    void open()
    {
        opened = true;
        gate.cancel();
        loop.restart();
        loop.run();
    }

    asio::io_context loop{1};
    asio::steady_timer gate{loop, asio::steady_timer::time_point::max()};
    SingleFlight<int> flights;
    bool opened = false;
    int begun = 0;
    std::vector<int> answers;
};

TEST_F(SingleFlightTest, AThousandWhoAskAreOneWork)
{
    TaskGroup askers(loop.get_executor());
    for (int i = 0; i < 1000; ++i) {
        askers.spawn("asker", note(flights.once("a", work()), answers));
    }
    loop.poll();
    EXPECT_TRUE(flights.has("a"));
    EXPECT_FALSE(flights.has("b"));

    open();

    EXPECT_EQ(begun, 1);
    EXPECT_EQ(answers, std::vector<int>(1000, 1));
    EXPECT_FALSE(flights.has("a"));
}

TEST_F(SingleFlightTest, WhenWhoeverDoesItIsCancelledAnotherBeginsAnew)
{
    TaskGroup cancelled(loop.get_executor());
    TaskGroup patient(loop.get_executor());
    cancelled.spawn("first", note(flights.once("a", work()), answers));
    patient.spawn("second", note(flights.once("a", work()), answers));
    patient.spawn("third", note(flights.once("a", work()), answers));
    loop.poll();
    loop.restart();
    test::run(loop, cancelled.stop());
    loop.restart();
    loop.poll();
    EXPECT_TRUE(flights.has("a"));

    open();

    EXPECT_EQ(begun, 2);
    EXPECT_EQ(answers, (std::vector<int>{2, 2}));
}

TEST_F(SingleFlightTest, OneWhoWaitsAndLeavesDisturbsNobody)
{
    TaskGroup patient(loop.get_executor());
    TaskGroup leaving(loop.get_executor());
    patient.spawn("first", note(flights.once("a", work()), answers));
    leaving.spawn("second", note(flights.once("a", work()), answers));
    loop.poll();
    loop.restart();
    test::run(loop, leaving.stop());

    open();

    EXPECT_EQ(begun, 1);
    EXPECT_EQ(answers, std::vector<int>{1});
}

TEST_F(SingleFlightTest, WhatIsPartedServesThoseWhoWaitAndNobodyElse)
{
    TaskGroup askers(loop.get_executor());
    bool parted = false;
    auto first = [&](const SingleFlight<int>::Flight& flight) { return count_and_see(flight, parted); };
    askers.spawn("before", note(flights.once("a", first), answers));
    askers.spawn("before too", note(flights.once("a", work()), answers));
    loop.poll();
    flights.part("a");
    EXPECT_FALSE(flights.has("a"));
    askers.spawn("after", note(flights.once("a", work()), answers));
    loop.restart();
    loop.poll();
    EXPECT_TRUE(flights.has("a"));

    open();

    std::ranges::sort(answers);
    EXPECT_EQ(answers, (std::vector<int>{1, 1, 2}));
    EXPECT_TRUE(parted);
    EXPECT_FALSE(flights.has("a"));
}

}  // namespace
}  // namespace base
