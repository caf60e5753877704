#include "feed/server/store_source.h"

#include "feed/server/testing/feed_fixture.h"

#include <gmock/gmock.h>

#include <random>

namespace feed {
namespace {

using model::CertificateSource;
using model::RevisionKind;

using StoreSourceTest = FeedTest;

TEST_F(StoreSourceTest, StartsWithASnapshotAndGoesOnWithChanges)
{
    put_endpoint("ep_a", {"a.test"});
    MapSink sink;
    catch_up(sink, edge_filter("default"));
    EXPECT_TRUE(sink.has(RevisionKind::route, "ep_a"));
    EXPECT_EQ(sink.position(), head());

    put_endpoint("ep_b", {"b.test"});
    put_certificate("crt_b", "ep_b");
    delete_endpoint("ep_a");
    catch_up(sink, edge_filter("default"));

    EXPECT_EQ(sink.snapshots(), 1);
    EXPECT_FALSE(sink.has(RevisionKind::route, "ep_a"));
    EXPECT_THAT(sink.entry(RevisionKind::route, "ep_b"), testing::HasSubstr("crt_b"));
    EXPECT_THAT(sink.entry(RevisionKind::certificate, "crt_b"),
                testing::HasSubstr(base::to_base64(base::as_bytes("key of crt_b"))));
}

TEST_F(StoreSourceTest, ANewEpochOrACompactedLogMeansASnapshotAgain)
{
    put_endpoint("ep_a", {"a.test"});
    MapSink sink;
    catch_up(sink, edge_filter("default"));

    put_endpoint("ep_b", {"b.test"});
    ASSERT_TRUE(
        write([number = head().number](store::Transaction& tx) { return tx.revisions.compact(number); }));
    catch_up(sink, edge_filter("default"));
    EXPECT_EQ(sink.snapshots(), 2);
    EXPECT_TRUE(sink.has(RevisionKind::route, "ep_b"));

    ASSERT_TRUE(write([](store::Transaction& tx) { return tx.revisions.new_epoch(); }));
    catch_up(sink, edge_filter("default"));
    EXPECT_EQ(sink.snapshots(), 3);
}

TEST_F(StoreSourceTest, APagedSnapshotSurvivesChangesBetweenItsPages)
{
    for (int i = 0; i < 7; ++i) {
        put_endpoint(fmt::format("ep_{}", i), {fmt::format("n{}.test", i)});
    }
    BatchReader reader(world(), edge_filter("default"), 2);
    MapSink sink;
    auto position = sink.position();
    for (int page = 0; page < 3; ++page) {
        auto batch = test::run(loop, reader.next(position, std::chrono::milliseconds(0))).value();
        EXPECT_TRUE(batch.snapshot);
        EXPECT_EQ(batch.first, page == 0);
        EXPECT_FALSE(batch.last);
        position = batch.position;
        ASSERT_TRUE(test::run(loop, sink.apply(std::make_shared<const Batch>(std::move(batch)))));
        delete_endpoint(fmt::format("ep_{}", page));
    }
    while (true) {
        auto batch = test::run(loop, reader.next(position, std::chrono::milliseconds(0))).value();
        if (!batch.snapshot && batch.position == position) {
            break;
        }
        position = batch.position;
        ASSERT_TRUE(test::run(loop, sink.apply(std::make_shared<const Batch>(std::move(batch)))));
    }

    MapSink fresh;
    catch_up(fresh, edge_filter("default"));
    EXPECT_EQ(sink.entries(), fresh.entries());
    EXPECT_EQ(fresh.entries().size(), 4U);
}

TEST_F(StoreSourceTest, NeverGivesAnEdgeTheKeysOfAnotherGroup)
{
    put_group("east");
    put_group("west");
    put_endpoint("ep_east", {"east.test"}, "east");
    put_certificate("crt_east", "ep_east", "east");
    MapSink follower;
    catch_up(follower, edge_filter("east"));
    put_endpoint("ep_west", {"west.test"}, "west");
    put_certificate("crt_west", "ep_west", "west");
    catch_up(follower, edge_filter("east"));
    MapSink late;
    catch_up(late, edge_filter("east"));

    EXPECT_EQ(follower.entries(), late.entries());
    EXPECT_TRUE(late.has(RevisionKind::certificate, "crt_east"));
    for (const auto& [key, entry] : late.entries()) {
        EXPECT_EQ(entry.find("west"), std::string::npos) << entry;
        EXPECT_EQ(entry.find(base::to_base64(base::as_bytes("key of crt_west"))), std::string::npos);
    }
}

TEST_F(StoreSourceTest, AnEndpointThatMovesToAnotherGroupLeavesTheFirst)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    MapSink east;
    catch_up(east, edge_filter("east"));
    ASSERT_TRUE(east.has(RevisionKind::route, "ep_a"));

