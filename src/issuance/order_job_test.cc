#include "issuance/testing/scripted_ca.h"

namespace {

using namespace std::chrono_literals;
using model::CertificateSource;
using model::OrderStatus;
using test::ScriptedCa;

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
