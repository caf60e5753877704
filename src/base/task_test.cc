#include "base/task.h"

#include "base/clock.h"
#include "base/task_group.h"
#include "support/run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <stdexcept>
#include <thread>

namespace base {
namespace {

Task<int> answer(int value)
{
    co_return value;
}

Task<int> slow()
{
    co_await sleep_for(std::chrono::hours(1));
    co_return 1;
}

Task<int> failing()
{
    co_return fail(Errc::conflict, "taken");
}

Task<int> throwing()
{
    co_await sleep_for(std::chrono::milliseconds(1));
    throw std::logic_error("bug");
}

TEST(WithTimeout, PassesOnTheValueOrTheError)
{
    EXPECT_EQ(test::run(with_timeout(std::chrono::seconds(5), answer(7))).value(), 7);
    EXPECT_EQ(test::run(with_timeout(std::chrono::seconds(5), failing())).error().kind(), Errc::conflict);
    EXPECT_THROW(static_cast<void>(test::run(with_timeout(std::chrono::seconds(5), throwing()))),
                 std::logic_error);
}

TEST(WithTimeout, CancelsWhatTakesTooLong)
{
    const auto result = test::run(with_timeout(std::chrono::milliseconds(5), slow()));

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind(), Errc::timeout);
}

Task<std::thread::id> where_it_runs(asio::thread_pool& pool)
{
    const auto home = std::this_thread::get_id();
    auto work = [] { return std::this_thread::get_id(); };
    const auto there = co_await blocking(pool, work);
    if (std::this_thread::get_id() != home) {
        co_return fail(Errc::internal, "resumed elsewhere");
    }
    co_return there;
}

Task<int> blocking_throws(asio::thread_pool& pool)
{
    auto work = []() -> int { throw std::logic_error("bug"); };
    co_return co_await blocking(pool, work);
}

asio::awaitable<void> block_often(asio::thread_pool& pool, std::atomic<int>& finished)
{
    while (true) {
        auto work = [&finished] { return ++finished; };
        co_await blocking(pool, work);
    }
}

asio::awaitable<std::thread::id> which_thread()
{
    co_return std::this_thread::get_id();
}

asio::awaitable<void> short_work(std::atomic<int>& finished)
{
    co_await sleep_for(std::chrono::microseconds(50));
    ++finished;
}

asio::awaitable<void> visit_often(asio::any_io_executor other, std::atomic<int>& finished)
{
    while (true) {
        co_await run_on(other, short_work(finished));
    }
}

// A loop on a thread of its own.
struct OtherLoop {
    asio::io_context loop{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
    std::thread thread{[this] { loop.run(); }};
    ~OtherLoop()
    {
        work.reset();
        thread.join();
    }
};

// In the following, whoever posts to a loop is joined before the loop goes: it may still be inside post()
// when the loop has run what it posted.
TEST(RunOn, RunsOnTheOtherLoopAndComesHome)
{
    asio::io_context home(1);
    OtherLoop other;

    EXPECT_EQ(test::run(home, run_on(other.loop.get_executor(), which_thread())), other.thread.get_id());
}

TEST(RunOn, ItsCallersMayBeCancelledAtAnyInstant)
{
    std::list<asio::io_context> homes;
    OtherLoop other;
    std::atomic<int> finished = 0;
    for (int round = 0; round < 100; ++round) {
        auto& loop = homes.emplace_back(1);
        TaskGroup group(loop.get_executor());
        for (int i = 0; i < 8; ++i) {
            group.spawn("visits", visit_often(other.loop.get_executor(), finished));
        }
        loop.run_for(std::chrono::milliseconds(1));
        test::run(loop, group.stop());
        EXPECT_EQ(group.size(), 0U);
    }
    EXPECT_GT(finished.load(), 0);
}

TEST(Blocking, RunsOnThePoolAndComesHome)
{
    asio::io_context home(1);
    asio::thread_pool pool(2);

    EXPECT_NE(test::run(home, where_it_runs(pool)).value(), std::this_thread::get_id());
    EXPECT_THROW(static_cast<void>(test::run(home, blocking_throws(pool))), std::logic_error);
}

TEST(Blocking, ItsCallersMayBeCancelledAtAnyInstant)
{
    std::list<asio::io_context> homes;
    asio::thread_pool pool(2);
    std::atomic<int> finished = 0;
    for (int round = 0; round < 50; ++round) {
        auto& loop = homes.emplace_back(1);
        TaskGroup group(loop.get_executor());
        for (int i = 0; i < 8; ++i) {
            group.spawn("blocks", block_often(pool, finished));
        }
        loop.run_for(std::chrono::milliseconds(1));
        test::run(loop, group.stop());
        EXPECT_EQ(group.size(), 0U);
    }
    EXPECT_GT(finished.load(), 0);
}

asio::awaitable<void> note_the_end(bool& ended)
{
    struct Note {
        bool& ended;
        ~Note() { ended = true; }
    } note{ended};
    co_await sleep_for(std::chrono::hours(1));
}

asio::awaitable<void> bug()
{
    co_await sleep_for(std::chrono::milliseconds(1));
    throw std::runtime_error("bug");
}

TEST(TaskGroup, StopCancelsAndJoinsEveryTask)
{
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    bool first = false;
    bool second = false;
    group.spawn("first", note_the_end(first));
    group.spawn("second", note_the_end(second));
    loop.poll();
    EXPECT_EQ(group.size(), 2U);

    test::run(loop, group.stop());

    EXPECT_TRUE(first);
    EXPECT_TRUE(second);
    EXPECT_EQ(group.size(), 0U);
}

TEST(TaskGroup, ABugInOneTaskLeavesTheOthersRunning)
{
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    bool ended = false;
    group.spawn("bug", bug());
    group.spawn("steady", note_the_end(ended));

    loop.run_for(std::chrono::milliseconds(50));

    EXPECT_EQ(group.size(), 1U);
    EXPECT_FALSE(ended);
    test::run(loop, group.stop());
}

asio::awaitable<void> wait_a_day(Clock& clock, bool& woke)
{
    co_await clock.sleep(std::chrono::hours(24));
    woke = true;
}

TEST(ManualClock, WakesSleepersOnlyWhenTheirTimeHasCome)
{
    asio::io_context loop(1);
    ManualClock clock(from_millis(0));
    TaskGroup group(loop.get_executor());
    bool woke = false;
    group.spawn("sleeper", wait_a_day(clock, woke));
    loop.poll();

    clock.advance(std::chrono::hours(23));
    loop.poll();
    EXPECT_FALSE(woke);

    clock.advance(std::chrono::hours(1));
    loop.poll();
    EXPECT_TRUE(woke);
    EXPECT_EQ(clock.sleepers(), 0U);
}

TEST(Time, ReadsAndWritesRfc3339)
{
    const auto time = parse_rfc3339("2026-11-22T12:30:05Z").value();

    EXPECT_EQ(to_rfc3339(time), "2026-11-22T12:30:05Z");
    EXPECT_EQ(parse_rfc3339("2026-11-22T13:30:05+01:00").value(), time);
    EXPECT_EQ(to_millis(parse_rfc3339("2026-11-22T12:30:05.250Z").value()) - to_millis(time), 250);
    for (const auto bad :
         {"", "2026-11-22", "2026-13-22T12:30:05Z", "2026-11-22T12:30:05", "2026-02-30T12:30:05Z"}) {
        EXPECT_FALSE(parse_rfc3339(bad)) << bad;
    }
}

}  // namespace
}  // namespace base
