#include "issuance/order_job.h"

#include "base/random.h"
#include "crypto/digest.h"
#include "fakes/fake_resolver.h"
#include "fakes/open_gates.h"
#include "fakes/sample_endpoint.h"
#include "issuance/enqueue.h"
#include "issuance/renewal_advice.h"
#include "responder/store_responder.h"
#include "support/certificates.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using model::CertificateSource;
using model::CertificateState;
using model::OrderStatus;

// What the CA does in a test. Orders are ready at once, as with authorizations that are still valid.
struct Script {
    std::optional<base::Error> refuse_account;
    std::optional<base::Error> refuse_order;
    std::function<base::Task<>()> before_download;
    std::function<base::Task<std::string>()> chain;
    int new_orders = 0;
    acme::Directory directory;
    acme::NewOrder wanted;         // as it came last
    bool refuse_replaces = false;  // as a CA that has replaced it already
};

class ScriptedClient final : public acme::Client {
public:
    explicit ScriptedClient(Script& script) : script_(script) {}

    base::Task<acme::Directory> directory() override { co_return script_.directory; }
    base::Task<acme::Account> register_account(std::vector<std::string>,
                                               std::optional<acme::ExternalAccount>) override
    {
        if (script_.refuse_account) {
            co_return base::fail(*script_.refuse_account);
        }
        acme::Account account;
        account.url = "https://ca.test/account/1";
        co_return account;
    }
    base::Task<acme::Account> find_account() override { return register_account({}, std::nullopt); }
    base::Task<> deactivate_account() override { co_return base::Result<>(); }
    base::Task<> change_key(crypto::PrivateKey) override { co_return base::Result<>(); }
    void use_account(std::string) override {}
    base::Task<acme::OrderResource> new_order(acme::NewOrder wanted) override
    {
        ++script_.new_orders;
        script_.wanted = wanted;
        if (script_.refuse_replaces && !wanted.replaces.empty()) {
            co_return base::fail(
                base::Error(base::Errc::conflict, "already replaced").with_code("acme:alreadyReplaced"));
        }
        if (script_.refuse_order) {
            co_return base::fail(*script_.refuse_order);
        }
        co_return order("ready");
    }
    base::Task<acme::OrderResource> fetch_order(std::string) override { co_return order("ready"); }
    base::Task<acme::Authorization> fetch_authorization(std::string) override
    {
        co_return acme::Authorization();
    }
    base::Task<> deactivate_authorization(std::string) override { co_return base::Result<>(); }
    base::Task<acme::Challenge> answer_challenge(std::string) override { co_return acme::Challenge(); }
    base::Task<acme::OrderResource> finalize(std::string, base::Bytes) override { co_return order("valid"); }
    base::Task<acme::IssuedChain> download(std::string, std::string) override
    {
        if (script_.before_download) {
            CO_CHECKED(co_await script_.before_download());
        }
        acme::IssuedChain issued;
        CO_TRY(pem, co_await script_.chain());
        issued.pem = pem;
        co_return issued;
    }
    base::Task<> revoke(base::Bytes, int) override { co_return base::Result<>(); }
    base::Task<acme::RenewalInfo> renewal_info(std::string) override { co_return acme::RenewalInfo(); }
    base::Task<acme::OrderResource> wait_for_order(std::string, std::chrono::seconds) override
    {
        co_return order("ready");
    }
    const std::string& thumbprint() const override { return thumbprint_; }

private:
    static acme::OrderResource order(std::string status)
    {
        acme::OrderResource made;
        made.url = "https://ca.test/order/1";
        made.finalize = "https://ca.test/order/1/finalize";
        made.certificate = status == "valid" ? "https://ca.test/certificate/1" : "";
        made.status = std::move(status);
        return made;
    }

    Script& script_;
    const std::string thumbprint_ = "thumbprint";
};

