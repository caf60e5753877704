#include "feed/http_source.h"

#include "base/task_group.h"
#include "feed/server/handlers.h"
#include "feed/server/testing/feed_fixture.h"
#include "http/server.h"
#include "net/listener.h"

#include <gmock/gmock.h>

namespace feed {
namespace {

base::Task<model::Token> authorise(std::string secret)
{
    model::Token token;
    if (secret == "edge secret") {
        token.scopes = {"read", "edge:east"};
    } else if (secret == "reader secret") {
        token.scopes = {"read"};
    } else {
        co_return base::fail(
            base::Error(base::Errc::unauthorized, "unknown token").with_code("unauthorized"));
    }
    co_return token;
}

base::Task<model::WishAnswer> grant(std::string group, model::Wish wish)
{
    model::WishAnswer answer;
    answer.granted = group == "east" && wish.name == "granted.test" && wish.client == "2001:db8::7";
    answer.code = answer.granted ? "" : "dns_wrong_target";
    answer.keep = std::chrono::seconds(60);
    if (wish.name == "away.test") {
        co_return base::fail(base::Errc::unavailable, "no database");
    }
    co_return answer;
}

boost::asio::awaitable<void> serve_all(net::Listener& listener, http::Handler& handler,
                                       base::TaskGroup& group)
{
    static const http::ServerLimits limits;
    while (true) {
        auto socket = co_await listener.accept();
        if (!socket) {
            co_return;
        }
        group.spawn("connection", http::serve_http1(net::make_stream(std::move(*socket)), handler, limits));
    }
}

boost::asio::awaitable<void> unavailable(http::Exchange& exchange, int& asked)
{
    ++asked;
    const auto sent = co_await http::send_text(exchange, 503, "text/plain", "not now");
    EXPECT_TRUE(sent);
}

// A port on which nothing listens any more.
std::uint16_t closed_port()
{
    boost::asio::io_context other;
    auto once =
        net::Listener::open(other.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    return once.where().port();
}

// The real handlers on a real server, asked by the real client.
class HttpSourceTest : public FeedTest {
protected:
    HttpSourceTest()
        : handlers(world(), authorise, pool, grant),
          listener(net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false)
                       .value()),
          client(http::make_client(loop.get_executor(), {})),
          group(loop.get_executor())
    {
        handlers.add_to(router);
        group.spawn("accept", serve_all(listener, router, group));
    }
    ~HttpSourceTest() override
    {
        listener.close();
        test::run(loop, group.stop());
    }

    HttpSource source(const std::string& secret)
    {
        return {*client,
                {"http://" + net::to_string(listener.where()) + "/"},
                secret,
                {"edge_1", "first edge", "0.1"}};
    }

    boost::asio::thread_pool pool{1};
    http::Router router;
    FeedHandlers handlers;
    net::Listener listener;
    std::unique_ptr<http::Client> client;
    base::TaskGroup group;
};

TEST_F(HttpSourceTest, BringsWishesToControl)
{
    auto edge = source("edge secret");

    EXPECT_TRUE(test::run(loop, edge.wish({"granted.test", "2001:db8::7"}))->granted);
    const auto refused = test::run(loop, edge.wish({"other.test", "2001:db8::7"}));
    EXPECT_FALSE(refused->granted);
    EXPECT_EQ(refused->code, "dns_wrong_target");
    EXPECT_EQ(refused->keep, std::chrono::seconds(60));
    EXPECT_FALSE(test::run(loop, edge.wish({"away.test", ""})));
    EXPECT_FALSE(test::run(loop, edge.wish({std::string(300, 'a'), ""}))) << "nobody sends such a name on";
    auto reader = source("reader secret");
    EXPECT_EQ(test::run(loop, reader.wish({"granted.test", ""})).error().kind(), base::Errc::unauthorized);
}

TEST_F(HttpSourceTest, BringsASnapshotInPagesAndThenChanges)
{
    put_group("east");
    for (int i = 0; i < 700; ++i) {
        put_endpoint(fmt::format("ep_{}", i), {fmt::format("n{}.test", i)}, i % 2 == 0 ? "east" : "west");
    }
    put_certificate("crt_0", "ep_0", "east");
    auto remote = source("edge secret");
    MapSink sink;
    auto position = sink.position();
    int batches = 0;
    while (sink.snapshots() == 0) {
        auto batch = test::run(loop, remote.next(position));
        ASSERT_TRUE(batch) << batch.error().message();
        position = batch->position;
        ASSERT_TRUE(test::run(loop, sink.apply(std::make_shared<const Batch>(std::move(*batch)))));
        ++batches;
    }
    EXPECT_GE(batches, 2);

    put_certificate("crt_2", "ep_2", "east");
    auto batch = test::run(loop, remote.next(position)).value();
    EXPECT_FALSE(batch.snapshot);
    ASSERT_TRUE(test::run(loop, sink.apply(std::make_shared<const Batch>(std::move(batch)))));

    MapSink local;
    catch_up(local, edge_filter("east"));
    EXPECT_EQ(sink.entries(), local.entries());
    EXPECT_EQ(local.entries().size(), 350U + 2U + 1U);
}

TEST_F(HttpSourceTest, AcknowledgementsNameTheEdgeAndItsGroup)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    auto remote = source("edge secret");

