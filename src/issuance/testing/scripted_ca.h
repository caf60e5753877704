// ScriptedCa: order jobs on a real store, with a CA that does what a test writes down.
#pragma once

#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "fakes/fake_resolver.h"
#include "fakes/open_gates.h"
#include "fakes/sample_endpoint.h"
#include "issuance/enqueue.h"
#include "issuance/order_job.h"
#include "issuance/renewal_advice.h"
#include "responder/store_responder.h"
#include "support/certificates.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace test {

inline std::string ari_id_of(const std::string& chain_pem)
{
    return crypto::parse_chain(chain_pem).value().leaf.ari_id;
}

// What the CA does in a test. Orders are ready at once, as with authorizations that are still valid.
struct Script {
    std::optional<base::Error> refuse_account;
    std::optional<base::Error> refuse_order;
    std::function<base::Task<>()> before_download;
    std::function<base::Task<std::string>()> chain;
    int new_orders = 0;
    acme::Directory directory;
    acme::NewOrder wanted;                       // as it came last
    std::optional<base::Error> refuse_replaces;  // an order with `replaces`
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
            co_return base::fail(*script_.refuse_replaces);
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
        return run_queued();
    }

    // The order of a renewal of `certificate`, for which the CA has named a window around now.
    void queue_renewal(const model::Certificate& certificate)
    {
        script_.directory.renewal_info = "https://ca.test/renewal";
        acme::RenewalInfo info;
        info.start = clock_.now() - std::chrono::hours(1);
        info.end = clock_.now() + std::chrono::hours(1);
        info.retry_after = std::chrono::hours(6);
        write([&](store::Transaction& tx) -> base::Result<> {
            CHECKED(issuance::apply_answer(tx, ari_id_of(certificate.chain_pem), info, clock_.now()));
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
        auto claim = [](store::Transaction& tx) {
            return tx.orders.claim("node", std::chrono::seconds(60), 1);
        };
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
        made.source = model::CertificateSource::transitional;
        made.identifiers = {"shop.example.com", "www.example.com"};
        made.not_before = clock_.now() - std::chrono::hours(24);
        made.not_after = clock_.now() + std::chrono::hours(240);
        made.created_at = clock_.now() - std::chrono::hours(24);
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

}  // namespace test
