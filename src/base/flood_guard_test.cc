#include "base/flood_guard.h"

#include "support/run.h"

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

TEST(ShortMemory, ForgetsWhenItsTimeIsOverAndTheOldestWhenThereIsTooMuch)
{
    ShortMemory<int> memory(2);
    const Instant now{};
    memory.put("a", 1, now + seconds(10));
    memory.put("b", 2, now + seconds(1));
    EXPECT_EQ(*memory.find("a", now), 1);
    EXPECT_EQ(memory.find("b", now + seconds(1)), nullptr);
    memory.put("b", 3, now + seconds(10));
    memory.put("c", 4, now + seconds(10));
    EXPECT_EQ(memory.find("a", now), nullptr);
    EXPECT_EQ(*memory.find("b", now), 3);
    memory.put("b", 5, now + seconds(10));
    EXPECT_EQ(*memory.find("b", now), 5);
    EXPECT_EQ(memory.until("b"), now + seconds(10));
    for (int i = 0; i < 10'000; ++i) {
        memory.put(std::to_string(i), i, now + seconds(10));
    }
    EXPECT_EQ(memory.size(), 2U);
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

TEST(FloodGuard, AThousandAskersAreOneQuestion)
{
    boost::asio::io_context loop;
    FloodGuard<int> guard(limits());
    int asked = 0;
    int answered = 0;
    const std::function<Task<int>()> ask = [&]() -> Task<int> {
        ++asked;
        return [](int value) -> Task<int> {
            co_await sleep_for(std::chrono::milliseconds(20));
            co_return value;
        }(42);
    };
    for (int i = 0; i < 1000; ++i) {
        asio::co_spawn(loop, guard.once("name", ask), [&](std::exception_ptr, Result<int> result) {
            answered += result && *result == 42 ? 1 : 0;
        });
    }
    loop.run();

    EXPECT_EQ(asked, 1);
    EXPECT_EQ(answered, 1000);
    EXPECT_FALSE(guard.asking("name"));
}

TEST(FloodGuard, LetsNoMoreThanSoManyQuestionsBeUnderWay)
{
    boost::asio::io_context loop;
    FloodGuard<int> guard(limits());
    const std::function<Task<int>()> ask = [] {
        return []() -> Task<int> {
            co_await sleep_for(std::chrono::milliseconds(20));
            co_return 1;
        }();
    };
    for (const auto* each : {"a", "b", "c"}) {
        asio::co_spawn(loop, guard.once(each, ask), [](std::exception_ptr, const Result<int>&) {});
    }
    loop.poll();
    EXPECT_TRUE(guard.asking("a"));
    EXPECT_FALSE(guard.admit("client", Instant{seconds(1)}));
    loop.restart();
    loop.run();
    EXPECT_TRUE(guard.admit("client", Instant{seconds(2)}));
}

TEST(FloodGuard, AFailureIsEverybodysAndNotRemembered)
{
    boost::asio::io_context loop;
    FloodGuard<int> guard(limits());
    const std::function<Task<int>()> ask = [] {
        return []() -> Task<int> {
            co_await sleep_for(std::chrono::milliseconds(5));
            co_return fail(Errc::unavailable, "away");
        }();
    };
    int failed = 0;
    for (int i = 0; i < 10; ++i) {
        asio::co_spawn(loop, guard.once("name", ask),
                       [&](std::exception_ptr, const Result<int>& result) { failed += result ? 0 : 1; });
    }
    loop.run();
    EXPECT_EQ(failed, 10);
    EXPECT_EQ(guard.remembered("name", Instant{}), nullptr);
}

}  // namespace
}  // namespace base
