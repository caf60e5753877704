#include "edge/connections.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>

namespace edge {
namespace {

class AnswersNothing final : public http::Handler {
public:
    boost::asio::awaitable<void> handle(http::Exchange&) override { co_return; }
};

TEST(EdgeConnections, ShedsEachIdleConnectionOnce)
{
    boost::asio::io_context loop(1);
    Connections all;
    AnswersNothing handler;
    Connections::Member first(all, handler);
    const auto stream = first.track(net::make_stream(boost::asio::ip::tcp::socket(loop)));
    {
        Connections::Member second(all, handler);
        const auto other = second.track(net::make_stream(boost::asio::ip::tcp::socket(loop)));

        EXPECT_EQ(all.shed(1), 1U);
        EXPECT_EQ(all.shed(64), 1U);
        EXPECT_EQ(all.shed(64), 0U) << "they make no more room";
        EXPECT_EQ(all.closing(), 2U) << "until their coroutines end";
        EXPECT_EQ(all.size(), 2U);
    }
    EXPECT_EQ(all.closing(), 1U);
    EXPECT_EQ(all.size(), 1U);
}

}  // namespace
}  // namespace edge