    put_endpoint("ep_a", {"a.test"}, "west");
    catch_up(east, edge_filter("east"));

    EXPECT_FALSE(east.has(RevisionKind::route, "ep_a"));
}

TEST_F(StoreSourceTest, AGroupGetsItsDefaultCertificateWhicheverGroupThatBelongsTo)
{
    put_certificate("crt_platform", "", "default", CertificateSource::platform);
    put_group("west");
    MapSink west;
    catch_up(west, edge_filter("west"));
    EXPECT_FALSE(west.has(RevisionKind::certificate, "crt_platform"));

    put_group("west", "crt_platform");
    catch_up(west, edge_filter("west"));

    EXPECT_TRUE(west.has(RevisionKind::certificate, "crt_platform"));
    MapSink late;
    catch_up(late, edge_filter("west"));
    EXPECT_EQ(west.entries(), late.entries());
}

TEST_F(StoreSourceTest, NameServersGetNamesAndNoKeys)
{
    put_group("default");
    put_endpoint("ep_a", {"a.test"});
    put_certificate("crt_a", "ep_a");
    ASSERT_TRUE(write([now = clock.now()](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.challenges.add_txt({"a.acme.test", "one", "ord_1", now + std::chrono::hours(1)}));
        tx.revisions.append(RevisionKind::txt, "a.acme.test");
        return {};
    }));
    const auto put = [](store::Transaction& tx) {
        return tx.records.put({"shop.test", "www.shop.test", 16, 60, {{1, 'x'}}});
    };
    ASSERT_TRUE(write(put));
    MapSink sink;
    MapSink edge;

    catch_up(sink, name_server_filter());
    catch_up(edge, edge_filter("default"));

    EXPECT_TRUE(sink.has(RevisionKind::records, "www.shop.test"));
    EXPECT_FALSE(edge.has(RevisionKind::records, "www.shop.test"));
    ASSERT_TRUE(
        write([](store::Transaction& tx) { return tx.records.remove("shop.test", "www.shop.test", 16); }));
    catch_up(sink, name_server_filter());
    EXPECT_FALSE(sink.has(RevisionKind::records, "www.shop.test"));

    EXPECT_TRUE(sink.has(RevisionKind::alias, "a.platform.test"));
    EXPECT_TRUE(sink.has(RevisionKind::group, "default"));
    EXPECT_THAT(sink.entry(RevisionKind::txt, "a.acme.test"), testing::HasSubstr("one"));
    for (const auto& [key, entry] : sink.entries()) {
        EXPECT_NE(key.first, RevisionKind::certificate);
        EXPECT_EQ(entry.find("key_pkcs8"), std::string::npos);
    }

    ASSERT_TRUE(write([](store::Transaction& tx) -> base::Result<> {
        CHECKED(tx.challenges.remove_txt("a.acme.test", "one"));
        tx.revisions.append(RevisionKind::txt, "a.acme.test");
        return {};
    }));
    catch_up(sink, name_server_filter());
    EXPECT_FALSE(sink.has(RevisionKind::txt, "a.acme.test"));
}

TEST_F(StoreSourceTest, AKeyThatCannotBeUnsealedLeavesTheOthersFlowing)
{
    put_endpoint("ep_a", {"a.test"});
    put_certificate("crt_a", "ep_a");
    put_certificate("crt_b", "ep_a");
    ASSERT_TRUE(write([](store::Transaction& tx) -> base::Result<> {
        TRY(certificate, tx.certificates.get("crt_a"));
        certificate.sealed_key.back() ^= 1;
        return tx.certificates.update(certificate);
    }));
    MapSink sink;

    catch_up(sink, edge_filter("default"));

    EXPECT_FALSE(sink.has(RevisionKind::certificate, "crt_a"));
    EXPECT_TRUE(sink.has(RevisionKind::certificate, "crt_b"));
}

