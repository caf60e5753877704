#include "feed/follower.h"

#include "base/task_group.h"
#include "support/run.h"

#include <gtest/gtest.h>

#include <deque>

namespace feed {
namespace {

// Hands out what it was given, then waits for ever.
class ScriptedSource final : public Source {
public:
    explicit ScriptedSource(std::deque<base::Result<Batch>> script) : script_(std::move(script)) {}

    base::Task<Batch> next(model::Position after) override
    {
        asked.push_back(after);
        if (script_.empty()) {
            co_await base::sleep_for(std::chrono::hours(1));
            co_return base::fail(base::Errc::timeout, "never");
        }
        auto answer = std::move(script_.front());
        script_.pop_front();
        co_return answer;
    }
    base::Task<> acknowledge(model::Position position) override
    {
        acknowledged.push_back(position);
        co_return base::Result<>();
    }

    std::vector<model::Position> asked;
    std::vector<model::Position> acknowledged;

private:
    std::deque<base::Result<Batch>> script_;
};

class CountingSink final : public Sink {
public:
    base::Task<> apply(std::shared_ptr<const Batch> batch) override
    {
        if (fail_once) {
            fail_once = false;
            co_return base::fail(base::Errc::unavailable, "disk full");
        }
        applied.push_back(batch->position);
        if (!batch->snapshot || batch->last) {
            reached = batch->position;
        }
        co_return base::Result<>();
    }
    model::Position position() const override { return reached; }

    bool fail_once = false;
    model::Position reached;
    std::vector<model::Position> applied;
};

Batch at(std::string epoch, std::int64_t number, bool snapshot = false, bool last = true)
{
    Batch batch;
    batch.position = {std::move(epoch), number};
    batch.snapshot = snapshot;
    batch.last = last;
    batch.changes.push_back({model::RevisionKind::token, "t", TokenEntry{"p", ""}});
    return batch;
}

// Follows until the source is asked `count` times.
boost::asio::awaitable<void> follow_until_asked(ScriptedSource& source, CountingSink& sink, std::size_t count)
{
    base::TaskGroup group(co_await boost::asio::this_coro::executor);
    group.spawn("follow", follow(source, sink, "test"));
    while (source.asked.size() < count) {
        co_await base::sleep_for(std::chrono::milliseconds(1));
    }
    co_await group.stop();
}

TEST(Follower, AcknowledgesASnapshotOnlyWhenItIsWhole)
{
    ScriptedSource source({at("cursor", 1, true, false), at("e", 1, true, true), at("e", 2)});
    CountingSink sink;
    boost::asio::io_context loop(1);

    test::run(loop, follow_until_asked(source, sink, 4));

    EXPECT_EQ(source.asked, (std::vector<model::Position>{{"", 0}, {"cursor", 1}, {"e", 1}, {"e", 2}}));
    EXPECT_EQ(source.acknowledged, (std::vector<model::Position>{{"e", 1}, {"e", 2}}));
}

TEST(Follower, GoesOnWhereTheSinkStandsAfterAFailure)
{
    ScriptedSource source({at("e", 1), base::fail(base::Errc::unavailable, "gone"), at("e", 2), at("e", 2)});
    CountingSink sink;
    boost::asio::io_context loop(1);

    test::run(loop, follow_until_asked(source, sink, 3));

    EXPECT_EQ(source.asked[1], (model::Position{"e", 1}));
    EXPECT_EQ(source.asked[2], (model::Position{"e", 1}));
}

TEST(Follower, AsksAgainForABatchThatCouldNotBeApplied)
{
    ScriptedSource source({at("e", 1), at("e", 1)});
    CountingSink sink;
    sink.fail_once = true;
    boost::asio::io_context loop(1);

    test::run(loop, follow_until_asked(source, sink, 3));

    EXPECT_EQ(source.asked[1], model::Position());
    EXPECT_EQ(sink.applied, (std::vector<model::Position>{{"e", 1}}));
    EXPECT_EQ(source.acknowledged, (std::vector<model::Position>{{"e", 1}}));
}

}  // namespace
}  // namespace feed