class ScriptedCa : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        auto connect = [this](const std::string&, crypto::PrivateKey) -> std::unique_ptr<acme::Client> {
            return std::make_unique<ScriptedClient>(script_);
        };
        accounts_ = std::make_unique<issuance::Accounts>(*store_, clock_, sealer_, connect);
        responder_ =
            responder::make_responder(*store_, clock_, gates_, gates_, responder::ResponderOptions{});
        watch_ = std::make_unique<diagnosis::Watch>(loop_.get_executor(), *store_, resolver_, clock_, needs_,
                                                    diagnosis::WatchOptions{});
        issuance::JobOptions options;
        options.platform = test::sample_platform();
        context_.reset(new issuance::JobContext{*store_, clock_, sealer_, *accounts_, *responder_, *watch_,
                                                gates_, pool_, options});
        issuance::AccountSettings settings;
        settings.directory_url = "https://ca.test/directory";
        ASSERT_TRUE(test::run(loop_, accounts_->ensure_default(settings)));
        for (const auto* type : {"DnsRouting", "ChallengeDelegation", "CaaAllows"}) {
            model::Condition good;
            good.type = type;
            good.status = model::ConditionStatus::yes;
            good.observed_at = clock_.now();
            endpoint_.status.conditions.push_back(good);
        }
        write([this](store::Transaction& tx) { return tx.endpoints.insert(endpoint_); });
        script_.chain = [this] { return issue({"shop.example.com", "www.example.com"}, -1); };
    }

    template <class F>
    void write(F function)
    {
        auto done = test::run(loop_, store_->write(function));
        ASSERT_TRUE(done) << done.error().message();
    }
    template <class F>
    auto read(F function)
    {
        auto done = test::run(loop_, store_->read(function));
        EXPECT_TRUE(done) << (done ? "" : done.error().message());
        return std::move(*done);
    }

    // Queues an order for the endpoint and runs one job for it.
    model::Order run_order()
    {
        write([this](store::Transaction& tx) -> base::Result<> {
            TRY(order, issuance::enqueue_forced(tx, endpoint_, std::nullopt, clock_.now()));
            id_ = order.id;
            return {};
        });
        auto claim = [](store::Transaction& tx) { return tx.orders.claim("node", 60s, 1); };
        auto claimed = test::run(loop_, store_->write(claim));
        EXPECT_TRUE(claimed && claimed->size() == 1);
        issuance::OrderJob job(*context_, claimed->front());
        test::run(loop_, job.run());
        return read([this](store::Transaction& tx) { return tx.orders.get(id_); });
    }

    // The order of a renewal of `certificate`, for which the CA has named a window around now.
    void queue_renewal(const model::Certificate& certificate)
    {
        script_.directory.renewal_info = "https://ca.test/renewal";
        acme::RenewalInfo info;
        info.start = clock_.now() - 1h;
        info.end = clock_.now() + 1h;
        info.retry_after = 6h;
        write([&](store::Transaction& tx) -> base::Result<> {
            CHECKED(
                issuance::apply_answer(tx, issuance::ari_id_of(certificate.chain_pem), info, clock_.now()));
            TRY(order, issuance::enqueue_renewal(tx, certificate, clock_.now()));
            id_ = order->id;
            return {};
        });
    }
    // Runs one job for the order that is queued, whenever it is due.
    model::Order run_queued()
    {
        write([this](store::Transaction& tx) -> base::Result<> {
            TRY(order, tx.orders.get(id_));
            order.next_action_at = clock_.now();
            return tx.orders.save(order);
        });
        auto claim = [](store::Transaction& tx) { return tx.orders.claim("node", 60s, 1); };
        auto claimed = test::run(loop_, store_->write(claim));
        EXPECT_TRUE(claimed && claimed->size() == 1);
        issuance::OrderJob job(*context_, claimed->front());
        test::run(loop_, job.run());
        return read([this](store::Transaction& tx) { return tx.orders.get(id_); });
    }

    // A certificate for the key that the running order made.
    base::Task<std::string> issue(std::vector<std::string> names, int from_days)
    {
        auto find = [id = id_](store::Transaction& tx) { return tx.orders.get(id); };
        CO_TRY(order, co_await store_->read(find));
        CO_TRY(secret, sealer_.open(order.sealed_key, "order/" + order.id));
        CO_TRY(key, crypto::PrivateKey::from_pkcs8(secret));
        test::CertificateShape shape;
        shape.names = std::move(names);
        shape.from_days = from_days;
        shape.to_days = 90;
        co_return authority_.issue(key, shape);
    }

    model::Certificate transitional()
    {
        model::Certificate made;
        made.id = base::new_id("crt");
        made.tenant = "default";
        made.endpoint = endpoint_.id;
        made.source = CertificateSource::transitional;
        made.identifiers = {"shop.example.com", "www.example.com"};
        made.not_before = clock_.now() - 24h;
        made.not_after = clock_.now() + 240h;
        made.created_at = clock_.now() - 24h;
        write([made](store::Transaction& tx) { return tx.certificates.insert(made); });
        return made;
    }
    std::vector<model::Certificate> live()
    {
        return read([this](store::Transaction& tx) { return tx.certificates.of_endpoint(endpoint_.id); });
    }

    test::TempDir dir_;
    asio::io_context loop_{1};
    asio::thread_pool pool_{1};
    base::SystemClock clock_;
    crypto::Sealer sealer_{std::array<std::uint8_t, 32>{1, 2, 3}};
    test::Authority authority_ = test::Authority::root("Scripted CA");
    Script script_;
    test::OpenGates gates_;
    test::FakeResolver resolver_;
    issuance::Needs needs_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<issuance::Accounts> accounts_;
    std::unique_ptr<responder::Responder> responder_;
    std::unique_ptr<diagnosis::Watch> watch_;
    std::unique_ptr<issuance::JobContext> context_;
    model::Endpoint endpoint_ = test::sample_endpoint({"shop.example.com", "www.example.com"});
    std::string id_;
};

