#include "net/failure_memory.h"

#include "net/address_memory.h"
#include "net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Time = std::chrono::steady_clock::time_point;

TEST(FailureMemory, LeavesAloneForLongerEachTimeAndNeverForTooLong)
{
    FailureMemory<int> memory({0, 5s, 60s});
    Time now(1h);
    for (const auto expected : {5s, 10s, 20s, 40s, 60s, 60s}) {
        memory.failed(7, now);
        EXPECT_EQ(memory.left_alone_until(7, now), now + expected);
        memory.failed(7, now + 1s);  // one of those that began before
        EXPECT_EQ(memory.left_alone_until(7, now), now + expected);
        now += expected;
        EXPECT_FALSE(memory.left_alone_until(7, now));
    }
    EXPECT_FALSE(memory.left_alone_until(8, now));
}

TEST(FailureMemory, ASuccessMakesAllGoodAndTimeForgets)
{
    FailureMemory<int> memory({1, 5s, 60s});
    Time now(1h);
    memory.failed(7, now);
    EXPECT_FALSE(memory.left_alone_until(7, now));
    memory.failed(7, now + 1s);
    EXPECT_TRUE(memory.left_alone_until(7, now + 1s));
    memory.succeeded(7);
    EXPECT_FALSE(memory.left_alone_until(7, now + 1s));
    EXPECT_EQ(memory.size(), 0U);
    memory.failed(7, now);
    memory.failed(7, now + 10min);
    EXPECT_FALSE(memory.left_alone_until(7, now + 10min)) << "long apart is not in a row";
}

TEST(FailureMemory, IsBounded)
{
    FailureMemory<int> memory({0, 5s, 60s});
    for (int i = 0; i < 30'000; ++i) {
        memory.failed(i, Time(1h));
    }
    EXPECT_LE(memory.size(), 10'000U);
}

TEST(AddressMemory, TakesTurnsWithinTheFirstFamilyAndTriesTheDeadLast)
{
    AddressMemory memory;
    const auto a = parse_endpoint("192.0.2.1:80").value();
    const auto b = parse_endpoint("192.0.2.2:80").value();
    const auto six = parse_endpoint("[2001:db8::1]:80").value();
    const auto ordered = [&] {
        std::vector<Endpoint> addresses{a, six, b};
        memory.order(addresses);
        return addresses;
    };
    EXPECT_THAT(ordered(), ElementsAre(a, b, six));
    EXPECT_THAT(ordered(), ElementsAre(b, a, six));
    memory.tried(a, false);
    EXPECT_THAT(ordered(), ElementsAre(b, six, a));
    EXPECT_THAT(ordered(), ElementsAre(b, six, a));
    memory.tried(a, true);
    EXPECT_THAT(ordered(), ElementsAre(a, b, six));
}

}  // namespace
}  // namespace net
