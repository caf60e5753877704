// Two real CAs: one stops answering, refuses a name or forgets us, and the other one issues.
#include "issuance/promotion.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

test::PebbleOptions second_options()
{
    test::PebbleOptions options;
    options.always_valid = true;
    options.authz_reuse = 0;
    const auto& known = test::pebble_versions();
    const bool has_profiles = std::ranges::find(known, "2.10") != known.end();
    options.version = has_profiles ? "2.10" : "";
    if (has_profiles) {
        options.profiles["short"] = 6 * 24h;
    }
    return options;
}

test::PebbleOptions first_options()
{
    test::PebbleOptions options;
    options.always_valid = true;
    options.authz_reuse = 0;
    options.blocked = {"refused.example.com"};
    return options;
}

class SeveralCas : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        const auto trust = dir_.path() / "trust.pem";
        test::write_file(trust, test::read_file(first_.trust_file()) + test::read_file(second_.trust_file()));
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, first_, nullptr, test::sample_platform(),
                                                         test::EngineExtras{trust.string(), &faults_});
        ASSERT_TRUE(engine_->run_until([](store::Transaction& tx) -> base::Result<bool> {
            return tx.accounts.default_account().has_value();
        }));
    }

    // The second CA's account.
    model::CaAccount add_second(issuance::AccountChange change)
    {
        issuance::AccountSettings settings;
        settings.directory_url = second_.directory_url();
        auto& accounts = engine_->accounts();
        const auto added = run(accounts.add("second", settings, false));
        EXPECT_TRUE(added) << (added ? "" : added.error().message());
        const auto changed = run(accounts.change("second", std::move(change)));
        EXPECT_TRUE(changed) << (changed ? "" : changed.error().message());
        return *changed;
    }
    model::CaAccount add_fallback()
    {
        issuance::AccountChange change;
        change.fallback = 1;
        return add_second(change);
    }

    template <class T>
    base::Result<T> run(base::Task<T> task)
    {
        return test::run(engine_->loop(), std::move(task));
    }
    model::Endpoint add(const std::string& name, std::vector<std::string> policy = {},
                        std::string profile = "")
    {
        auto endpoint = test::sample_endpoint({name});
        endpoint.ca_policy = std::move(policy);
        endpoint.profile = std::move(profile);
        engine_->make_records(endpoint);
        engine_->add(endpoint);
        return endpoint;
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
    // The name of the account that issued the endpoint's newest certificate.
    std::string issuer_of(const model::Endpoint& endpoint)
    {
        const auto all = live(endpoint.id);
        if (all.empty()) {
            return "nobody";
        }
        return engine_->read([id = all[0].account](store::Transaction& tx) { return tx.accounts.get(id); })
            .name;
    }
    model::CaHealth health_of_first()
    {
        return engine_->read(
            [this](store::Transaction& tx) { return tx.accounts.health(first_.directory_url()); });
    }
    std::set<std::string> events_of(const std::string& subject)
    {
        std::set<std::string> types;
        for (const auto& each : engine_->read(
                 [subject](store::Transaction& tx) { return tx.events.of_subject(subject, 100); })) {
            types.insert(each.type);
        }
        return types;
    }
    std::string first_name()
    {
        return engine_->read([](store::Transaction& tx) { return tx.accounts.default_account(); }).name;
    }
    static std::string origin(const test::Pebble& pebble)
    {
        const auto url = pebble.directory_url();
        return url.substr(0, url.rfind('/'));
    }

    base::SystemClock clock_;
    test::TempDir dir_;
    test::Faults faults_;
    test::Pebble first_{first_options()};
    test::Pebble second_{second_options()};
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::IssuanceEngine> engine_;
};

