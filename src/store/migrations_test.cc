#include "store/migrations.h"

#include "store/database_store.h"
#include "store/sqlite/sqlite_driver.h"
#include "store/testing/store_fixture.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace store {

namespace {

class MigrationsOnStore : public StoreTest {
protected:
    // An endpoint of the tenant acme, in the columns that there were.
    void insert_as_the_first_version_did()
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(db->run(R"sql(
            INSERT INTO endpoints (id, tenant, edge_group, names, kind, ip_filter, filter_at, upstream, key_types,
              label, alias, required_records, state, state_since, reason, retrying, next_attempt_at, serving,
              conditions, created_at, next_check_at, checks, deleted_at)
            VALUES ('ep_a', 'acme', 'default', '["shop.example.com"]', 'external', '[]', 'edge', 'http://192.0.2.9',
              '["ecdsa_p256"]', 'a', 'a.platform.test', '[]', 'active', 1, '', 0, NULL, 1, '[]', 1, NULL, 0, NULL);
            INSERT INTO endpoint_names (endpoint, name, live) VALUES ('ep_a', 'shop.example.com', 1))sql"));
    }
    // An empty database of an older program.
    void start_with_version(int version)
    {
        store.reset();
        if (on_postgres()) {
            url = test::Postgres::shared().new_database();
        } else {
            std::filesystem::remove(folder.path() / "certwright.db");
        }
        store = DatabaseStore::open(driver(), version).value();
    }
};

TEST_P(MigrationsOnStore, BringADatabaseOfTheFirstVersionUpToDateWithItsRows)
{
    start_with_version(1);
    const auto epoch = read([](Transaction& tx) { return tx.revisions.head(); })->epoch;
    EXPECT_FALSE(read([](Transaction& tx) { return tx.budgets.list(); }));  // Not there yet.

    store.reset();
    insert_as_the_first_version_did();
    store = open().value();

    EXPECT_TRUE(
        read([](Transaction& tx) { return tx.endpoints.find_by_name(name("shop.example.com"), "acme"); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.names.holder(name("shop.example.com")); }).value(),
              "ep_a");
    EXPECT_TRUE(read([](Transaction& tx) { return tx.budgets.list(); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.revisions.head(); })->epoch, epoch);
}

// Its followers know of no revision that says so.
TEST_P(MigrationsOnStore, GiveAGroupOfProxiesThePlatformsCertificateAndItsFollowersASnapshot)
{
    start_with_version(8);
    const auto before = read([](Transaction& tx) { return tx.revisions.head(); }).value();
    store.reset();
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(
            db->run("INSERT INTO edge_groups (name, addresses, default_certificate, thumbprint) VALUES "
                    "('default', '[]', 'crt_p', ''), ('web', '[]', '', '')"));
    }
    store = open().value();

    const auto web = read([](Transaction& tx) { return tx.groups.get("web"); }).value();
    EXPECT_TRUE(web.proxies);
    EXPECT_EQ(web.default_certificate, "crt_p");
    EXPECT_FALSE(read([](Transaction& tx) { return tx.groups.get("default"); })->proxies);
    const auto rows = read([&](Transaction& tx) { return tx.revisions.after(before, 10); });
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code(), "snapshot_needed");
}

