#include "store/testing/store_fixture.h"

namespace store {

namespace {

class WritesOnStore : public StoreTest {
protected:
    base::Result<std::optional<std::string>> setting(const std::string& name)
    {
        return read([&](Transaction& tx) { return tx.settings.get(name); });
    }
};

Store::Operation write_setting(const std::string& name)
{
    return [name](Transaction& tx) -> base::Result<> {
        CHECKED(tx.settings.put(name, "value"));
        tx.revisions.append(model::RevisionKind::route, name);
        return {};
    };
}

boost::asio::awaitable<void> keep(base::Task<> write, base::Result<>& result)
{
    result = co_await std::move(write);
}

// Last of tasks that start in order, so that the others have queued what they write.
boost::asio::awaitable<void> open_gate(Gate& gate)
{
    gate.open();
    co_return;
}

TEST_P(WritesOnStore, AFailureUndoesItsOwnOperationOnly)
{
    std::vector<std::int64_t> heads;
    store->on_revision([&](std::int64_t head) { heads.push_back(head); });
    Gate gate;
    auto fail_late = [](Transaction& tx) -> base::Result<> {
        CHECKED(write_setting("undone")(tx));
        return base::fail(base::Errc::invalid, "changed my mind");
    };
    auto throws = [](Transaction& tx) -> base::Result<> {
        CHECKED(write_setting("thrown")(tx));
        throw std::runtime_error("a bug");
    };
    std::array<base::Result<>, 5> results;
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(keep(store->run_write(gate.operation()), results[0]));
    tasks.push_back(keep(store->run_write(write_setting("first")), results[1]));
    tasks.push_back(keep(store->run_write(fail_late), results[2]));
    tasks.push_back(keep(store->run_write(throws), results[3]));
    tasks.push_back(keep(store->run_write(write_setting("last")), results[4]));
    tasks.push_back(open_gate(gate));
    test::run(loop, together(std::move(tasks)));

    EXPECT_TRUE(results[1]);
    EXPECT_TRUE(results[4]);
    ASSERT_FALSE(results[2]);
    EXPECT_EQ(results[2].error().message(), "changed my mind");
    ASSERT_FALSE(results[3]);
    EXPECT_EQ(results[3].error().kind(), base::Errc::internal);
    EXPECT_TRUE(*setting("first"));
    EXPECT_TRUE(*setting("last"));
    EXPECT_FALSE(*setting("undone"));
    EXPECT_FALSE(*setting("thrown"));
    EXPECT_LE(heads.size(), 2U);
    EXPECT_EQ(heads.back(), 2);
}

TEST_P(WritesOnStore, CommitsWhatIsQueuedTogether)
{
    std::vector<std::int64_t> heads;
    store->on_revision([&](std::int64_t head) { heads.push_back(head); });
    Gate gate;
    std::vector<base::Result<>> results(101);
    // The first write holds the writer's thread; the others wait in the queue and become one batch.
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(keep(store->run_write(gate.operation()), results[0]));
    for (std::size_t i = 1; i < results.size(); ++i) {
        tasks.push_back(keep(store->run_write(write_setting(std::to_string(i))), results[i]));
    }
    tasks.push_back(open_gate(gate));
    test::run(loop, together(std::move(tasks)));

    EXPECT_LE(heads.size(), 2U);
    EXPECT_EQ(heads.back(), 100);
    EXPECT_EQ(read([](Transaction& tx) { return tx.revisions.head(); })->number, 100);
}

TEST_P(WritesOnStore, AQueuedWriteIsMadeAlthoughItsCallerIsCancelled)
{
    Gate gate;
    bool resumed = false;
    bool unwound = false;
    auto caller = [](Store& target, bool& back, bool& gone) -> boost::asio::awaitable<void> {
        try {
            auto done = co_await target.run_write(write_setting("kept"));
            back = done.has_value();
            co_await base::sleep_for(std::chrono::hours(1));
        } catch (...) {
            gone = true;
            throw;
        }
    };
    auto scenario = [](base::TaskGroup& group, Gate& held) -> boost::asio::awaitable<void> {
        auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::post(executor,
                          [&held] { held.open(); });  // Runs once stop() has cancelled both and waits.
        co_await group.stop();
    };
    base::Result<> blocked;
    base::TaskGroup group(loop.get_executor());
    group.spawn("blocker", keep(store->run_write(gate.operation()), blocked));
    group.spawn("caller", caller(*store, resumed, unwound));
    test::run(loop, scenario(group, gate));

    EXPECT_TRUE(resumed);
    EXPECT_TRUE(unwound);
    EXPECT_TRUE(*setting("kept"));
}

TEST_P(WritesOnStore, AReadSeesCommittedDataOnlyAndCannotWrite)
{
    Gate gate;
    std::promise<void> wrote;
    auto slow = [&, wait = gate.operation()](Transaction& tx) -> base::Result<> {
        CHECKED(write_setting("slow")(tx));
        wrote.set_value();
        return wait(tx);
    };
    base::Result<> written;
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(keep(store->run_write(slow), written));
    std::optional<std::string> seen = "something";
    auto look = [](Store& target, std::shared_future<void> ready, std::optional<std::string>& found,
                   Gate& held) -> boost::asio::awaitable<void> {
        auto now = co_await target.read([ready](Transaction& tx) {
            ready.wait();
            return tx.settings.get("slow");
        });
        found = now.value();
        held.open();
    };
    tasks.push_back(look(*store, wrote.get_future().share(), seen, gate));
    test::run(loop, together(std::move(tasks)));
    EXPECT_TRUE(written);
    EXPECT_EQ(seen, std::nullopt);
    EXPECT_TRUE(*setting("slow"));

    EXPECT_FALSE(read([](Transaction& tx) { return tx.settings.put("x", "y"); }));
    EXPECT_FALSE(*setting("x"));
}

TEST_P(WritesOnStore, FinishesWhatIsQueuedWhenItIsClosed)
{
    std::vector<base::Result<>> results(20);
    std::vector<boost::asio::awaitable<void>> tasks;
    for (std::size_t i = 0; i < results.size(); ++i) {
        tasks.push_back(keep(store->run_write(write_setting(std::to_string(i))), results[i]));
    }
    auto close = [](std::unique_ptr<Store>& target) -> boost::asio::awaitable<void> {
        target.reset();
        co_return;
    };
    tasks.push_back(close(store));
    test::run(loop, together(std::move(tasks)));

    for (const auto& result : results) {
        EXPECT_TRUE(result);
    }
    store = open().value();
    EXPECT_EQ(read([](Transaction& tx) { return tx.revisions.head(); })->number, 20);
}

ON_BOTH_ENGINES(WritesOnStore);

}  // namespace

}  // namespace store
