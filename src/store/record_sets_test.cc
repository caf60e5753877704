#include "store/testing/store_fixture.h"

namespace store {

namespace {

using model::RecordSet;
using model::RevisionKind;

class RecordSetsOnStore : public StoreTest {
protected:
    RecordSet set(const std::string& name, std::uint16_t type = 1,
                  std::vector<base::Bytes> values = {{192, 0, 2, 1}})
    {
        return {"shop.test", name, type, 300, std::move(values)};
    }
    // Whether it changed anything.
    bool put(const RecordSet& record_set)
    {
        return write([&](Transaction& tx) { return tx.records.put(record_set); }).value();
    }
    std::vector<RecordSet> of_name(const std::string& name)
    {
        return read([&](Transaction& tx) { return tx.records.of_name(name); }).value();
    }
    // The keys of the revisions after `number`.
    std::vector<std::string> changed(std::int64_t number)
    {
        const auto rows = read([&](Transaction& tx) -> base::Result<std::vector<model::Revision>> {
                              TRY(head, tx.revisions.head());
                              return tx.revisions.after({head.epoch, number}, 100);
                          }).value();
        std::vector<std::string> keys;
        for (const auto& row : rows) {
            EXPECT_EQ(row.kind, RevisionKind::records);
            keys.push_back(row.key);
        }
        return keys;
    }
    std::int64_t head()
    {
        return read([](Transaction& tx) { return tx.revisions.head(); }).value().number;
    }
};

using Keys = std::vector<std::string>;

TEST_P(RecordSetsOnStore, AreReplacedByNameAndTypeAndTellFollowers)
{
    auto address = set("www.shop.test", 1, {{192, 0, 2, 2}, {192, 0, 2, 1}});
    address.expires_at = test_start;
    address.source = "update:key";
    EXPECT_TRUE(put(address));
    EXPECT_TRUE(put(set("www.shop.test", 16, {{1, 'x'}, {}})));
    auto found = of_name("www.shop.test");
    ASSERT_EQ(found.size(), 2U);
    model::canonicalise(address);
    EXPECT_EQ(found[0], address);
    EXPECT_EQ(found[1].values, (std::vector<base::Bytes>{{}, {1, 'x'}}));
    EXPECT_TRUE(found[1].written_by_people());

    const auto before = head();
    EXPECT_FALSE(put(address)) << "as it is";
    EXPECT_EQ(head(), before);
    address.expires_at = std::nullopt;
    EXPECT_TRUE(put(address));
    EXPECT_EQ(changed(before), (Keys{"www.shop.test"}));
    EXPECT_FALSE(of_name("www.shop.test")[0].expires_at);
}

TEST_P(RecordSetsOnStore, AreRemovedOnce)
{
    put(set("www.shop.test"));
    const auto before = head();
    const auto remove = [&](std::uint16_t type) {
        return write(
                   [type](Transaction& tx) { return tx.records.remove("shop.test", "www.shop.test", type); })
            .value();
    };
    EXPECT_FALSE(remove(16));
    EXPECT_TRUE(remove(1));
    EXPECT_FALSE(remove(1));
    EXPECT_EQ(changed(before), (Keys{"www.shop.test"}));
    EXPECT_TRUE(of_name("www.shop.test").empty());
}

TEST_P(RecordSetsOnStore, AreListedInCanonicalOrder)
{
    const Keys names = {"shop.test", "*.shop.test", "a.shop.test", "b.a.shop.test", "ab.shop.test"};
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
        put(set(*name, 16));
        put(set(*name, 1));
    }
    auto other = set("other.test");
    other.zone = "other.test";
    put(other);
    Keys listed;
    std::string after;
    do {
        const auto page =
            read([&](Transaction& tx) { return tx.records.of_zone("shop.test", after, 3); }).value();
        for (const auto& each : page.items) {
            listed.push_back(each.name + " " + std::to_string(each.type));
        }
        after = page.next;
    } while (!after.empty());
    Keys expected;
    for (const auto& each : names) {
        expected.push_back(each + " 1");
        expected.push_back(each + " 16");
    }
    EXPECT_EQ(listed, expected);
    EXPECT_EQ(read([](Transaction& tx) { return tx.records.count("shop.test"); }).value(), 10);
    EXPECT_EQ(read([](Transaction& tx) { return tx.records.of_zone("shop.test", "x", 3); }).error().code(),
              "cursor_invalid");
    EXPECT_EQ(read([](Transaction& tx) {
                  return tx.revisions.keys(RevisionKind::records, "ab.shop.test", 2);
              }).value(),
              (Keys{"b.a.shop.test", "other.test"}));
}

TEST_P(RecordSetsOnStore, ExpireLongestDueFirstAndGoWithTheirZone)
{
    for (int i = 0; i < 3; ++i) {
        auto each = set("n" + std::to_string(i) + ".shop.test");
        each.expires_at = test_start + std::chrono::seconds(10 - i);
        put(each);
    }
    put(set("kept.shop.test"));
    const auto before = head();
    const auto expire = [&](int seconds, std::size_t limit) {
        const auto now = test_start + std::chrono::seconds(seconds);
        return write([now, limit](Transaction& tx) { return tx.records.expire(now, limit); }).value();
    };
    EXPECT_EQ(expire(7, 10), 0U);
    EXPECT_EQ(expire(10, 2), 2U);
    EXPECT_THAT(changed(before), testing::UnorderedElementsAre("n1.shop.test", "n2.shop.test"));
    EXPECT_EQ(expire(10, 2), 1U);
    const auto clear = [&](const std::string& zone) {
        return write([zone](Transaction& tx) { return tx.records.clear(zone, 10); }).value();
    };
    EXPECT_EQ(clear("other.test"), 0U);
    EXPECT_EQ(clear("shop.test"), 1U);
    EXPECT_TRUE(of_name("kept.shop.test").empty());
}

TEST_P(RecordSetsOnStore, BelongToZonesOfEachKind)
{
    model::Zone zone;
    zone.apex = "shop.test";
    zone.kind = model::ZoneKind::fixed;
    zone.name_servers = {{"ns1.shop.test", {"192.0.2.1"}}};
    zone.tenant = "t";
    zone.primary = "hidden.shop.test";
    zone.refresh = 1;
    zone.retry = 2;
    zone.expire = 3;
    zone.apex_ttl = 4;
    ASSERT_TRUE(write([&](Transaction& tx) { return tx.groups.put_zone(zone); }));
    EXPECT_EQ(read([](Transaction& tx) { return tx.groups.zone("shop.test"); }).value(), zone);
    const auto remove = [&] {
        return write([](Transaction& tx) { return tx.groups.remove_zone("shop.test"); });
    };
    EXPECT_TRUE(remove());
    EXPECT_EQ(remove().error().kind(), base::Errc::not_found);
}

ON_BOTH_ENGINES(RecordSetsOnStore);

}  // namespace

}  // namespace store
