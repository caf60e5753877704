#include "net/address_set.h"

#include <gtest/gtest.h>

namespace {

using boost::asio::ip::make_address;

TEST(AddressSet, ContainsTheAddressesOfItsBlocks)
{
    const auto set = net::AddressSet::parse({"192.0.2.0/24", "2001:db8::/33", "198.51.100.7", "10.0.0.0/9"});
    ASSERT_TRUE(set);

    for (const char* inside : {"192.0.2.0", "192.0.2.255", "2001:db8:7fff::1", "198.51.100.7",
                               "::ffff:192.0.2.9", "10.127.255.255"}) {
        EXPECT_TRUE(set->contains(make_address(inside))) << inside;
    }
    for (const char* outside :
         {"192.0.3.0", "2001:db8:8000::", "198.51.100.8", "::1", "10.128.0.0", "::c000:200"}) {
        EXPECT_FALSE(set->contains(make_address(outside))) << outside;
    }
}

TEST(AddressSet, AZeroPrefixIsTheWholeFamily)
{
    const auto four = net::AddressSet::parse({"0.0.0.0/0"}).value();
    const auto six = net::AddressSet::parse({"::/0"}).value();

    EXPECT_TRUE(four.contains(make_address("203.0.113.1")));
    EXPECT_FALSE(four.contains(make_address("2001:db8::1")));
    EXPECT_TRUE(six.contains(make_address("2001:db8::1")));
    EXPECT_FALSE(six.contains(make_address("203.0.113.1")));
}

TEST(AddressSet, NamesTheBadBlock)
{
    for (const char* bad :
         {"192.0.2.0/33", "192.0.2.1/24", "example", "2001:db8::/129", "192.0.2.0/", "fe80::1%1", ""}) {
        const auto set = net::AddressSet::parse({"192.0.2.0/24", bad});
        ASSERT_FALSE(set) << bad;
        EXPECT_TRUE(set.error().message().contains(bad));
    }
}

TEST(AddressSet, KnowsWhatIsNotOnThePublicInternet)
{
    for (const char* special :
         {"127.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "::1", "fe80::1", "fd00::1", "192.0.2.1",
          "224.0.0.1", "0.0.0.0", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
        EXPECT_TRUE(net::is_special(make_address(special))) << special;
    }
    for (const char* ordinary : {"8.8.8.8", "1.1.1.1", "2606:4700::1111", "100.128.0.1"}) {
        EXPECT_FALSE(net::is_special(make_address(ordinary))) << ordinary;
    }
}

}  // namespace