TEST_P(MigrationsOnStore, ListWhatThereIsForTheSearch)
{
    start_with_version(9);
    store.reset();
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(db->begin());
        for (int i = 0; i < 4'200; ++i) {
            ASSERT_TRUE(db->execute(
                "INSERT INTO endpoints (id, tenant, edge_group, names, kind, ip_filter, filter_at, upstream,"
                " key_types, label, alias, required_records, state, state_since, reason, retrying, serving,"
                " conditions, created_at, checks, deleted_at) VALUES ($1, 'acme', 'default', $2, 'external', "
                "'[]',"
                " 'edge', '', '[]', $1, '', '[]', 'active', 1, '', 0, 1, '[]', $3, 0, $4)",
                sql::params(fmt::format("ep_{}", i), fmt::format(R"(["n{}.example.com"])", i), i,
                            i == 7 ? std::optional(test_start) : std::nullopt)));
        }
        ASSERT_TRUE(db->commit());
    }
    store = open().value();

    const auto found = [&](const std::string& text) {
        return read([&](Transaction& tx) { return tx.endpoints.list({.text = text}); })->items;
    };
    EXPECT_EQ(found("n17.").size(), 1U);
    EXPECT_EQ(found("n4199.").size(), 1U);
    EXPECT_TRUE(found("n7.").empty());
    EXPECT_EQ(found("example.com").front().id, "ep_0");
    EXPECT_EQ(read([](Transaction& tx) { return tx.endpoints.count_by_state(); })->front().second, 4'199);
    store.reset();
    const auto owner = driver();
    const auto db = owner->open(sql::Access::read).value();
    const auto head = db->execute("SELECT line, sealed FROM revision_head").value();
    EXPECT_EQ(std::get<std::int64_t>(head.front().at(0)), 4'199);
    EXPECT_EQ(std::get<std::int64_t>(head.front().at(1)), 4'096);
}

TEST_P(MigrationsOnStore, RefuseADatabaseOfANewerProgram)
{
    store.reset();
    {
        const auto owner = driver();
        const auto db = owner->open(sql::Access::write).value();
        ASSERT_TRUE(db->run("INSERT INTO schema_migrations (version, applied_at) VALUES (999, 0)"));
    }
    const auto refused = open();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "store_newer");
    EXPECT_NE(refused.error().fix(), "");
}

TEST_P(MigrationsOnStore, RunOnceWhenSeveralNodesStartTogether)
{
    if (!on_postgres()) {
        return;  // One process holds a SQLite file.
    }
    url = test::Postgres::shared().new_database();
    std::array<std::unique_ptr<Store>, 6> nodes;
    {
        std::vector<std::jthread> starting;
        for (auto& node : nodes) {
            starting.emplace_back([&] { node = open().value(); });
        }
    }
    EXPECT_EQ(test::Postgres::shared().query(url, "SELECT COUNT(*) FROM schema_migrations"),
              std::to_string(latest_schema()));
    EXPECT_EQ(test::Postgres::shared().query(url, "SELECT COUNT(*) FROM revision_head"), "1");
}

TEST_P(MigrationsOnStore, LetABatchOfAnOlderNodeEndBeforeTheyTakeTheHead)
{
    if (!on_postgres()) {
        return;  // One process holds a SQLite file.
    }
    const auto asked = [&](const std::string& text) { return test::Postgres::shared().query(url, text); };
    start_with_version(9);
    store.reset();
    const auto older = driver()->open(sql::Access::write).value();
    ASSERT_TRUE(older->begin());
    ASSERT_TRUE(older->run("UPDATE endpoints SET checks = 0"));
    base::Result<std::unique_ptr<Store>> opened = base::fail(base::Errc::internal, "not yet");
    {
        const std::jthread newer([&] { opened = open(); });
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        const std::string waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
        while (asked(waiting) == "0" && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        EXPECT_EQ(asked(waiting), "1");
        EXPECT_EQ(asked("SELECT COUNT(*) FROM pg_locks WHERE relation IN"
                        " ('revision_head'::regclass, 'revisions'::regclass)"),
                  "0");
        EXPECT_TRUE(
            older->run("UPDATE revision_head SET number = number + 1; INSERT INTO revisions VALUES"
                       " (1, 'route', 'ep_a', '')"));
        EXPECT_TRUE(older->commit());
    }
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(asked("SELECT number FROM revision_head"), "1");
}

ON_BOTH_ENGINES(MigrationsOnStore);

// UPDATE_GOLDEN=1 rewrites the file. A released migration must not change what earlier versions of it made.
TEST(Migrations, MakeTheSchemaThatIsWrittenDown)
{
    const test::TempDir folder;
    base::ManualClock clock(test_start);
    ASSERT_TRUE(open_sqlite(folder.path() / "certwright.db", clock));
    const auto owner = sqlite::open_driver(folder.path() / "certwright.db", clock).value();
    const auto db = owner->open(sql::Access::read).value();
    const auto rows =
        db->execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name")
            .value();
    std::string schema;
    for (const auto& row : rows) {
        schema += sql::RowReader(row).text() + ";\n";
    }

    const std::filesystem::path golden = std::filesystem::path(GOLDEN_DIR) / "schema.sql";
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream(golden) << schema;
    }
    std::stringstream expected;
    expected << std::ifstream(golden).rdbuf();
    EXPECT_EQ(schema, expected.str());
}

}  // namespace

}  // namespace store
