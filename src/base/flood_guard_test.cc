#include "base/flood_guard.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::seconds;

FloodLimits limits()
{
    FloodLimits made;
    made.all = {10, 20};
    made.client = {1, 5};
    made.in_flight = 3;
    made.remembered = 100;
    return made;
}

// Answers when the gate is opened, by cancel().
Task<int> behind(asio::steady_timer& gate, Result<int> answer)
{
    boost::system::error_code opened;
    co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, opened));
    co_return answer;
}

TEST(FloodGuard, LimitsEachClientAndAllTogether)
{
    FloodGuard<int> guard(limits());
    const Instant start{seconds(1000)};
    const auto admitted = [&](const std::string& client, Instant now, int tries) {
        int count = 0;
        for (int i = 0; i < tries; ++i) {
            count += guard.admit(client, now) ? 1 : 0;
        }
        return count;
    };
    EXPECT_EQ(admitted("a", start, 1000), 5);
    EXPECT_EQ(admitted("b", start, 1000), 5);
    EXPECT_EQ(admitted("a", start + seconds(2), 1000), 2);
    int all = 0;
    for (int i = 0; i < 1000; ++i) {
        all += admitted("c" + std::to_string(i), start + seconds(2), 1);
    }
    EXPECT_EQ(all, 18) << "20 at most, of which two are used";
    EXPECT_EQ(admitted("a", start + seconds(100), 1000), 5) << "never more than the burst";
}

TEST(FloodGuard, LetsNoMoreThanSoManyQuestionsBeUnderWay)
{
    boost::asio::io_context loop;
    FloodGuard<int> guard(limits());
    asio::steady_timer gate(loop, Instant::max());
    const std::function<Task<int>()> ask = [&gate] { return behind(gate, 1); };
    for (const auto* each : {"a", "b", "c"}) {
        asio::co_spawn(loop, guard.once(each, ask), [](std::exception_ptr, const Result<int>&) {});
    }
    loop.poll();
    EXPECT_TRUE(guard.asking("a"));
    EXPECT_FALSE(guard.admit("client", Instant{seconds(1)}));
    gate.cancel();
    loop.restart();
    loop.run();
    EXPECT_TRUE(guard.admit("client", Instant{seconds(2)}));
}

TEST(FloodGuard, AFailureIsEverybodysAndNotRemembered)
{
    boost::asio::io_context loop;
    FloodGuard<int> guard(limits());
    asio::steady_timer gate(loop, Instant::max());
    const std::function<Task<int>()> ask = [&gate] { return behind(gate, fail(Errc::unavailable, "away")); };
    int failed = 0;
    for (int i = 0; i < 10; ++i) {
        asio::co_spawn(loop, guard.once("name", ask),
                       [&](std::exception_ptr, const Result<int>& result) { failed += result ? 0 : 1; });
    }
    loop.poll();
    gate.cancel();
    loop.restart();
    loop.run();
    EXPECT_EQ(failed, 10);
    EXPECT_EQ(guard.remembered("name", Instant{}), nullptr);
}

}  // namespace
}  // namespace base