TEST_F(ScriptedCa, AnOrderEndsWithACertificateThatReplacesTheTransitionalOne)
{
    transitional();

    const auto order = run_order();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    const auto certificates = live();
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_EQ(certificates[0].source, CertificateSource::managed);
}

TEST_F(ScriptedCa, AnEdgeThatIsBehindIsNamedAndHoldsNothingBack)
{
    gates_.edges_behind = base::Error(base::Errc::timeout, "edge-2 has not got it yet");

    const auto order = run_order();

    EXPECT_EQ(order.status, OrderStatus::deployed);
    EXPECT_EQ(order.problem.code, "deploy_partial");
    EXPECT_EQ(order.problem.actor, model::Actor::none);
    EXPECT_NE(order.problem.message.find("edge-2"), std::string::npos) << order.problem.message;
}

// Of edges and of proxies: a name without a certificate of its own is served it everywhere.
TEST_F(ScriptedCa, ThePlatformsCertificateIsGivenToEveryGroup)
{
    script_.chain = [this] { return issue({"edge.example.net", "*.edge.example.net"}, -1); };
    write([this](store::Transaction& tx) -> base::Result<> {
        for (const auto* name : {"default", "web"}) {
            model::EdgeGroup group;
            group.name = name;
            group.proxies = group.name == "web";
            CHECKED(tx.groups.put(group));
        }
        TRY(order, issuance::enqueue_platform(tx, test::sample_platform(), clock_.now()));
        id_ = order->id;
        return {};
    });

    const auto order = run_queued();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    for (const auto* name : {"default", "web"}) {
        const auto group = read([name](store::Transaction& tx) { return tx.groups.get(name); });
        EXPECT_EQ(group.default_certificate, order.certificate) << name;
    }
}

TEST_F(ScriptedCa, ARenewalSaysWhatItReplaces)
{
    run_order();
    const auto first = live().at(0);
    queue_renewal(first);

    const auto order = run_queued();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    EXPECT_FALSE(script_.wanted.replaces.empty());
    EXPECT_EQ(script_.wanted.replaces, issuance::ari_id_of(first.chain_pem));
    EXPECT_EQ(live().size(), 1U);
    EXPECT_FALSE(read([&](store::Transaction& tx) { return tx.advice.of_certificate(first.id); }));
}

TEST_F(ScriptedCa, ARefusedReplacementIsReservedAndOrderedWithoutIt)
{
    run_order();
    queue_renewal(live().at(0));
    script_.refuse_replaces = true;

    const auto refused = run_queued();
    EXPECT_EQ(refused.status, OrderStatus::queued);
    EXPECT_EQ(refused.attempt, 0);
    EXPECT_TRUE(refused.problem.none());
    const auto order = run_queued();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    EXPECT_TRUE(script_.wanted.replaces.empty());
    EXPECT_EQ(script_.new_orders, 3);
}

