#include "store/postgres/postgres_driver.h"
#include "store/testing/store_fixture.h"

#include <atomic>
#include <barrier>
#include <utility>

namespace store {

namespace {

class PostgresStore : public testing::Test {
protected:
    template <class T>
    auto run(base::Task<T> task)
    {
        return test::run(loop_, std::move(task));
    }
    static std::string ending_of(const std::string& url)
    {
        return test::Postgres::shared().query(
            url,
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    }

    boost::asio::io_context loop_{1};
    std::string url_ = test::Postgres::shared().new_database();
    std::unique_ptr<Store> store_ = open_postgres(url_).value();
};

auto put_setting(std::string name)
{
    return [name](Transaction& tx) { return tx.settings.put(name, "value"); };
}

TEST_F(PostgresStore, AReaderNeverSeesANumberBeforeALowerOneThatCommitsLate)
{
    const auto epoch = run(store_->read([](Transaction& tx) { return tx.revisions.head(); }))->epoch;
    const auto seen = [&] {
        return run(store_->read([&](Transaction& tx) { return tx.revisions.after({epoch, 0}, 10); })).value();
    };
    const auto other = postgres::make_driver(url_)->open(sql::Access::write).value();
    ASSERT_TRUE(other->begin());
    ASSERT_TRUE(
        other->run("UPDATE revision_head SET number = number + 1; INSERT INTO revisions VALUES (1, 'route', "
                   "'late', '')"));

    // Another node's write wants the next number while the first has not committed.
    std::atomic<bool> reached = false;
    base::Result<> written = base::fail(base::Errc::internal, "not yet");
    auto writer = [](Store& target, std::atomic<bool>& ran,
                     base::Result<>& result) -> boost::asio::awaitable<void> {
        result = co_await target.run_write([&ran](Transaction& tx) -> base::Result<> {
            tx.revisions.append(model::RevisionKind::route, "early");
            ran = true;
            return {};
        });
    };
    auto check_and_commit = [](Store& target, std::string of, std::atomic<bool>& ran,
                               sql::Connection& late) -> boost::asio::awaitable<void> {
        while (!ran) {
            co_await base::sleep_for(std::chrono::milliseconds(1));
        }
        for (int i = 0; i < 20; ++i) {
            auto rows =
                co_await target.read([of](Transaction& tx) { return tx.revisions.after({of, 0}, 10); });
            EXPECT_TRUE(rows.value().empty());
        }
        EXPECT_TRUE(late.commit());
    };
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(writer(*store_, reached, written));
    tasks.push_back(check_and_commit(*store_, epoch, reached, *other));
    test::run(loop_, together(std::move(tasks)));

    EXPECT_TRUE(written);
    const auto rows = seen();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].key, "late");
    EXPECT_EQ(rows[1].key, "early");
}

TEST_F(PostgresStore, ReconnectsAfterTheServerEndedItsSessions)
{
    ASSERT_TRUE(run(store_->write(put_setting("a"))));
    ASSERT_NE(ending_of(url_), "0");

    EXPECT_TRUE(run(store_->write(put_setting("b"))));
    EXPECT_EQ(run(store_->read([](Transaction& tx) { return tx.settings.get("b"); })).value(), "value");
}

TEST_F(PostgresStore, RunsABatchAgainWhenTheSessionIsLostBeforeItsCommit)
{
    int runs = 0;
    auto done = run(store_->run_write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.settings.put("a", "value"));
        if (++runs == 1) {
            ending_of(url_);
        }
        return {};
    }));

    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(run(store_->read([](Transaction& tx) { return tx.settings.get("a"); })).value(), "value");
}

TEST_F(PostgresStore, ReportsAServerThatIsNotThere)
{
    const test::TempDir empty;
    const auto none = open_postgres("postgresql:///x?host=" + empty.path().string());

    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind(), base::Errc::unavailable);
    EXPECT_EQ(none.error().code(), "store_unreachable");
    EXPECT_NE(none.error().fix(), "");
}

TEST_F(PostgresStore, RepeatsTheVictimOfADeadlock)
{
    const auto second = open_postgres(url_).value();
    for (const char* key : {"a", "b"}) {
        ASSERT_TRUE(run(store_->write([key](Transaction& tx) {
            return tx.endpoints.insert(endpoint(key, {std::string(key) + ".example.com"}));
        })));
    }
    std::barrier both_hold_one(2);
    auto cross = [](Store& target, std::pair<std::string, std::string> keys, std::barrier<>& both,
                    base::Result<>& result) -> boost::asio::awaitable<void> {
        auto met = std::make_shared<bool>(false);
        result = co_await target.run_write([&both, met, keys](Transaction& tx) -> base::Result<> {
            TRY(one, tx.endpoints.get(keys.first));
            if (!std::exchange(*met, true)) {
                both.arrive_and_wait();
            }
            TRY(two, tx.endpoints.get(keys.second));
            one.checks += 1;
            two.checks += 1;
            CHECKED(tx.endpoints.update(one));
            return tx.endpoints.update(two);
        });
    };
    base::Result<> forward;
    base::Result<> backward;
    std::vector<boost::asio::awaitable<void>> tasks;
    tasks.push_back(cross(*store_, {"ep_a", "ep_b"}, both_hold_one, forward));
    tasks.push_back(cross(*second, {"ep_b", "ep_a"}, both_hold_one, backward));
    test::run(loop_, together(std::move(tasks)));

    EXPECT_TRUE(forward) << forward.error().message();
    EXPECT_TRUE(backward) << backward.error().message();
    EXPECT_EQ(run(store_->read([](Transaction& tx) { return tx.endpoints.get("ep_a"); }))->checks, 2);
    EXPECT_EQ(run(store_->read([](Transaction& tx) { return tx.endpoints.get("ep_b"); }))->checks, 2);
}

TEST_F(PostgresStore, GivesAMigrationAsMuchTimeAsItNeedsAndNothingElse)
{
    const auto db = postgres::make_driver(url_)->open(sql::Access::write).value();
    const auto bound = [&] {
        const auto rows = db->execute("SELECT current_setting('statement_timeout')").value();
        return sql::RowReader(rows.front()).text();
    };
    ASSERT_TRUE(db->begin());
    ASSERT_TRUE(db->lock_migrations());
    EXPECT_EQ(bound(), "0");
    ASSERT_TRUE(db->commit());
    ASSERT_TRUE(db->begin());
    EXPECT_EQ(bound(), "30s");
    db->rollback();
}

TEST_F(PostgresStore, DoesNotCommitAnOperationThatWentOnAfterAFailedStatement)
{
    const auto broken = run(store_->run_write([](Transaction& tx) -> base::Result<> {
        CHECKED(tx.settings.put("half", "done"));
        EXPECT_FALSE(tx.settings.put("invalid", "\xff"));
        return {};
    }));

    EXPECT_FALSE(broken);
    EXPECT_EQ(run(store_->read([](Transaction& tx) { return tx.settings.get("half"); })).value(),
              std::nullopt);
    EXPECT_TRUE(run(store_->write(put_setting("next"))));
}

}  // namespace

}  // namespace store