    ASSERT_TRUE(test::run(loop, remote.acknowledge(head())));

    EXPECT_EQ(acknowledgements->progress(edge_class("east"), head()).reached, 1U);
    const auto followers = acknowledgements->followers();
    ASSERT_EQ(followers.size(), 1U);
    EXPECT_EQ(followers[0].follower.name, "first edge");
    EXPECT_EQ(followers[0].follower.version, "0.1");
}

TEST_F(HttpSourceTest, RefusesOtherTokensWithTheFix)
{
    for (const auto* secret : {"wrong", "reader secret", ""}) {
        auto remote = source(secret);
        const auto refused = test::run(loop, remote.next({}));
        ASSERT_FALSE(refused) << secret;
        EXPECT_EQ(refused.error().kind(), base::Errc::unauthorized);
        EXPECT_FALSE(refused.error().fix().empty());
        EXPECT_FALSE(test::run(loop, remote.acknowledge({"e", 1})));
    }
}

TEST_F(HttpSourceTest, ATokenSpeaksForNoEdgeThatHasACertificateNorForThisNode)
{
    const auto refusal = [this](std::string id) {
        HttpSource remote(*client, {"http://" + net::to_string(listener.where()) + "/"}, "edge secret",
                          {std::move(id), "first edge", "0.1"});
        const auto noted = test::run(loop, remote.acknowledge(head()));
        return noted ? std::string() : noted.error().code();
    };
    model::EdgeNode member;
    member.id = "edge_m";
    member.group = "east";
    ASSERT_TRUE(write([member](store::Transaction& tx) { return tx.edges.put(member); }));
    const auto until = clock.now() + std::chrono::hours(1);
    ASSERT_TRUE(write([until](store::Transaction& tx) { return tx.edges.set_certificate("edge_m", until); }));

    EXPECT_EQ(refusal("edge_m"), "certificate_needed");
    EXPECT_EQ(refusal(std::string(local_follower)), "certificate_needed");
    EXPECT_EQ(refusal("edge_1"), "");
}

TEST_F(HttpSourceTest, WaitsForTheNextChange)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    auto remote = source("edge secret");
    const auto from = head();
    std::optional<base::Result<Batch>> received;
    boost::asio::co_spawn(loop, remote.next(from), [&](const std::exception_ptr&, base::Result<Batch> batch) {
        received.emplace(std::move(batch));
    });
    test::run(loop, base::sleep_for(std::chrono::milliseconds(100)));
    ASSERT_FALSE(received);

