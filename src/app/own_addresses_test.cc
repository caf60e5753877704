#include "app/own_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(OwnAddresses, OfIpv6TheStableOnes)
{
    EXPECT_THAT(stable_ipv6("20010db8000000000000000000000001 02 40 00 80     eth0\n"
                            "20010db8000000000000000000000002 02 40 00 01     eth0\n"
                            "20010db8000000000000000000000003 02 40 00 20     eth0\n"
                            "20010db8000000000000000000000004 02 40 00 40     eth0\n"
                            "fe800000000000000000000000000001 02 40 20 80     eth0\n"),
                ElementsAre("2001:db8::1", "fe80::1"));
    EXPECT_THAT(stable_ipv6(""), IsEmpty());
    EXPECT_THAT(stable_ipv6("nonsense"), IsEmpty());
}

TEST(OwnAddresses, AreNotThoseOfTheMachineAlone)
{
    EXPECT_THAT(own_addresses({"127.0.0.1:443", "[::1]:443"}), IsEmpty());
    for (const auto& each : own_addresses({"0.0.0.0:443", "[::]:443"})) {
        EXPECT_NE(each, "127.0.0.1");
        EXPECT_NE(each, "::1");
    }
}

TEST(OwnAddresses, WithoutOneItIsSaidWhatDoesNotWork)
{
    const auto said = words_without_address("platform.example", false);

    EXPECT_THAT(said, HasSubstr("none can be proved"));
    EXPECT_THAT(said, HasSubstr("certwright serve --domain platform.example --addresses 192.0.2.1"));
    EXPECT_THAT(words_without_address("platform.example", true), HasSubstr("_acme-challenge"));
}

}  // namespace
}  // namespace app
