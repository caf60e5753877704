#include "nameserver/rate_limit.h"

#include <gtest/gtest.h>

namespace nameserver {
namespace {

using boost::asio::ip::make_address;
using Instant = std::chrono::steady_clock::time_point;

int admitted(RateLimit& limit, std::string_view client, Instant now, int attempts)
{
    int count = 0;
    for (int i = 0; i < attempts; ++i) {
        count += limit.admit(make_address(client), now) ? 1 : 0;
    }
    return count;
}

TEST(RateLimit, GivesABurstAndThenTheRate)
{
    RateLimit limit({.per_second = 50, .burst = 125});
    const Instant start(std::chrono::hours(1));
    EXPECT_EQ(admitted(limit, "192.0.2.1", start, 1'000), 125);
    EXPECT_EQ(admitted(limit, "192.0.2.1", start + std::chrono::seconds(1), 1'000), 50);
    EXPECT_EQ(admitted(limit, "192.0.2.1", start + std::chrono::hours(1), 1'000), 125);
}

TEST(RateLimit, LimitsANetworkAsAWhole)
{
    RateLimit limit({.per_second = 50, .burst = 125});
    const Instant start(std::chrono::hours(1));
    int v4 = 0;
    int v6 = 0;
    for (int i = 0; i < 256; ++i) {
        v4 += admitted(limit, "192.0.2." + std::to_string(i), start, 125);
        v6 += admitted(limit, "2001:db8:0:1::" + std::to_string(i), start, 125);
    }
    EXPECT_NEAR(v4, 125 * 32, 5);
    EXPECT_NEAR(v6, 125 * 3, 5);
    EXPECT_EQ(admitted(limit, "198.51.100.1", start, 200), 125);
}

TEST(RateLimit, CountsMappedAddressesAsIpv4)
{
    RateLimit limit({.per_second = 50, .burst = 10});
    const Instant start(std::chrono::hours(1));
    EXPECT_EQ(admitted(limit, "192.0.2.1", start, 10), 10);
    EXPECT_EQ(admitted(limit, "::ffff:192.0.2.1", start, 10), 0);
}

TEST(RateLimit, CanBeOff)
{
    RateLimit limit({.per_second = 0});
    EXPECT_FALSE(limit.enabled());
    EXPECT_EQ(admitted(limit, "192.0.2.1", Instant(), 1'000), 1'000);
}

}  // namespace
}  // namespace nameserver
