#include "base/short_memory.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using Instant = std::chrono::steady_clock::time_point;
using std::chrono::seconds;

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

}  // namespace
}  // namespace base