TEST_F(SeveralCas, OneDiesTheOtherIssuesAndItComesBack)
{
    add_fallback();
    const auto before = add("before.example.com");
    ASSERT_TRUE(until_active(before));
    EXPECT_EQ(issuer_of(before), first_name());

    faults_.unreachable.insert(origin(first_));
    std::vector<model::Endpoint> meanwhile;
    for (int i = 0; i < 4; ++i) {
        meanwhile.push_back(
            add("meanwhile" + std::string(static_cast<std::size_t>(i), 'e') + ".example.com"));
    }
    for (const auto& each : meanwhile) {
        ASSERT_TRUE(until_active(each));
        EXPECT_EQ(issuer_of(each), "second");
    }
    EXPECT_NE(health_of_first().state, model::CaState::healthy);
    const auto first_id =
        engine_->read([](store::Transaction& tx) { return tx.accounts.default_account(); }).id;
    EXPECT_TRUE(events_of(first_id).contains("ca.degraded"));

    faults_.unreachable.clear();
    // Its time to be tried has come.
    engine_->write([this](store::Transaction& tx) -> base::Result<> {
        TRY(health, tx.accounts.health(first_.directory_url()));
        health.probe_at = clock_.now();
        return tx.accounts.put_health(health);
    });
    const auto after = add("after.example.com");
    ASSERT_TRUE(until_active(after));
    EXPECT_EQ(issuer_of(after), first_name());
    EXPECT_EQ(health_of_first().state, model::CaState::healthy);
    EXPECT_TRUE(events_of(first_id).contains("ca.recovered"));
}

TEST_F(SeveralCas, WhatOneRefusesTheOtherMayIssue)
{
    add_fallback();
    const auto endpoint = add("refused.example.com");

    ASSERT_TRUE(until_active(endpoint));

    EXPECT_EQ(issuer_of(endpoint), "second");
    EXPECT_EQ(health_of_first().state, model::CaState::healthy);
}

TEST_F(SeveralCas, CaaDecidesWhichOfThemIssues)
{
    add_fallback();
    engine_->write([](store::Transaction& tx) -> base::Result<> {
        TRY(accounts, tx.accounts.list());
        for (auto& each : accounts) {
            each.caa_identities = {each.is_default ? "first.test" : "second.test"};
            CHECKED(tx.accounts.put(each));
        }
        return {};
    });
    engine_->resolver.set("example.com", dns::RecordType::caa, {"0 issue \"second.test\""});
    const auto endpoint = add("shop.example.com");

    ASSERT_TRUE(until_active(endpoint));

    EXPECT_EQ(issuer_of(endpoint), "second");
    EXPECT_FALSE(first_.log().contains("Added order")) << "the first CA was asked";
}

TEST_F(SeveralCas, AnEndpointNamesItsCaAndItsProfile)
{
    const auto second = add_second({});
    const bool has_profiles = second_.version() == "2.10";
    const auto named = add("named.example.com", {"second"}, has_profiles ? "short" : "");
    const auto plain = add("plain.example.com");

    ASSERT_TRUE(until_active(named));
    ASSERT_TRUE(until_active(plain));

    EXPECT_EQ(issuer_of(named), "second");
    EXPECT_EQ(issuer_of(plain), first_name());
    if (has_profiles) {
        const auto certificate = live(named.id).at(0);
        EXPECT_LT(certificate.not_after - certificate.not_before, 10 * 24h);
    }
}

TEST_F(SeveralCas, AnAccountThatTheCaForgotIsShownAndItsNamesGoElsewhere)
{
    add_fallback();
    const auto account = engine_->read([](store::Transaction& tx) { return tx.accounts.default_account(); });
    ASSERT_TRUE(run(engine_->accounts().client(account.id)));
    engine_->write([&](store::Transaction& tx) -> base::Result<> {
        TRY(row, tx.accounts.get(account.id));
        row.account_url = origin(first_) + "/my-account/unknown";
        return tx.accounts.put(row);
    });
    const auto endpoint = add("shop.example.com");

    ASSERT_TRUE(until_active(endpoint));

    EXPECT_EQ(issuer_of(endpoint), "second");
    const auto now_invalid =
        engine_->read([&](store::Transaction& tx) { return tx.accounts.get(account.id); });
    EXPECT_EQ(now_invalid.problem.code, "ca_account_invalid") << now_invalid.problem.message;
    EXPECT_TRUE(events_of(account.id).contains("ca.account_invalid"));
    const auto again = run(engine_->accounts().register_again(account.id));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_TRUE(again->problem.none());
    const auto next = add("next.example.com");
    ASSERT_TRUE(until_active(next));
    EXPECT_EQ(issuer_of(next), first_name());
}

