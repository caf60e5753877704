// Which account an order goes to, and the circuit breaker, on a real store.
#include "fakes/sample_endpoint.h"
#include "issuance/accounts.h"
#include "issuance/ca_choice.h"
#include "issuance/ca_directory.h"
#include "issuance/ca_health.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using model::CaState;

class CaChoice : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        put("first", true, 0);
        put("second", false, 1);
        put("staging", false, 0, false);
    }
    void put(const std::string& name, bool is_default, int fallback, bool trusted = true)
    {
        model::CaAccount account;
        account.id = "ca_" + name;
        account.name = name;
        account.directory_url = "https://" + name + ".test/dir";
        account.is_default = is_default;
        account.fallback = fallback;
        account.trusted = trusted;
        write([account](store::Transaction& tx) { return tx.accounts.put(account); });
    }
    template <class F>
    void write(F function)
    {
        auto done = test::run(loop_, store_->write(function));
        ASSERT_TRUE(done) << done.error().message();
    }
    std::string chosen(const issuance::CaNeed& need)
    {
        auto choose = [need, now = clock_.now()](store::Transaction& tx) {
            return issuance::choose_account(tx, need, now);
        };
        const auto account = test::run(loop_, store_->read(choose));
        return account ? account->name : account.error().code();
    }
    model::CaHealth health()
    {
        auto read = [](store::Transaction& tx) { return tx.accounts.health("https://first.test/dir"); };
        return *test::run(loop_, store_->read(read));
    }
    void outage()
    {
        write([this](store::Transaction& tx) -> base::Result<> {
            TRY(account, tx.accounts.get("ca_first"));
            model::Problem problem;
            problem.code = "ca_unavailable";
            return issuance::note_outage(tx, account, problem, clock_.now());
        });
    }
    // Whether an order may go to the first CA now.
    bool enters()
    {
        auto enter = [this](store::Transaction& tx) {
            return issuance::enter_ca(tx, "https://first.test/dir", clock_.now());
        };
        return !*test::run(loop_, store_->write(enter));
    }
    std::vector<std::string> events()
    {
        std::vector<std::string> types;
        auto read = [](store::Transaction& tx) { return tx.events.newest("", 100); };
        for (const auto& each : *test::run(loop_, store_->read(read))) {
            types.push_back(each.type);
        }
        return types;
    }

    boost::asio::io_context loop_{1};
    test::TempDir dir_;
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<store::Store> store_;
};

TEST_F(CaChoice, TakesTheDefaultThenThoseThatStepIn)
{
    EXPECT_EQ(chosen({}), "first");
    for (int i = 0; i < issuance::outages_to_open; ++i) {
        outage();
    }
    EXPECT_EQ(chosen({}), "second");
    issuance::CaNeed named;
    named.policy = {"staging", "first"};
    EXPECT_EQ(chosen(named), "staging");
}

TEST_F(CaChoice, LetsNothingUntrustedFollowATrustedCertificate)
{
    issuance::CaNeed need;
    need.policy = {"staging"};
    need.trusted = true;
    EXPECT_EQ(chosen(need), "ca_only_untrusted");
    need.last_account = "ca_second";
    EXPECT_EQ(chosen(need), "second");
    need.policy = {"staging", "first"};
    EXPECT_EQ(chosen(need), "first");
    need.trusted = false;
    EXPECT_EQ(chosen(need), "staging");
}

TEST_F(CaChoice, LooksAtWhatACaTakes)
{
    write([](store::Transaction& tx) -> base::Result<> {
        TRY(account, tx.accounts.get("ca_first"));
        account.key_types = {model::KeyType::ecdsa_p256};
        return tx.accounts.put(account);
    });
    issuance::CaNeed rsa;
    rsa.key_type = model::KeyType::rsa_2048;

    EXPECT_EQ(chosen(rsa), "second");
    rsa.policy = {"first"};
    EXPECT_EQ(chosen(rsa), "no_ca_account");
}