    put_endpoint("ep_b", {"b.test"}, "east");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!received && std::chrono::steady_clock::now() < limit) {
        loop.restart();
        loop.run_one_for(std::chrono::milliseconds(20));
    }

    ASSERT_TRUE(received);
    EXPECT_EQ((*received)->changes.size(), 1U);
}

TEST_F(HttpSourceTest, AsksTheNextControlNodeAtOnceAndStaysWithIt)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    int asked = 0;
    http::Router broken;
    broken.add("GET", "/feed/v1/changes", [&asked](http::Exchange& exchange, const http::RouteMatch&) {
        return unavailable(exchange, asked);
    });
    auto second =
        net::Listener::open(loop.get_executor(), net::parse_endpoint("127.0.0.1:0").value(), false).value();
    group.spawn("second", serve_all(second, broken, group));
    const auto closed = closed_port();
    HttpSource remote(
        *client,
        {"http://127.0.0.1:" + std::to_string(closed), "http://" + net::to_string(second.where()),
         "http://" + net::to_string(listener.where())},
        "edge secret", {"edge_1", "first edge", "0.1"});

    for (int i = 0; i < 3; ++i) {
        const auto batch = test::run(loop, remote.next({}));
        ASSERT_TRUE(batch) << batch.error().message();
        EXPECT_EQ(batch->changes.size(), 1U);
    }
    EXPECT_EQ(asked, 1);

    second.close();
    listener.close();
    test::run(loop, group.stop());
    EXPECT_FALSE(test::run(loop, remote.next({})));
}

// libcurl tries every address that a name has.
TEST_F(HttpSourceTest, FindsControlBehindTheSecondAddressOfItsName)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    HttpSource remote(*client, {"http://localhost:" + std::to_string(listener.where().port())}, "edge secret",
                      {"edge_1", "first edge", "0.1"});

    EXPECT_TRUE(test::run(loop, remote.next({})));
}

TEST_F(HttpSourceTest, ARemovedEdgeIsRefusedWithTheFix)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    auto remote = source("edge secret");
    ASSERT_TRUE(test::run(loop, remote.acknowledge(head())));
    ASSERT_TRUE(write([at = clock.now()](store::Transaction& tx) { return tx.edges.remove("edge_1", at); }));

    const auto refused = test::run(loop, remote.next({}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "edge_removed");
    EXPECT_FALSE(refused.error().fix().empty());
    EXPECT_FALSE(test::run(loop, remote.acknowledge(head())));
}

// The same answer, with and without compression, as certificates of one CA have it.
TEST_F(HttpSourceTest, CompressesWhatIsLarge)
{
    put_endpoint("ep_a", {"a.test"}, "east");
    for (int i = 0; i < 100; ++i) {
        put_certificate(fmt::format("crt_{}", i), "ep_a", "east");
    }
    http::ClientRequest get("GET",
                            "http://" + net::to_string(listener.where()) + "/feed/v1/changes?epoch=&after=0");
    get.headers.add("Authorization", "Bearer edge secret");
    const auto plain = test::run(loop, client->send(get)).value();
    EXPECT_FALSE(plain.headers.contains("Content-Encoding"));

    get.compressed = true;
    const auto compressed = test::run(loop, client->send(get)).value();

    EXPECT_EQ(compressed.headers.find("Content-Encoding").value_or(""), "gzip");
    EXPECT_EQ(compressed.body, plain.body);
    get.compressed = false;
    get.headers.add("Accept-Encoding", "gzip");
    EXPECT_LT(test::run(loop, client->send(get)).value().body.size(), plain.body.size() / 5);
}

TEST_F(HttpSourceTest, SaysUnavailableWhenControlIsAway)
{
    auto remote = source("edge secret");
    listener.close();

    const auto answer = test::run(loop, remote.next({}));

    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind(), base::Errc::unavailable);
}

}  // namespace
}  // namespace feed