TEST_F(SeveralCas, AnAccountThatIsClosedAtTheCaIsShownAndCanBeLeft)
{
    issuance::AccountChange prefer;
    const auto account = engine_->read([](store::Transaction& tx) { return tx.accounts.default_account(); });
    auto& accounts = engine_->accounts();
    const auto client = run(accounts.client(account.id));
    ASSERT_TRUE(client);
    ASSERT_TRUE(test::run(engine_->loop(), (*client)->deactivate_account()));
    add_fallback();
    const auto endpoint = add("shop.example.com");

    ASSERT_TRUE(until_active(endpoint));

    EXPECT_EQ(issuer_of(endpoint), "second");
    const auto closed = engine_->read([&](store::Transaction& tx) { return tx.accounts.get(account.id); });
    EXPECT_EQ(closed.problem.code, "ca_account_invalid") << closed.problem.message;
    EXPECT_TRUE(closed.problem.fix.contains("new account")) << closed.problem.fix;
    EXPECT_EQ(run(accounts.deactivate(account.id)).error().code(), "ca_account_default");
    prefer.make_default = true;
    ASSERT_TRUE(run(accounts.change("second", prefer)));
    const auto left = run(accounts.deactivate(account.id));
    ASSERT_TRUE(left) << left.error().message();
    EXPECT_TRUE(left->deactivated);
}

TEST_F(SeveralCas, StagingServesWhereNothingTrustedDoesAndIsPromoted)
{
    issuance::AccountChange untrusted;
    untrusted.trusted = false;
    ASSERT_TRUE(run(engine_->accounts().change("default", untrusted)));
    const auto endpoint = add("shop.example.com");
    ASSERT_TRUE(until_active(endpoint));
    EXPECT_FALSE(live(endpoint.id).at(0).trusted);

    issuance::AccountChange prefer;
    prefer.make_default = true;
    const auto production = add_second(prefer);
    const auto promote = [&](store::Transaction& tx) {
        return issuance::promote_batch(tx, production, clock_.now());
    };
    EXPECT_EQ(*run(store_->write(promote)), 1);
    EXPECT_EQ(*run(store_->write(promote)), 0);
    ASSERT_TRUE(engine_->run_until([&](store::Transaction& tx) -> base::Result<bool> {
        TRY(left, tx.certificates.count_only_untrusted(clock_.now()));
        return left == 0;
    }));
    ASSERT_TRUE(until_active(endpoint));
    ASSERT_EQ(live(endpoint.id).size(), 1U);
    EXPECT_TRUE(live(endpoint.id)[0].trusted);

    // Back to staging: forced orders go to the CA of the trusted certificate, and nothing takes its place.
    issuance::AccountChange back;
    back.make_default = true;
    ASSERT_TRUE(run(engine_->accounts().change("127.0.0.1", back)));
    engine_->write([&](store::Transaction& tx) -> base::Result<> {
        TRY(stored, tx.endpoints.get(endpoint.id));
        TRY(trusted, tx.certificates.of_endpoint(endpoint.id));
        TRY(order, issuance::enqueue_forced(tx, stored, trusted.at(0), clock_.now()));
        EXPECT_EQ(order.account, production.id);
        return {};
    });
    ASSERT_TRUE(until_active(endpoint));
    EXPECT_TRUE(live(endpoint.id).at(0).trusted);
}

}  // namespace
