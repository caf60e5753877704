// A store with certificates to renew, a CA that advises, and a clock that the test moves.
#pragma once

#include "fakes/sample_endpoint.h"
#include "issuance/advice_poller.h"
#include "issuance/enqueue.h"
#include "issuance/planner.h"
#include "issuance/renewal_advice.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

// A CA of which only renewal information is asked. The account is registered.
class AdvisingCa final : public acme::Client {
public:
    using Answer = std::function<base::Result<acme::RenewalInfo>(const std::string& ari_id)>;
    explicit AdvisingCa(Answer& answer) : answer_(answer) {}

    base::Task<acme::RenewalInfo> renewal_info(std::string ari_id) override { co_return answer_(ari_id); }
    base::Task<acme::Account> register_account(std::vector<std::string>,
                                               std::optional<acme::ExternalAccount>) override
    {
        acme::Account account;
        account.url = "https://ca.test/account/1";
        co_return account;
    }
    base::Task<acme::Directory> directory() override { co_return acme::Directory(); }
    base::Task<acme::Account> find_account() override { co_return acme::Account(); }
    base::Task<> deactivate_account() override { co_return base::Result<>(); }
    base::Task<> change_key(crypto::PrivateKey) override { co_return base::Result<>(); }
    void use_account(std::string) override {}
    base::Task<acme::OrderResource> new_order(acme::NewOrder) override { co_return acme::OrderResource(); }
    base::Task<acme::OrderResource> fetch_order(std::string) override { co_return acme::OrderResource(); }
    base::Task<acme::Authorization> fetch_authorization(std::string) override
    {
        co_return acme::Authorization();
    }
    base::Task<> deactivate_authorization(std::string) override { co_return base::Result<>(); }
    base::Task<acme::Challenge> answer_challenge(std::string) override { co_return acme::Challenge(); }
    base::Task<acme::OrderResource> finalize(std::string, base::Bytes) override
    {
        co_return acme::OrderResource();
    }
    base::Task<acme::IssuedChain> download(std::string, std::string) override
    {
        co_return acme::IssuedChain();
    }
    base::Task<> revoke(base::Bytes, int) override { co_return base::Result<>(); }
    base::Task<acme::OrderResource> wait_for_order(std::string, std::chrono::seconds) override
    {
        co_return acme::OrderResource();
    }
    const std::string& thumbprint() const override { return thumbprint_; }

private:
    Answer& answer_;
    const std::string thumbprint_ = "thumbprint";
};

