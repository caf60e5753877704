#include "edge/on_demand.h"

#include "edge/wishes.h"
#include "fakes/refusing_desk.h"
#include "support/run.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

using boost::asio::ip::make_address;

class OnDemandVisitors : public testing::Test {
protected:
    static constexpr double most = 3;

    OnDemandVisitors() { limits.flood.client = {0.001, most}; }

    OnDemand::Answer ask(const char* client)
    {
        return test::run(loop, on_demand.wish(fmt::format("n{}.test", ++number), make_address(client)))
            .value();
    }

    boost::asio::io_context loop{1};
    WishLimits limits;
    test::RefusingDesk desk;
    // Made at first use, when the limits are set.
    std::unique_ptr<Wishes> wishes;
    OnDemand on_demand{[this](model::Wish wish) {
                           if (!wishes) {
                               wishes = std::make_unique<Wishes>(loop.get_executor(), desk, limits);
                           }
                           return wishes->ask(std::move(wish));
                       },
                       OnDemand::Limits()};
    int number = 0;
};

TEST_F(OnDemandVisitors, AreCountedByTheirAddressAndInIpv6ByTheirNetwork)
{
    for (const auto* client : {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3"}) {
        EXPECT_EQ(ask(client), OnDemand::Answer::refused);
    }
    EXPECT_EQ(ask("2001:db8:0:1:abcd::4"), OnDemand::Answer::undecided) << "the network has asked enough";
    EXPECT_EQ(ask("2001:db8:0:2::1"), OnDemand::Answer::refused) << "the one beside it has not";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(ask("192.0.2.1"), OnDemand::Answer::refused);
    }
    EXPECT_EQ(ask("192.0.2.1"), OnDemand::Answer::undecided);
    EXPECT_EQ(ask("::ffff:192.0.2.1"), OnDemand::Answer::undecided) << "the same in another spelling";
    EXPECT_EQ(ask("192.0.2.2"), OnDemand::Answer::refused);
    EXPECT_EQ(desk.clients.size(), 8U);
    EXPECT_EQ(desk.clients.front(), "2001:db8:0:1::/64");
}

}  // namespace
}  // namespace edge
