// Orders from queue to certificate against the real Pebble: proofs it really checks, renewals, failures.
#include "crypto/certificate.h"
#include "feed/server/store_source.h"
#include "http01_server.h"
#include "issuance_engine.h"
#include "nameserver/server.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using model::CertificateSource;
using model::CertificateState;
using model::EndpointState;
using model::OrderStatus;
using namespace std::chrono_literals;

test::PebbleOptions trusting()
{
    test::PebbleOptions options;
    options.always_valid = true;
    options.nonce_reject = 50;
    return options;
}

class OrderJob : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
    }
    void start(const test::PebbleOptions& options)
    {
        pebble_ = std::make_unique<test::Pebble>(options);
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, *pebble_);
    }
    bool until_active(const model::Endpoint& endpoint)
    {
        return engine_->run_until(
            [id = endpoint.id](store::Transaction& tx) { return test::is_active(tx, id); });
    }
    std::vector<model::Certificate> live(const std::string& endpoint)
    {
        return engine_->read(
            [endpoint](store::Transaction& tx) { return tx.certificates.of_endpoint(endpoint); });
    }
    std::vector<model::Order> orders(const std::string& endpoint)
    {
        return engine_->read(
            [endpoint](store::Transaction& tx) { return tx.orders.of_endpoint(endpoint, 20); });
    }
    std::vector<std::string> events(const std::string& subject)
    {
        std::vector<std::string> types;
        for (const auto& each : engine_->read(
                 [subject](store::Transaction& tx) { return tx.events.of_subject(subject, 100); })) {
            types.push_back(each.type);
        }
        return types;
    }
    static bool has(const std::vector<std::string>& types, std::string_view type)
    {
        return std::ranges::find(types, type) != types.end();
    }
    void make_due(const std::string& certificate)
    {
        auto work = [certificate, now = clock_.now()](store::Transaction& tx) -> base::Result<> {
            TRY(row, tx.certificates.get(certificate));
            row.renew_at = now;
            return tx.certificates.update(row);
        };
        engine_->write(work);
    }
    void plan()
    {
        issuance::PlannerOptions options;
        options.platform = engine_->platform();
        issuance::Planner planner(*store_, clock_, options, [] {});
        const auto planned = test::run(engine_->loop(), planner.plan());
        ASSERT_TRUE(planned) << planned.error().message();
    }

    test::TempDir dir_;
    base::SystemClock clock_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::Pebble> pebble_;
    std::unique_ptr<test::IssuanceEngine> engine_;
};

TEST_F(OrderJob, GetsACertificateAsSoonAsDnsIsRight)
{
    start(trusting());
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    engine_->add(endpoint);
    EXPECT_FALSE(engine_->run_until(
        [](store::Transaction& tx) { return test::is_active(tx, "ep_shop.example.com"); }, 1s));

    engine_->make_records(endpoint);

    ASSERT_TRUE(until_active(endpoint));
    const auto certificates = live(endpoint.id);
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_EQ(certificates[0].identifiers, std::vector<std::string>{"shop.example.com"});
    EXPECT_GT(certificates[0].renew_at, certificates[0].not_before);
    const auto key =
        engine_->sealer().open(certificates[0].sealed_key, model::certificate_context(certificates[0]));
    ASSERT_TRUE(key);
    EXPECT_EQ(crypto::PrivateKey::from_pkcs8(*key)->public_der(),
              crypto::parse_chain(certificates[0].chain_pem)->leaf.public_der);
    const auto seen = events(endpoint.id);
    for (const auto* type : {"endpoint.dns_ok", "endpoint.verified", "certificate.issued",
                             "certificate.deployed", "endpoint.active"}) {
        EXPECT_TRUE(has(seen, type)) << type;
    }
    EXPECT_EQ(orders(endpoint.id).at(0).challenge, model::ChallengeType::http_01);
}

