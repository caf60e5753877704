// TLS-ALPN-01 with the real Pebble, which finds port 80 closed: announced through the feed, answered by two
// edges that share one address.
#include "edge/edge.h"
#include "feed/server/store_source.h"
#include "issuance_engine.h"
#include "nameserver/server.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using model::ChallengeType;
using testing::Contains;
using testing::Not;
using namespace std::chrono_literals;

// An edge that is slow to apply what it hears.
class LaggingSink final : public feed::Sink {
public:
    explicit LaggingSink(feed::Sink& sink) : sink_(sink) {}

    base::Task<> apply(std::shared_ptr<const feed::Batch> batch) override
    {
        co_await base::sleep_for(lag);
        co_return co_await sink_.apply(std::move(batch));
    }
    model::Position position() const override { return sink_.position(); }

    std::chrono::milliseconds lag{0};

private:
    feed::Sink& sink_;
};

class OrderByAlpn : public testing::TestWithParam<std::string>, public responder::RevisionGate {
protected:
    static constexpr const char* name = "web.platform.test";

    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        store_->on_revision([this](std::int64_t head) { signal_.notify(head); });
        platform_.domain = *model::DomainName::parse("platform.test");
        platform_.challenge_zone = *model::DomainName::parse("acme.platform.test");
        start_name_server();
        start_edges();
        start_ca();
        write_platform();
        following_ = std::make_unique<base::TaskGroup>(engine_->loop().get_executor());
        follow(feed::name_server_filter(), feed::name_server_class, "ns", name_server_->sink());
        for (std::size_t i = 0; i < edges_.size(); ++i) {
            follow(feed::edge_filter("default"), feed::edge_class("default"), fmt::format("edge {}", i),
                   *sinks_.emplace_back(std::make_unique<LaggingSink>(edges_[i]->sink())));
        }
    }
    void TearDown() override
    {
        test::run(engine_->loop(), following_->stop());
        for (const auto& edge : edges_) {
            test::run(engine_->loop(), edge->stop());
        }
    }

    void start_name_server()
    {
        nameserver::Options serving;
        serving.listen = {{asio::ip::address_v4::loopback(), 0}};
        serving.threads = 1;
        serving.rate_limit.per_second = 0;
        auto started = nameserver::Server::start(serving, clock_);
        ASSERT_TRUE(started) << started.error().message();
        name_server_ = std::move(*started);
    }
    // The kernel spreads the connections of the CA over both.
    void start_edges()
    {
        for (int i = 0; i < 2; ++i) {
            edge::EdgeOptions options;
            options.folder = dir_.path() / fmt::format("edge{}", i);
            options.https = {{asio::ip::address_v4::loopback(), tls_port_},
                             {asio::ip::address_v6::loopback(), tls_port_}};
            options.threads = 1;
            auto started = edge::Edge::start(std::move(options), clock_);
            ASSERT_TRUE(started) << started.error().message();
            edges_.push_back(std::move(*started));
        }
    }
    void start_ca()
    {
        test::PebbleOptions options;
        options.version = GetParam();
        options.authz_reuse = 0;
        options.http_port = test::free_port();  // Nobody listens there.
        options.tls_port = tls_port_;
        options.dns_server = "127.0.0.1:" + std::to_string(name_server_->where()[0].port());
        pebble_ = std::make_unique<test::Pebble>(options);
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, *pebble_, this, platform_);
        acknowledgements_ =
            std::make_unique<feed::Acknowledgements>(engine_->loop().get_executor(), *store_, clock_);
    }
    // Pebble asks for AAAA first.
    void write_platform()
    {
        const bool ipv6 = GetParam() != "2.4";
        engine_->write([ipv6](store::Transaction& tx) -> base::Result<> {
            CHECKED(test::prepare_store(tx));
            TRY(group, tx.groups.get("default"));
            if (ipv6) {
                group.addresses.emplace_back("::1");
            }
            CHECKED(tx.groups.put(group));
            model::Zone zone;
            zone.apex = "platform.test";
            zone.name_servers.push_back({"ns1.platform.test", {"127.0.0.1"}});
            zone.hostmaster = "hostmaster.platform.test";
            CHECKED(tx.groups.put_zone(zone));
            tx.revisions.append(model::RevisionKind::zone, zone.apex);
            tx.revisions.append(model::RevisionKind::group, "default");
            return {};
        });
    }
    void follow(feed::Filter filter, std::string follower_class, std::string id, feed::Sink& sink)
    {
        feed::Follower follower;
        follower.follower_class = std::move(follower_class);
        follower.id = id;
        const feed::World world{*store_, engine_->sealer(), clock_, signal_, *acknowledgements_};
        sources_.push_back(
            std::make_unique<feed::StoreSource>(world, std::move(filter), std::move(follower)));
        following_->spawn(id, feed::follow(*sources_.back(), sink, id));
    }

    base::Task<> wait_until(responder::Audience, model::Position position,
                            std::chrono::milliseconds limit) override
    {
        CO_CHECKED(
            co_await acknowledgements_->wait_until(std::move(position), feed::name_server_class, limit));
        co_return base::Result<>();
    }
    base::Task<> wait_for_edges(std::string group, model::Position position,
                                std::chrono::milliseconds limit) override
    {
        const auto asked = std::chrono::steady_clock::now();
        auto edges = feed::edge_class(group);
        CO_CHECKED(co_await acknowledgements_->wait_until(std::move(position), std::move(edges), limit));
        waited_ = std::chrono::steady_clock::now() - asked;
        ready_when_told_ += edges_know() ? 1 : 0;
        ++told_;
        co_return base::Result<>();
    }
    bool edges_know()
    {
        return std::ranges::all_of(
            edges_, [](const auto& edge) { return edge->store().alpn_challenge(name).value().has_value(); });
    }

    // Reached over HTTPS only, from nowhere that its filter lets in.
    model::Endpoint add_endpoint()
    {
        auto endpoint = test::sample_endpoint({name}, model::EndpointKind::external, platform_);
        endpoint.label = "web";  // Its own alias is its address.
        endpoint.ip_filter = {"192.0.2.0/24", "2001:db8::/32"};
        endpoint.required_records = model::required_records(endpoint, platform_);
        engine_->add(endpoint);
        engine_->write([](store::Transaction& tx) -> base::Result<> {
            tx.revisions.append(model::RevisionKind::alias, name);
            return {};
        });
        engine_->make_records(endpoint);
        engine_->resolver.clear(std::string("_acme-challenge.") + name);
        return endpoint;
    }
    bool until_active(const std::string& endpoint)
    {
        return engine_->run_until(
            [endpoint](store::Transaction& tx) { return test::is_active(tx, endpoint); });
    }
    model::Order last_order(const std::string& endpoint)
    {
        return engine_
            ->read([endpoint](store::Transaction& tx) { return tx.orders.of_endpoint(endpoint, 20); })
            .at(0);
    }
    void renew(const std::string& endpoint)
    {
        engine_->write([endpoint, now = clock_.now()](store::Transaction& tx) -> base::Result<> {
            TRY(live, tx.certificates.of_endpoint(endpoint));
            live.at(0).renew_at = now;
            return tx.certificates.update(live.at(0));
        });
        issuance::PlannerOptions options;
        options.platform = platform_;
        issuance::Planner planner(*store_, clock_, options, [] {});
        const auto planned = test::run(engine_->loop(), planner.plan());
        ASSERT_TRUE(planned) << planned.error().message();
    }

    test::TempDir dir_;
    base::SystemClock clock_;
    const std::uint16_t tls_port_ = test::free_port();
    model::Platform platform_;
    feed::RevisionSignal signal_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<nameserver::Server> name_server_;
    std::vector<std::unique_ptr<edge::Edge>> edges_;
    std::unique_ptr<test::Pebble> pebble_;
    std::unique_ptr<test::IssuanceEngine> engine_;
    std::unique_ptr<feed::Acknowledgements> acknowledgements_;
    std::vector<std::unique_ptr<feed::StoreSource>> sources_;
    std::unique_ptr<base::TaskGroup> following_;
    int told_ = 0;
    int ready_when_told_ = 0;
    std::chrono::steady_clock::duration waited_{};
    std::vector<std::unique_ptr<LaggingSink>> sinks_;
};

