#include "store/name_block.h"
#include "store/sqlite/sqlite_driver.h"
#include "store/testing/store_fixture.h"

namespace store {

namespace {

// Passes statements on and keeps how SQLite would run each SELECT.
class ExplainingConnection final : public sql::Connection {
public:
    explicit ExplainingConnection(sql::Connection& db) : db_(db) {}

    using sql::Connection::execute;
    base::Result<sql::Rows> execute(std::string_view text, const sql::Params& values) override
    {
        if (text.starts_with("SELECT")) {
            TRY(steps, db_.execute("EXPLAIN QUERY PLAN " + std::string(text), values));
            for (const auto& step : steps) {
                plan += std::get<std::string>(step.at(3)) + "\n";
            }
        }
        return db_.execute(text, values);
    }
    base::Result<> run(const std::string& text) override { return db_.run(text); }
    base::Result<> begin() override { return db_.begin(); }
    base::Result<> commit() override { return db_.commit(); }
    void rollback() override { db_.rollback(); }
    sql::Health health() const override { return db_.health(); }
    const sql::Dialect& dialect() const override { return db_.dialect(); }
    base::Result<base::Time> now() override { return db_.now(); }
    base::Result<> lock_migrations() override { return db_.lock_migrations(); }
    base::Result<> lock_tables(std::span<const std::string_view> tables) override
    {
        return db_.lock_tables(tables);
    }

    std::string plan;

private:
    sql::Connection& db_;
};

class QueryPlans : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_TRUE(open_sqlite(folder_.path() / "certwright.db", clock_));
        driver_ = sqlite::open_driver(folder_.path() / "certwright.db", clock_).value();
        db_ = driver_->open(sql::Access::write).value();
    }
    // How the calls of `use` find their rows.
    template <class F>
    std::string plan_of(F use)
    {
        ExplainingConnection explaining(*db_);
        Transaction tx(explaining);
        EXPECT_TRUE(use(tx));
        return explaining.plan;
    }

    sql::Connection& db() { return *db_; }

private:
    test::TempDir folder_;
    base::ManualClock clock_{test_start};
    std::unique_ptr<sql::Driver> driver_;
    std::unique_ptr<sql::Connection> db_;
};

// No sorting of results, and no reading of rows that are not wanted.
MATCHER(WalksAnIndex, "")
{
    const std::string plan = arg;
    *result_listener << "\n" << plan;
    return plan.find("SEARCH") != std::string::npos && plan.find("TEMP B-TREE") == std::string::npos &&
           plan.find("SCAN") == std::string::npos;
}