TEST_F(StoreSourceTest, WakesWhenTheLogGrows)
{
    put_endpoint("ep_a", {"a.test"});
    BatchReader reader(world(), edge_filter("default"));
    const auto from = head();
    std::optional<base::Result<Batch>> received;
    const auto began = std::chrono::steady_clock::now();
    boost::asio::co_spawn(
        loop, reader.next(from, std::chrono::seconds(10)),
        [&](const std::exception_ptr&, base::Result<Batch> batch) { received.emplace(std::move(batch)); });
    test::run(loop, base::sleep_for(std::chrono::milliseconds(20)));
    ASSERT_FALSE(received);

    put_endpoint("ep_b", {"b.test"});
    while (!received && std::chrono::steady_clock::now() - began < std::chrono::seconds(10)) {
        loop.run_one_for(std::chrono::milliseconds(50));
    }

    ASSERT_TRUE(received);
    EXPECT_EQ((*received)->changes.size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(900))
        << "polling found it, not the signal";
}

class RandomHistoryTest : public FeedTest {
protected:
    std::string random_key() { return fmt::format("{}", random() % 12); }

    void put_random_endpoint()
    {
        const auto key = random_key();
        const auto found = write([key](store::Transaction& tx) { return tx.endpoints.get("ep_" + key); });
        if (!found || !found->deleted_at) {
            put_endpoint("ep_" + key, {"n" + key + ".test", fmt::format("s{}-{}.test", key, random() % 3)},
                         random() % 4 == 0 ? "west" : "default");
        }
    }
    void put_random_certificate()
    {
        const auto key = random_key();
        if (write([key](store::Transaction& tx) { return tx.endpoints.get("ep_" + key); })) {
            put_certificate(fmt::format("crt_{}_{}", key, ++made), "ep_" + key);
        }
    }
    void retire_random_certificate()
    {
        const auto key = random_key();
        const auto live =
            write([key](store::Transaction& tx) { return tx.certificates.of_endpoint("ep_" + key); });
        if (live && !live->empty()) {
            retire_certificate(live->back().id);
        }
    }
    void delete_random_endpoint()
    {
        const auto key = random_key();
        if (write([key](store::Transaction& tx) { return tx.endpoints.get("ep_" + key); })) {
            delete_endpoint("ep_" + key);
        }
    }
    void compact()
    {
        ASSERT_TRUE(
            write([number = head().number](store::Transaction& tx) { return tx.revisions.compact(number); }));
    }
    void step()
    {
        switch (random() % 16) {
            case 0:
                return compact();
            case 1:
                return delete_random_endpoint();
            case 2:
            case 3:
            case 4:
                return retire_random_certificate();
            case 5:
            case 6:
            case 7:
            case 8:
                return put_random_certificate();
            default:
                return put_random_endpoint();
        }
    }

    std::mt19937 random{20'261'122};
    int made = 0;
};

TEST_F(RandomHistoryTest, AFollowerThatJoinsAnyTimeEndsLikeOneThatJoinsLast)
{
    put_group("default");
    std::vector<MapSink> followers(8);

    for (int i = 0; i < 160; ++i) {
        step();
        // The first ones join at once, the others one by one; each follows now and then, in pages of any
        // size.
        const auto joined = std::min<std::size_t>(followers.size(), 1 + static_cast<std::size_t>(i) / 15);
        catch_up(followers[random() % joined], edge_filter("default"), 1 + random() % 9);
    }

    MapSink fresh;
    catch_up(fresh, edge_filter("default"));
    EXPECT_GT(fresh.entries().size(), 5U);
    for (auto& follower : followers) {
        catch_up(follower, edge_filter("default"), 1 + random() % 9);
        EXPECT_EQ(follower.entries(), fresh.entries());
    }
}

}  // namespace
}  // namespace feed
