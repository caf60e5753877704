#include "store/testing/store_fixture.h"

namespace store {

namespace {

using model::Revision;
using model::RevisionKind;

class RevisionsOnStore : public StoreTest {
protected:
    model::Position start()
    {
        auto head = read([](Transaction& tx) { return tx.revisions.head(); });
        return {.epoch = head.value().epoch, .number = 0};
    }
    void append(RevisionKind kind, const std::string& key, const std::string& group = "")
    {
        auto done = write([&](Transaction& tx) -> base::Result<> {
            tx.revisions.append(kind, key, group);
            return {};
        });
        ASSERT_TRUE(done);
    }
    base::Result<std::vector<Revision>> after(const model::Position& position, std::size_t limit = 100)
    {
        return read([&](Transaction& tx) { return tx.revisions.after(position, limit); });
    }
};

TEST_P(RevisionsOnStore, StartsAtZeroWithARandomEpoch)
{
    const auto head = read([](Transaction& tx) { return tx.revisions.head(); }).value();

    EXPECT_EQ(head.number, 0);
    EXPECT_GE(head.epoch.size(), 16U);
    store.reset();
    store = open().value();
    EXPECT_EQ(read([](Transaction& tx) { return tx.revisions.head(); }).value(), head);
}

TEST_P(RevisionsOnStore, GivesTheNewestOfEachKeyInOrder)
{
    append(RevisionKind::route, "ep_a");
    append(RevisionKind::route, "ep_b", "west");
    append(RevisionKind::certificate, "ep_a");
    append(RevisionKind::route, "ep_a");

    EXPECT_EQ(after(start()).value(), (std::vector<Revision>{{2, RevisionKind::route, "ep_b", "west"},
                                                             {3, RevisionKind::certificate, "ep_a", ""},
                                                             {4, RevisionKind::route, "ep_a", ""}}));
    EXPECT_EQ(after(start(), 2).value().back().number, 2);
    EXPECT_TRUE(after({start().epoch, 4}).value().empty());
}

TEST_P(RevisionsOnStore, AKeyThatMovedBetweenGroupsConcernsAll)
{
    append(RevisionKind::route, "ep_a", "west");
    append(RevisionKind::route, "ep_a", "east");

    EXPECT_EQ(after(start()).value(), (std::vector<Revision>{{2, RevisionKind::route, "ep_a", ""}}));
}

TEST_P(RevisionsOnStore, SendsFollowersThatCannotGoOnToASnapshot)
{
    for (int i = 0; i < 5; ++i) {
        append(RevisionKind::token, std::to_string(i));
    }
    const auto old = start();
    ASSERT_TRUE(write([](Transaction& tx) { return tx.revisions.compact(3); }));

    EXPECT_EQ(after({old.epoch, 2}).error().code(), "snapshot_needed");
    EXPECT_EQ(after({old.epoch, 3}).value().size(), 2U);
    EXPECT_EQ(after({"another", 4}).error().kind(), base::Errc::conflict);
    EXPECT_EQ(after({old.epoch, 6}).error().kind(), base::Errc::conflict);

    ASSERT_TRUE(write([](Transaction& tx) { return tx.revisions.compact(1); }));  // Never goes back,
    ASSERT_TRUE(write([](Transaction& tx) { return tx.revisions.compact(9); }));  // nor past the head.
    EXPECT_EQ(after({old.epoch, 3}).value().size(), 2U);
    ASSERT_TRUE(write([](Transaction& tx) { return tx.revisions.new_epoch(); }));
    EXPECT_EQ(after({old.epoch, 5}).error().kind(), base::Errc::conflict);
}

// Follows the log in small steps until it has seen `total` revisions, and notes every number that is not the
// next one.
boost::asio::awaitable<void> follow(Store& store, std::int64_t total, std::int64_t& reached, int& gaps)
{
    auto first = co_await store.read([](Transaction& tx) { return tx.revisions.head(); });
    model::Position position{.epoch = first.value().epoch, .number = 0};
    while (position.number < total) {
        auto rows =
            co_await store.read([position](Transaction& tx) { return tx.revisions.after(position, 7); });
        for (const auto& row : rows.value()) {
            gaps += row.number == position.number + 1 ? 0 : 1;
            position.number = row.number;
        }
        reached = position.number;
    }
}

boost::asio::awaitable<void> append_many(Store& store, std::string prefix, int count)
{
    for (int i = 0; i < count; ++i) {
        auto key = fmt::format("{}/{}", prefix, i);
        auto done = co_await store.write([key](Transaction& tx) -> base::Result<> {
            tx.revisions.append(RevisionKind::route, key);
            CHECKED(tx.settings.put(key, ""));
            return {};
        });
        EXPECT_TRUE(done);
    }
}

TEST_P(RevisionsOnStore, AFollowerMissesNoneOfManyWriters)
{
    // Two nodes on PostgreSQL; SQLite has one.
    std::unique_ptr<Store> second = on_postgres() ? open().value() : nullptr;
    std::int64_t reached = 0;
    int gaps = 0;
    std::vector<boost::asio::awaitable<void>> tasks;
    for (int writer = 0; writer < 20; ++writer) {
        auto& target = second && writer % 2 == 0 ? *second : *store;
        tasks.push_back(append_many(target, std::to_string(writer), 20));
    }
    tasks.push_back(follow(*store, 400, reached, gaps));
    test::run(loop, together(std::move(tasks)));

    EXPECT_EQ(reached, 400);
    EXPECT_EQ(gaps, 0);
}

TEST_P(RevisionsOnStore, ListsTheKeysOfASnapshot)
{
    auto gone = endpoint("c", {"c.example.com"});
    gone.deleted_at = test_start;
    auto filled = write([&](Transaction& tx) -> base::Result<> {
        CHECKED(tx.endpoints.insert(endpoint("a", {"a.example.com"})));
        CHECKED(tx.endpoints.insert(endpoint("b", {"b.example.com"})));
        CHECKED(tx.endpoints.insert(gone));
        CHECKED(tx.certificates.insert(certificate("1", "ep_a")));
        auto superseded = certificate("2", "ep_a");
        superseded.state = model::CertificateState::superseded;
        CHECKED(tx.certificates.insert(superseded));
        CHECKED(tx.challenges.add_txt({"a.acme.platform.test", "one", "ord_1", test_start}));
        CHECKED(tx.challenges.add_txt({"a.acme.platform.test", "two", "ord_2", test_start}));
        CHECKED(tx.challenges.add_token({"token", "thumbprint", "ord_1", test_start, ""}));
        CHECKED(
            tx.groups.put({.name = "west", .addresses = {}, .default_certificate = "", .thumbprint = ""}));
        CHECKED(
            tx.groups.put_zone({.apex = "platform.test", .name_servers = {}, .hostmaster = "", .group = ""}));
        return {};
    });
    ASSERT_TRUE(filled) << filled.error().message();
    const auto keys = [&](RevisionKind kind, const std::string& last = "") {
        return read([&](Transaction& tx) { return tx.revisions.keys(kind, last, 10); }).value();
    };

    using List = std::vector<std::string>;
    EXPECT_EQ(keys(RevisionKind::route), (List{"ep_a", "ep_b"}));
    EXPECT_EQ(keys(RevisionKind::route, "ep_a"), (List{"ep_b"}));
    EXPECT_EQ(keys(RevisionKind::certificate), (List{"crt_1"}));
    EXPECT_EQ(keys(RevisionKind::alias), (List{"a.platform.test", "b.platform.test"}));
    EXPECT_EQ(keys(RevisionKind::txt), (List{"a.acme.platform.test"}));
    EXPECT_EQ(keys(RevisionKind::token), (List{"token"}));
    EXPECT_EQ(keys(RevisionKind::group), (List{"west"}));
    EXPECT_EQ(keys(RevisionKind::zone), (List{"platform.test"}));
}

ON_BOTH_ENGINES(RevisionsOnStore);

}  // namespace

}  // namespace store