TEST_P(OrderByAlpn, ProvesANameWhosePort80IsClosedAndRenewsItTheSameWay)
{
    const auto endpoint = add_endpoint();

    ASSERT_TRUE(until_active(endpoint.id)) << last_order(endpoint.id).problem.message;

    EXPECT_EQ(last_order(endpoint.id).challenge, ChallengeType::tls_alpn_01);
    EXPECT_EQ(told_, 1);
    EXPECT_EQ(ready_when_told_, told_) << "every edge knew the challenge before the CA was told";
    std::uint64_t answered = 0;
    for (const auto& edge : edges_) {
        answered += edge->counters().at(0)->challenges;
    }
    EXPECT_GE(answered, 3U) << "Pebble looks three times";
    EXPECT_EQ(engine_->read([](store::Transaction& tx) { return tx.challenges.count(); }), 0);
    EXPECT_FALSE(edges_know());

    renew(endpoint.id);
    ASSERT_TRUE(until_active(endpoint.id));
    EXPECT_EQ(last_order(endpoint.id).challenge, ChallengeType::tls_alpn_01);
    std::vector<std::string> events;
    for (const auto& each : engine_->read(
             [id = endpoint.id](store::Transaction& tx) { return tx.events.of_subject(id, 100); })) {
        events.push_back(each.type);
    }
    EXPECT_THAT(events, Contains("certificate.renewed"));
    EXPECT_THAT(events, Not(Contains("certificate.renewal.failed")));
}

// The CA may ask any edge of the group; those of other groups are none of its business.
TEST_P(OrderByAlpn, WaitsForTheEdgeThatLagsAndForNoneOfAnotherGroup)
{
    acknowledgements_->expect({feed::edge_class("west"), "edge_west", "never heard of again", "1"});
    sinks_.at(1)->lag = std::chrono::milliseconds(700);
    const auto endpoint = add_endpoint();

    ASSERT_TRUE(until_active(endpoint.id)) << last_order(endpoint.id).problem.message;

    EXPECT_EQ(told_, 1);
    EXPECT_EQ(ready_when_told_, 1) << "the one that lags knew the challenge before the CA was told";
    EXPECT_GE(waited_, std::chrono::milliseconds(300));
}

INSTANTIATE_TEST_SUITE_P(Pebble, OrderByAlpn, testing::Values("2.6", "2.4"),
                         [](const auto& version) { return version.param == "2.6" ? "V26" : "V24"; });

}  // namespace