TEST_F(ScriptedCa, ALimitWithoutATimeIsWaitedForOnTheLadder)
{
    script_.refuse_order =
        base::Error(base::Errc::rate_limited, "too many requests").with_code("acme:rateLimited");

    const auto order = run_order();

    EXPECT_EQ(order.problem.code, "ca_rate_limited");
    EXPECT_GT(order.next_action_at, clock_.now() + 30s);
    EXPECT_EQ(order.attempt, 1);
}

TEST_F(ScriptedCa, ALimitWithATimeIsWaitedForUntilThenAndCountsAsNoFailure)
{
    script_.refuse_order = base::Error(base::Errc::rate_limited, "too many requests")
                               .with_code("acme:rateLimited")
                               .with_retry_after(20s);

    const auto order = run_order();

    EXPECT_EQ(order.problem.code, "ca_rate_limited");
    EXPECT_GT(order.next_action_at, clock_.now() + 10s);
    EXPECT_LT(order.next_action_at, clock_.now() + 30s);
    EXPECT_EQ(order.attempt, 0);
}

TEST_F(ScriptedCa, APauseWaitsForAPerson)
{
    script_.refuse_order =
        base::Error(base::Errc::rate_limited, "Visit https://ca.test/unpause?jwt=x").with_code("acme:paused");

    const auto order = run_order();

    EXPECT_EQ(order.problem.code, "ca_paused");
    EXPECT_GT(order.next_action_at, clock_.now() + std::chrono::days(365));
}

TEST_F(ScriptedCa, NothingIsInstalledForAnEndpointThatWasRemovedMeanwhile)
{
    script_.before_download = [this]() -> base::Task<> {
        auto remove = [this](store::Transaction& tx) -> base::Result<> {
            TRY(endpoint, tx.endpoints.get(endpoint_.id));
            endpoint.status.state = model::EndpointState::deleting;
            return tx.endpoints.update(endpoint);
        };
        co_return co_await store_->write(remove);
    };

    const auto order = run_order();

    EXPECT_EQ(order.status, OrderStatus::failed);
    EXPECT_EQ(order.problem.code, "superseded");
    EXPECT_TRUE(order.reservation.empty());
    EXPECT_TRUE(live().empty());
}

TEST_F(ScriptedCa, ACertificateWithoutOneOfTheNamesIsNotInstalled)
{
    const auto kept = transitional();
    script_.chain = [this] { return issue({"shop.example.com"}, -1); };

    const auto order = run_order();

    EXPECT_EQ(order.problem.code, "ca_refused");
    const auto certificates = live();
    ASSERT_EQ(certificates.size(), 1U);
    EXPECT_EQ(certificates[0].id, kept.id);
}

TEST_F(ScriptedCa, ACertificateThatIsNotValidYetByOurClockReplacesNone)
{
    const auto kept = transitional();
    script_.chain = [this] { return issue({"shop.example.com", "www.example.com"}, 1); };

    run_order();

    const auto certificates = live();
    ASSERT_EQ(certificates.size(), 2U);
    EXPECT_EQ(certificates[1].id, kept.id);
}

TEST_F(ScriptedCa, AnAccountThatTheCaRefusesDoesNotBecomeTheDefault)
{
    script_.refuse_account = base::Error(base::Errc::unauthorized, "unknown key id");
    issuance::AccountSettings settings;
    settings.directory_url = "https://other.test/directory";
    const auto before = read([](store::Transaction& tx) { return tx.accounts.default_account(); });

    EXPECT_FALSE(test::run(loop_, accounts_->add("other", settings, true)));

    EXPECT_EQ(read([](store::Transaction& tx) { return tx.accounts.default_account(); }).id, before.id);
    script_.refuse_account.reset();
    const auto again = test::run(loop_, accounts_->add("other", settings, true));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->account_url, "https://ca.test/account/1");
    EXPECT_TRUE(again->is_default);
    EXPECT_EQ(read([](store::Transaction& tx) { return tx.accounts.list(); }).size(), 2U);
}

}  // namespace