TEST_F(OrderJob, RenewsWhatIsDueAndSupersedesTheOldOne)
{
    start(trusting());
    const auto endpoint = test::sample_endpoint({"shop.example.com", "*.shop.example.com"});
    engine_->add(endpoint);
    engine_->make_records(endpoint);
    ASSERT_TRUE(until_active(endpoint));
    const auto old = live(endpoint.id).at(0);
    make_due(old.id);

    plan();
    plan();
    ASSERT_TRUE(until_active(endpoint));

    const auto now = live(endpoint.id);
    ASSERT_EQ(now.size(), 1U);
    EXPECT_NE(now[0].id, old.id);
    const auto replaced =
        engine_->read([id = old.id](store::Transaction& tx) { return tx.certificates.get(id); });
    EXPECT_EQ(replaced.state, CertificateState::superseded);
    EXPECT_EQ(replaced.replaced_by, now[0].id);
    EXPECT_FALSE(replaced.renew_at);
    const auto all = orders(endpoint.id);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].replaces, old.id);
    EXPECT_TRUE(has(events(endpoint.id), "certificate.renewed"));
}

// The leaf alone; its signature does not matter here.
std::string with_another_serial(const std::string& chain_pem)
{
    // Behind the headers of Certificate, TBSCertificate, version and serialNumber (RFC 5280 4.1).
    constexpr std::size_t serial_at = 15;
    auto leaf = crypto::parse_chain(chain_pem).value().der.at(0);
    leaf.at(serial_at + 1) ^= 0xFF;
    return crypto::to_pem({leaf});
}

// Pebble answers 500 to a newOrder that replaces what it does not know.
TEST_F(OrderJob, RenewsWhatTheCaDoesNotFindAnyMore)
{
    start(trusting());
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    engine_->add(endpoint);
    engine_->make_records(endpoint);
    ASSERT_TRUE(until_active(endpoint));
    const auto old = live(endpoint.id).at(0);
    auto forget = [id = old.id,
                   pem = with_another_serial(old.chain_pem)](store::Transaction& tx) -> base::Result<> {
        TRY(row, tx.certificates.get(id));
        row.chain_pem = pem;
        return tx.certificates.update(row);
    };
    engine_->write(forget);
    make_due(old.id);

    plan();
    ASSERT_TRUE(until_active(endpoint));

    const auto now = live(endpoint.id);
    ASSERT_EQ(now.size(), 1U);
    EXPECT_NE(now[0].id, old.id);
    EXPECT_TRUE(has(events(endpoint.id), "certificate.renewal.failed")) << "it might have been an outage";
    EXPECT_TRUE(has(events(endpoint.id), "certificate.renewed"));
}

TEST_F(OrderJob, ReplacesATransitionalCertificate)
{
    start(trusting());
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    engine_->add(endpoint);
    model::Certificate transitional;
    transitional.id = "crt_old";
    transitional.tenant = "default";
    transitional.endpoint = endpoint.id;
    transitional.source = CertificateSource::transitional;
    transitional.identifiers = {"shop.example.com"};
    transitional.not_before = clock_.now() - std::chrono::days(80);
    transitional.not_after = clock_.now() + std::chrono::days(10);
    engine_->write([transitional](store::Transaction& tx) -> base::Result<> {
        return tx.certificates.insert(transitional);
    });
    engine_->make_records(endpoint);

    ASSERT_TRUE(until_active(endpoint));

    const auto certificates = live(endpoint.id);
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_EQ(certificates[0].source, CertificateSource::managed);
}

TEST_F(OrderJob, GetsBothKeyTypesOneAfterTheOther)
{
    start(trusting());
    auto endpoint = test::sample_endpoint({"shop.example.com"});
    endpoint.key_types = {model::KeyType::ecdsa_p256, model::KeyType::rsa_2048};
    engine_->add(endpoint);
    engine_->make_records(endpoint);

    ASSERT_TRUE(until_active(endpoint));

    EXPECT_EQ(live(endpoint.id).size(), 2U);
}

