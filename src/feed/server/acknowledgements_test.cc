#include "feed/server/acknowledgements.h"

#include "feed/server/testing/feed_fixture.h"

#include <gmock/gmock.h>

namespace feed {
namespace {

class AcknowledgementsTest : public FeedTest {
protected:
    void acknowledge(const Follower& follower, std::int64_t number, const std::string& epoch = "e")
    {
        ASSERT_TRUE(test::run(loop, acknowledgements->acknowledge(follower, {epoch, number})));
    }
    base::Result<> wait(std::int64_t number, const std::string& follower_class, int limit_ms = 50)
    {
        TRY(reached, test::run(loop, acknowledgements->wait_until({"e", number}, follower_class,
                                                                  std::chrono::milliseconds(limit_ms))));
        return {};
    }

    Follower first{name_server_class, "ns1", "first", "1", false};
    Follower second{name_server_class, "ns2", "second", "1", false};
};

TEST_F(AcknowledgementsTest, WaitsForEveryFollowerOfTheClassAndNamesTheLate)
{
    acknowledge(first, 10);
    acknowledge(second, 9);

    EXPECT_TRUE(wait(9, name_server_class));
    const auto late = wait(10, name_server_class);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), "propagation_timeout");
    EXPECT_THAT(late.error().message(), testing::HasSubstr("second"));
    const auto progress = acknowledgements->progress(name_server_class, {"e", 10});
    EXPECT_EQ(progress.reached, 1U);
    EXPECT_EQ(progress.followers, 2U);
}

TEST_F(AcknowledgementsTest, ReturnsAsSoonAsTheLastOneArrives)
{
    acknowledge(first, 1);
    bool ended = false;
    boost::asio::co_spawn(
        loop, acknowledgements->wait_until({"e", 2}, name_server_class, std::chrono::seconds(30)),
        [&](const std::exception_ptr&, const base::Result<Acknowledgements::Progress>& result) {
            ended = result.has_value();
        });
    loop.restart();
    loop.poll();
    ASSERT_FALSE(ended);

    acknowledge(first, 2);
    loop.restart();
    loop.run_for(std::chrono::milliseconds(200));

    EXPECT_TRUE(ended);
}

TEST_F(AcknowledgementsTest, OneInTroubleShowsItAndHoldsNobodyBack)
{
    Follower target{edge_class("web"), "deploy_1", "deploy", "1", true, "HAProxy cannot be reached"};
    acknowledge(target, 1);
    EXPECT_TRUE(wait(2, edge_class("web")));
    auto list = [](store::Transaction& tx) { return tx.edges.list(); };
    EXPECT_EQ(test::run(loop, store->read(list)).value().at(0).trouble, "HAProxy cannot be reached");

    target.trouble.clear();
    acknowledge(target, 1);
    EXPECT_FALSE(wait(2, edge_class("web")));
    EXPECT_EQ(test::run(loop, store->read(list)).value().at(0).trouble, "");
}

TEST_F(AcknowledgementsTest, AnExpectedFollowerHoldsBackBeforeItsFirstWord)
{
    acknowledgements->expect(first);

    EXPECT_FALSE(wait(1, name_server_class));
}

TEST_F(AcknowledgementsTest, ASilentFollowerIsForgottenInTime)
{
    acknowledge(first, 5);
    acknowledge(second, 1);
    clock.advance(std::chrono::seconds(60));
    acknowledge(first, 5);
    EXPECT_FALSE(wait(5, name_server_class));

    clock.advance(std::chrono::seconds(31));

    EXPECT_TRUE(wait(5, name_server_class));
}

TEST_F(AcknowledgementsTest, APositionOfAnotherEpochDoesNotCount)
{
    acknowledge(first, 100, "before the restore");

    EXPECT_FALSE(wait(1, name_server_class));
}

TEST_F(AcknowledgementsTest, OtherClassesDoNotHoldBack)
{
    acknowledge(first, 1);
    acknowledge({edge_class("west"), "e1", "edge one", "1", false}, 7);

    EXPECT_TRUE(wait(7, edge_class("west")));
    EXPECT_FALSE(wait(7, name_server_class));
    EXPECT_TRUE(wait(99, edge_class("nobody")));
}