TEST_F(QueryPlans, EverythingDueIsAnIndexLookUp)
{
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.endpoints.due_checks(test_start, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.certificates.due_renewals(test_start, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.orders.claim("node", std::chrono::seconds(1), 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.orders.next_due(); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.orders.next_waiting(); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.advice.due(test_start, 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.budgets.drop_full(test_start, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.budgets.old_reservations(test_start, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.revocations.due(test_start, 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.orders.unfinished_of("ep_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.orders.of_endpoint("ep_a", 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.alerts.due_notices(test_start, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.notices.due(test_start, 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.notices.alike("c", "r", 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.alerts.due_looks(test_start, 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.alerts.open_of("ep_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.alerts.last_resolved("r", "ep_a"); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.deliveries.due(test_start, 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.deliveries.newest("c", "ep_a", "t"); }),
                WalksAnIndex());
}

TEST_F(QueryPlans, EveryLookUpAndPageUsesAnIndex)
{
    const std::string after = "1800000000000.ep_a";
    EndpointFilter by_tenant{.tenant = "t", .after = after};
    EndpointFilter by_state{.state = model::EndpointState::active, .after = after};
    EndpointFilter by_both{.tenant = "t", .state = model::EndpointState::active, .after = after};
    for (const auto& filter : {EndpointFilter{.after = after}, by_tenant, by_state, by_both}) {
        EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.endpoints.list(filter); }), WalksAnIndex());
    }
    for (const auto& filter :
         {AlertFilter{.after = after}, AlertFilter{.tenant = "t", .after = after},
          AlertFilter{.subject = "ep_a", .after = after}, AlertFilter{.rule = "r", .after = after},
          AlertFilter{.tenant = "t", .rule = "r", .after = after},
          AlertFilter{.rule = "r", .resolved = true, .after = after},
          AlertFilter{.tenant = "t", .rule = "r", .resolved = true, .after = after}}) {
        EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.alerts.list(filter); }), WalksAnIndex());
    }
    for (const auto* tenant : {"", "t"}) {  // Reads entries of an index and no alerts.
        EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.alerts.count_open(tenant); }),
                    testing::AllOf(testing::HasSubstr("USING COVERING INDEX"),
                                   testing::Not(testing::HasSubstr("TEMP B-TREE"))));
    }
    EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.certificates.list("t", after, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.certificates.list("", after, 10); }),
                WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.certificates.of_endpoint("ep_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.advice.of_certificate("crt_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.endpoints.count("t"); }), WalksAnIndex());
    for (const auto* name : {"", "shop.example.com"}) {
        EXPECT_THAT(
            plan_of([&](Transaction& tx) { return tx.budgets.scarcest("ca_a", "exact_set", name, 10); }),
            WalksAnIndex());
    }
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.certificates.retired_of("ep_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.names.holder(name("a.test")); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.names.held_by("ep_a"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.names.count("t", "example.com"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.events.after(1, "t", 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.events.of_subject("ep_a", 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.challenges.txt_of_order("ord_a"); }), WalksAnIndex());
    for (const auto kind :
         {model::RevisionKind::route, model::RevisionKind::certificate, model::RevisionKind::alias,
          model::RevisionKind::txt, model::RevisionKind::records}) {
        EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.revisions.keys(kind, "a", 10); }),
                    WalksAnIndex());
    }
}

TEST_F(QueryPlans, RecordSetsAreFoundByAnIndex)
{
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.records.of_name("a.test"); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.records.of_zone("test", "", 10); }), WalksAnIndex());
    EXPECT_THAT(plan_of([](Transaction& tx) { return tx.records.count("test"); }), WalksAnIndex());
}

// By the text, and where another filter leaves few.
TEST_F(QueryPlans, ASearchLooksAtALineOrARowAtATime)
{
    // A block whose first line has "sho", and lines after it.
    ASSERT_TRUE(
        db().run(fmt::format("INSERT INTO search_blocks (pair, block, places) VALUES ({}, 0, "
                             "X'6F01000000'); UPDATE revision_head SET line = 5000, sealed = 4096",
                             's' * 256 + 'h')));
    const auto tenant_row = gram_of_tenant("t").pair;
    ASSERT_TRUE(db().run(fmt::format(
        "INSERT INTO search_blocks (pair, block, places) VALUES ({}, 0, X'0001000000');", tenant_row)));
    for (const auto* tenant : {"", "t"}) {
        const EndpointFilter filter{.tenant = tenant, .text = "sho", .after = "0"};
        EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.endpoints.list(filter); }),
                    testing::AllOf(WalksAnIndex(), testing::HasSubstr("SEARCH e USING INDEX"),
                                   testing::HasSubstr("(pair=? AND block>? AND block<?)")));
    }
    const auto active = model::EndpointState::active;
    const EndpointFilter by_state{.state = active, .text = "sho", .after = "0"};
    EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.endpoints.list(by_state); }),
                testing::AllOf(WalksAnIndex(), testing::Not(testing::HasSubstr("state=?"))));
    const EndpointFilter few{.tenant = "t", .state = active, .text = "sho"};
    EXPECT_THAT(plan_of([&](Transaction& tx) { return tx.endpoints.list(few); }),
                testing::AllOf(WalksAnIndex(), testing::HasSubstr("SEARCH l USING INDEX")));
}

}  // namespace

}  // namespace store