TEST_F(OrderJob, SaysWhatTheCaFoundAndTriesTheOtherChallenge)
{
    test::PebbleOptions options;
    options.http_port = test::free_port();
    options.dns_server = "127.0.0.1:" + std::to_string(test::free_port());
    start(options);
    const auto endpoint = test::sample_endpoint({"shop.example.com"});
    engine_->add(endpoint);
    engine_->make_records(endpoint);

    const auto failed_twice = [](store::Transaction& tx) -> base::Result<bool> {
        TRY(order, tx.orders.unfinished_of("ep_shop.example.com"));
        return order && order->attempt >= 2;
    };
    ASSERT_TRUE(engine_->run_until(failed_twice));

    const auto order = orders(endpoint.id).at(0);
    EXPECT_EQ(order.status, OrderStatus::queued);
    EXPECT_EQ(order.challenge, model::ChallengeType::dns_01);
    EXPECT_FALSE(order.problem.none());
    EXPECT_TRUE(order.order_url.empty());
    EXPECT_TRUE(has(events(endpoint.id), "certificate.validation.failed"));
    EXPECT_EQ(engine_->read([](store::Transaction& tx) { return tx.challenges.count(); }), 0);
    const auto stored =
        engine_->read([](store::Transaction& tx) { return tx.endpoints.get("ep_shop.example.com"); });
    EXPECT_FALSE(stored.status.reason.none());
    EXPECT_TRUE(stored.status.next_attempt_at);
}

TEST_F(OrderJob, LeavesANameThatTheCaRefusesToTheOperator)
{
    auto options = trusting();
    options.blocked = {"blocked.example"};
    start(options);
    const auto endpoint = test::sample_endpoint({"shop.blocked.example"});
    engine_->add(endpoint);
    engine_->make_records(endpoint);

    const auto refused = [](store::Transaction& tx) -> base::Result<bool> {
        TRY(found, tx.endpoints.get("ep_shop.blocked.example"));
        return found.status.state == EndpointState::action_required;
    };
    ASSERT_TRUE(engine_->run_until(refused));

    const auto order = orders(endpoint.id).at(0);
    EXPECT_EQ(order.problem.code, "ca_rejected_identifier");
    EXPECT_EQ(order.problem.actor, model::Actor::platform);
}

TEST_F(OrderJob, EndsWithItsEndpoint)
{
    test::PebbleOptions options;
    options.http_port = test::free_port();
    start(options);
    auto endpoint = test::sample_endpoint({"shop.example.com"});
    engine_->add(endpoint);
    engine_->make_records(endpoint);
    const auto failed_once = [](store::Transaction& tx) -> base::Result<bool> {
        TRY(order, tx.orders.unfinished_of("ep_shop.example.com"));
        return order && order->attempt >= 1;
    };
    ASSERT_TRUE(engine_->run_until(failed_once));
    engine_->write([](store::Transaction& tx) -> base::Result<> {
        TRY(found, tx.endpoints.get("ep_shop.example.com"));
        found.status.state = EndpointState::deleting;
        found.next_check_at.reset();
        return tx.endpoints.update(found);
    });

    const auto over = [](store::Transaction& tx) -> base::Result<bool> {
        TRY(order, tx.orders.unfinished_of("ep_shop.example.com"));
        return !order;
    };
    ASSERT_TRUE(engine_->run_until(over));

    EXPECT_EQ(orders(endpoint.id).at(0).status, OrderStatus::failed);
    EXPECT_EQ(orders(endpoint.id).at(0).problem.code, "superseded");
}