TEST_F(AcknowledgementsTest, EdgesOfEveryGroupCanBeWaitedForTogether)
{
    acknowledge({edge_class("west"), "e1", "edge one", "1", false}, 7);
    acknowledge({edge_class("east"), "e2", "edge two", "1", false}, 6);

    EXPECT_TRUE(wait(6, every_edge));
    EXPECT_FALSE(wait(7, every_edge));
}

TEST_F(AcknowledgementsTest, RemoteEdgesOfOtherControlNodesCountThroughTheStore)
{
    put_endpoint("ep_a", {"a.test"});
    const auto now = head();
    Acknowledgements other(loop.get_executor(), *store, clock);
    const Follower edge{edge_class("west"), "e1", "edge one", "0.1", true};
    ASSERT_TRUE(test::run(loop, other.acknowledge(edge, {now.epoch, now.number - 1})));

    EXPECT_FALSE(test::run(
        loop, acknowledgements->wait_until(now, edge_class("west"), std::chrono::milliseconds(30))));
    clock.advance(std::chrono::seconds(3));
    ASSERT_TRUE(test::run(loop, other.acknowledge(edge, now)));

    EXPECT_TRUE(test::run(
        loop, acknowledgements->wait_until(now, edge_class("west"), std::chrono::milliseconds(30))));
    const auto nodes =
        test::run(loop, store->read([](store::Transaction& tx) { return tx.edges.list(); })).value();
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0].group, "west");
    EXPECT_EQ(nodes[0].revision, now.number);
}

TEST_F(AcknowledgementsTest, TellsWhoIsNotWaitedForAndForgetsWhoWasRemoved)
{
    const Follower edge{edge_class("west"), "e1", "edge one", "0.1", true};
    const Follower silent{edge_class("west"), "e2", "edge two", "0.1", true};
    const auto now = head();
    ASSERT_TRUE(test::run(loop, acknowledgements->acknowledge(silent, now)));
    clock.advance(std::chrono::seconds(91));
    ASSERT_TRUE(test::run(loop, acknowledgements->acknowledge(edge, now)));

    const auto before = test::run(loop, acknowledgements->count(edge_class("west"), now)).value();
    EXPECT_EQ(before.reached, 1U);
    EXPECT_EQ(before.followers, 1U);
    ASSERT_EQ(before.lost.size(), 1U);
    EXPECT_EQ(before.lost[0].name, "edge two");

    ASSERT_TRUE(write([at = clock.now()](store::Transaction& tx) { return tx.edges.remove("e2", at); }));
    const auto after = test::run(loop, acknowledgements->count(edge_class("west"), now)).value();
    EXPECT_EQ(after.followers, 1U);
    EXPECT_TRUE(after.lost.empty());
}

TEST_F(AcknowledgementsTest, ARemovedEdgeHoldsNobodyBackAtOnce)
{
    put_endpoint("ep_a", {"a.test"});
    const auto now = head();
    const Follower edge{edge_class("west"), "e1", "edge one", "0.1", true};
    ASSERT_TRUE(test::run(loop, acknowledgements->acknowledge(edge, {now.epoch, 0})));
    const auto limit = std::chrono::milliseconds(30);
    ASSERT_FALSE(test::run(loop, acknowledgements->wait_until(now, edge_class("west"), limit)));

    ASSERT_TRUE(write([at = clock.now()](store::Transaction& tx) { return tx.edges.remove("e1", at); }));

    EXPECT_TRUE(test::run(loop, acknowledgements->wait_until(now, edge_class("west"), limit)));
    EXPECT_TRUE(acknowledgements->followers().empty());
}

TEST_F(AcknowledgementsTest, TheLastOfABurstReachesTheStoreToo)
{
    const Follower edge{edge_class("west"), "e1", "edge one", "0.1", true};
    acknowledge(edge, 5);
    acknowledge(edge, 6);

    ASSERT_TRUE(test::run(loop, acknowledgements->note_progress()));

    const auto nodes =
        test::run(loop, store->read([](store::Transaction& tx) { return tx.edges.list(); })).value();
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0].revision, 6);
}

}  // namespace
}  // namespace feed