class Renewals : public ::testing::Test {
protected:
    static inline const base::Time start = base::from_millis(1'800'000'000'000);

    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        auto connect = [this](const std::string&, crypto::PrivateKey) -> std::unique_ptr<acme::Client> {
            return std::make_unique<AdvisingCa>(answer_);
        };
        accounts_ = std::make_unique<issuance::Accounts>(*store_, clock_, sealer_, connect);
        issuance::AccountSettings settings;
        settings.directory_url = "https://ca.test/directory";
        const auto account = test::run(loop_, accounts_->ensure_default(settings));
        ASSERT_TRUE(account);
        account_ = account->id;
        poller_ = std::make_unique<issuance::AdvicePoller>(loop_.get_executor(), *store_, clock_, *accounts_);
        issuance::PlannerOptions options;
        options.platform = test::sample_platform();
        planner_ = std::make_unique<issuance::Planner>(*store_, clock_, options, [] {});
        add("platform", 3650 * 24h, model::CertificateSource::platform);
        clock_.advance(1ms);
    }

    template <class F>
    auto write(F function)
    {
        auto done = test::run(loop_, store_->write(function));
        EXPECT_TRUE(done) << (done ? "" : done.error().message());
        if constexpr (!std::is_same_v<decltype(done), base::Result<>>) {
            return std::move(*done);
        }
    }

    // A certificate of `lifetime` from now on for the endpoint `key`, and its advice row.
    model::Certificate add(const std::string& key, milliseconds lifetime,
                           model::CertificateSource source = model::CertificateSource::managed)
    {
        model::Certificate made;
        made.id = "crt_" + key + "_" + std::to_string(++made_);
        made.tenant = "default";
        made.source = source;
        made.identifiers = {key + ".example.com"};
        if (source == model::CertificateSource::platform) {
            made.identifiers = {"edge.example.net", "*.edge.example.net"};
        } else {
            made.endpoint = "ep_" + key;
        }
        made.not_before = clock_.now();
        made.not_after = clock_.now() + lifetime;
        made.created_at = clock_.now();
        made.account = account_;
        made.renew_at = model::renewal_time(made.not_before, made.not_after);
        model::RenewalAdvice advice;
        advice.ari_id = "ari_" + made.id;
        advice.certificate = made.id;
        advice.account = account_;
        advice.next_poll_at = clock_.now();
        write([&](store::Transaction& tx) -> base::Result<> {
            CHECKED(tx.certificates.insert(made));
            return source == model::CertificateSource::platform ? base::Result<>() : tx.advice.put(advice);
        });
        return made;
    }
    static model::Endpoint endpoint_of(const std::string& key)
    {
        auto endpoint = test::sample_endpoint({key + ".example.com"});
        endpoint.id = "ep_" + key;
        endpoint.label = key;
        return endpoint;
    }
    void poll_all()
    {
        for (int i = 0; i < 100'000; ++i) {
            const auto asked = test::run(loop_, poller_->poll_one());
            ASSERT_TRUE(asked) << asked.error().message();
            if (!*asked) {
                return;
            }
        }
    }
    std::size_t plan()
    {
        const auto planned = test::run(loop_, planner_->plan());
        EXPECT_TRUE(planned) << planned.error().message();
        return planned.value_or(0);
    }
    model::Certificate stored(const std::string& id)
    {
        return write([&](store::Transaction& tx) { return tx.certificates.get(id); });
    }
    std::optional<model::RenewalAdvice> advice_of(const std::string& certificate)
    {
        return write([&](store::Transaction& tx) { return tx.advice.of_certificate(certificate); });
    }
    void apply(const std::string& certificate, base::Time from, base::Time to, std::string explanation = "")
    {
        acme::RenewalInfo info;
        info.start = from;
        info.end = to;
        info.explanation_url = std::move(explanation);
        info.retry_after = 6h;
        write([&](store::Transaction& tx) {
            return issuance::apply_answer(tx, "ari_" + certificate, info, clock_.now());
        });
    }
    void fail(const std::string& certificate, const base::Error& error)
    {
        write([&](store::Transaction& tx) {
            return issuance::apply_failure(tx, "ari_" + certificate, error, clock_.now());
        });
    }

    // What the CA says about certificates of `lifetime` made by add(), as Let's Encrypt's does.
    void advise_like_lets_encrypt()
    {
        answer_ = [this](const std::string& ari_id) -> base::Result<acme::RenewalInfo> {
            const auto certificate = test::run(loop_read_, store_->read([&](store::Transaction& tx) {
                return tx.certificates.get(ari_id.substr(4));
            }));
            acme::RenewalInfo info;
            const auto lifetime = certificate->not_after - certificate->not_before;
            const auto centre = certificate->not_after - lifetime / (lifetime < 240h ? 2 : 3);
            info.start = centre - lifetime / 100;
            info.end = centre + lifetime / 100;
            info.retry_after = 6h;
            return info;
        };
    }

    test::TempDir dir_;
    asio::io_context loop_{1};
    asio::io_context loop_read_{1};
    base::ManualClock clock_{start};
    crypto::Sealer sealer_{std::array<std::uint8_t, 32>{1, 2, 3}};
    AdvisingCa::Answer answer_ = [](const std::string&) -> base::Result<acme::RenewalInfo> {
        return base::fail(base::Errc::unavailable, "nobody answers");
    };
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<issuance::Accounts> accounts_;
    std::unique_ptr<issuance::AdvicePoller> poller_;
    std::unique_ptr<issuance::Planner> planner_;
    std::string account_;
    int made_ = 0;
};

}  // namespace test