// Pebble looks for itself: at our name server over DNS, and at a server that answers tokens by the thumbprint
// alone.
class ProvedOrder : public OrderJob, public responder::RevisionGate {
protected:
    void SetUp() override
    {
        OrderJob::SetUp();
        nameserver::Options serving;
        serving.listen = {{asio::ip::address_v4::loopback(), 0}};
        serving.threads = 1;
        serving.rate_limit.per_second = 0;
        auto started = nameserver::Server::start(serving, clock_);
        ASSERT_TRUE(started) << started.error().message();
        name_server_ = std::move(*started);
        store_->on_revision([this](std::int64_t head) { signal_.notify(head); });
        test::PebbleOptions options;
        options.http_port = web_.port();
        options.dns_server = "127.0.0.1:" + std::to_string(name_server_->where()[0].port());
        pebble_ = std::make_unique<test::Pebble>(options);
        platform_.domain = *model::DomainName::parse("platform.test");
        platform_.challenge_zone = *model::DomainName::parse("acme.platform.test");
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, *pebble_, this, platform_);
        acknowledgements_ =
            std::make_unique<feed::Acknowledgements>(engine_->loop().get_executor(), *store_, clock_);
        engine_->write([](store::Transaction& tx) -> base::Result<> {
            CHECKED(test::prepare_store(tx));
            model::Zone zone;
            zone.apex = "platform.test";
            zone.name_servers.push_back({"ns1.platform.test", {"127.0.0.1"}});
            zone.hostmaster = "hostmaster.platform.test";
            zone.group = "default";
            CHECKED(tx.groups.put_zone(zone));
            tx.revisions.append(model::RevisionKind::zone, zone.apex);
            tx.revisions.append(model::RevisionKind::group, "default");
            return {};
        });
        follow();
    }
    void TearDown() override
    {
        test::run(engine_->loop(), following_->stop());
        web_.stop();
    }

    base::Task<> wait_until(responder::Audience, model::Position position,
                            std::chrono::milliseconds limit) override
    {
        CO_CHECKED(
            co_await acknowledgements_->wait_until(std::move(position), feed::name_server_class, limit));
        co_return base::Result<>();
    }

    base::Task<> wait_for_edges(std::string, model::Position, std::chrono::milliseconds) override
    {
        co_return base::Result<>();  // There are none here.
    }

    void follow()
    {
        feed::Follower follower;
        follower.follower_class = feed::name_server_class;
        follower.id = "local";
        const feed::World world{*store_, engine_->sealer(), clock_, signal_, *acknowledgements_};
        source_ = std::make_unique<feed::StoreSource>(world, feed::name_server_filter(), follower);
        following_ = std::make_unique<base::TaskGroup>(engine_->loop().get_executor());
        following_->spawn("name server", feed::follow(*source_, name_server_->sink(), "name server"));
    }

    feed::RevisionSignal signal_;
    std::unique_ptr<nameserver::Server> name_server_;
    model::Platform platform_;
    test::Http01Server web_;
    std::unique_ptr<feed::Acknowledgements> acknowledgements_;
    std::unique_ptr<feed::StoreSource> source_;
    std::unique_ptr<base::TaskGroup> following_;
};

TEST_F(ProvedOrder, OfThePlatformByDns01)
{
    ASSERT_FALSE(engine_->run_until([](store::Transaction&) -> base::Result<bool> { return false; }, 1s));
    plan();

    const auto deployed = [](store::Transaction& tx) -> base::Result<bool> {
        TRY(group, tx.groups.get("default"));
        TRY(order, tx.orders.unfinished_of(""));
        return !group.default_certificate.empty() && !order;
    };
    ASSERT_TRUE(engine_->run_until(deployed));

    const auto certificates = live("");
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_EQ(certificates[0].source, CertificateSource::platform);
    EXPECT_EQ(certificates[0].identifiers.size(), 2U);
    EXPECT_EQ(engine_->read([](store::Transaction& tx) { return tx.challenges.count(); }), 0);
}

TEST_F(ProvedOrder, OfAnEndpointByHttp01AndTheThumbprintAlone)
{
    auto endpoint = test::sample_endpoint({"web.platform.test"}, model::EndpointKind::external, platform_);
    endpoint.label = "web";  // Its own alias is its address.
    endpoint.required_records = model::required_records(endpoint, platform_);
    engine_->add(endpoint);
    engine_->write([](store::Transaction& tx) -> base::Result<> {
        tx.revisions.append(model::RevisionKind::alias, "web.platform.test");
        return {};
    });
    engine_->make_records(endpoint);
    engine_->resolver.clear("_acme-challenge.web.platform.test");
    const auto issued = [this, id = endpoint.id](store::Transaction& tx) -> base::Result<bool> {
        if (auto account = tx.accounts.default_account()) {
            web_.set_thumbprint(account->thumbprint);
        }
        return test::is_active(tx, id);
    };

    ASSERT_TRUE(engine_->run_until(issued)) << orders(endpoint.id).at(0).problem.message;

    EXPECT_EQ(live(endpoint.id).size(), 1U);
    EXPECT_GT(web_.answered(), 0);
}

}  // namespace