TEST_F(CaChoice, BreakerLetsOneOrderTryUntilTheCaWorksAgain)
{
    outage();
    outage();
    EXPECT_TRUE(enters());
    outage();
    EXPECT_EQ(health().state, CaState::failing);
    EXPECT_FALSE(enters());

    clock_.advance(1min);
    EXPECT_TRUE(enters());
    EXPECT_EQ(health().state, CaState::probing);
    EXPECT_FALSE(enters());
    outage();
    EXPECT_EQ(health().state, CaState::failing);
    clock_.advance(1min);
    EXPECT_FALSE(enters());
    clock_.advance(1min);
    EXPECT_TRUE(enters());
    write([this](store::Transaction& tx) { return issuance::note_answer(tx, "ca_first", clock_.now()); });

    EXPECT_EQ(health().state, CaState::healthy);
    EXPECT_TRUE(enters());
    EXPECT_EQ(events(), (std::vector<std::string>{"ca.degraded", "ca.recovered"}));
}

TEST_F(CaChoice, TellsOfALimitOnceUntilItEnds)
{
    for (int i = 0; i < 3; ++i) {
        write([this](store::Transaction& tx) -> base::Result<> {
            TRY(account, tx.accounts.get("ca_first"));
            return issuance::note_limit(tx, account, {}, clock_.now() + 1h, clock_.now());
        });
    }
    EXPECT_EQ(events().size(), 1U);
}

class ConfiguredCa : public CaChoice {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        auto nobody = [](const std::string&, crypto::PrivateKey) { return std::unique_ptr<acme::Client>(); };
        accounts_ = std::make_unique<issuance::Accounts>(*store_, clock_, sealer_, nobody);
        write([](store::Transaction& tx) -> base::Result<> {
            model::EdgeGroup group;
            group.name = "default";
            return tx.groups.put(group);
        });
    }
    // As a start with that setting does; the name of the default account.
    model::CaAccount start_with(const std::string& directory)
    {
        issuance::AccountSettings settings;
        settings.directory_url = *issuance::directory_url(directory);
        const auto account = test::run(loop_, accounts_->ensure_default(settings));
        EXPECT_TRUE(account);
        clock_.advance(1s);
        return *account;
    }
    void make_default(const std::string& name)
    {
        write([name](store::Transaction& tx) -> base::Result<> {
            TRY(account, issuance::find_account(tx, name));
            account.is_default = true;
            return tx.accounts.put(account);
        });
    }
    std::string thumbprint_of_edges()
    {
        auto read = [](store::Transaction& tx) { return tx.groups.get("default"); };
        return test::run(loop_, store_->read(read))->thumbprint;
    }

    crypto::Sealer sealer_{std::array<std::uint8_t, 32>{3}};
    std::unique_ptr<issuance::Accounts> accounts_;
};

TEST_F(ConfiguredCa, IsTheDefaultUntilPeopleChooseAnotherOrTheSettingChanges)
{
    const auto staging = start_with("letsencrypt-staging");
    EXPECT_EQ(staging.name, "letsencrypt-staging");
    EXPECT_FALSE(staging.trusted);
    EXPECT_EQ(start_with("letsencrypt-staging").id, staging.id);
    EXPECT_EQ(thumbprint_of_edges(), staging.thumbprint);

    const auto production = start_with("letsencrypt");
    EXPECT_EQ(production.name, "letsencrypt");
    EXPECT_TRUE(production.trusted);
    EXPECT_EQ(thumbprint_of_edges(), production.thumbprint);

    make_default("letsencrypt-staging");
    EXPECT_EQ(start_with("letsencrypt").id, staging.id);
    EXPECT_EQ(thumbprint_of_edges(), staging.thumbprint);
    EXPECT_EQ(start_with("letsencrypt-staging").id, staging.id);
    EXPECT_EQ(start_with("letsencrypt").id, production.id);
}

TEST(CaDirectory, KnowsStagingAndShortNames)
{
    EXPECT_EQ(*issuance::directory_url("letsencrypt"), "https://acme-v02.api.letsencrypt.org/directory");
    EXPECT_EQ(*issuance::directory_url("https://ca.test/dir"), "https://ca.test/dir");
    EXPECT_EQ(issuance::directory_url("http://ca.test").error().code(), "ca_directory_invalid");
    EXPECT_TRUE(issuance::is_staging(*issuance::directory_url("letsencrypt-staging")));
    EXPECT_TRUE(issuance::is_staging(*issuance::directory_url("google-staging")));
    EXPECT_FALSE(issuance::is_staging(*issuance::directory_url("letsencrypt")));
    EXPECT_EQ(issuance::short_name("https://dv.acme-v02.api.pki.goog/directory"), "google");
    EXPECT_EQ(issuance::short_name("https://127.0.0.1:14000/dir"), "127.0.0.1");
}

}  // namespace
