// Renewals: what is replaced, what a CA says to that, and whom nobody renews.
#include "issuance/testing/scripted_ca.h"

namespace {

using namespace std::chrono_literals;
using model::OrderStatus;
using test::ari_id_of;
using test::ScriptedCa;

TEST_F(ScriptedCa, ARenewalSaysWhatItReplaces)
{
    run_order();
    const auto first = live().at(0);
    queue_renewal(first);

    const auto order = run_queued();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    EXPECT_FALSE(script_.wanted.replaces.empty());
    EXPECT_EQ(script_.wanted.replaces, ari_id_of(first.chain_pem));
    EXPECT_EQ(live().size(), 1U);
    EXPECT_FALSE(read([&](store::Transaction& tx) { return tx.advice.of_certificate(first.id); }));
}

TEST_F(ScriptedCa, ARefusedReplacementIsReservedAndOrderedWithoutIt)
{
    run_order();
    queue_renewal(live().at(0));
    script_.refuse_replaces =
        base::Error(base::Errc::conflict, "already replaced").with_code("acme:alreadyReplaced");

    const auto refused = run_queued();
    EXPECT_EQ(refused.status, OrderStatus::queued);
    EXPECT_EQ(refused.attempt, 0);
    EXPECT_TRUE(refused.problem.none());
    const auto order = run_queued();

    EXPECT_EQ(order.status, OrderStatus::deployed) << order.problem.message;
    EXPECT_TRUE(script_.wanted.replaces.empty());
    EXPECT_EQ(script_.new_orders, 3);
}

// Every way in which CAs refuse `replaces` (RFC 9773 5 and what they do): the renewal comes without it.
TEST_F(ScriptedCa, WhateverIsSaidAgainstReplacesTheRenewalComes)
{
    const base::Error refusals[] = {
        base::Error(base::Errc::conflict, "already replaced").with_code("acme:alreadyReplaced"),
        base::Error(base::Errc::conflict, "an order replaces it already").with_code("acme:conflict"),
        base::Error(base::Errc::not_found, "no certificate with that serial").with_code("acme:malformed"),
        base::Error(base::Errc::unauthorized, "another account's certificate").with_code("acme:unauthorized"),
        base::Error(base::Errc::invalid, "no identifier in common").with_code("acme:malformed"),
    };
    run_order();
    for (const auto& refusal : refusals) {
        script_.refuse_replaces = refusal;
        queue_renewal(live().at(0));

        run_queued();
        const auto order = run_queued();

        EXPECT_EQ(order.status, OrderStatus::deployed) << refusal.message() << order.problem.message;
        EXPECT_TRUE(script_.wanted.replaces.empty());
        EXPECT_EQ(live().size(), 1U);
    }
}

TEST_F(ScriptedCa, WhatIsNotAboutReplacesDoesNotLoseIt)
{
    run_order();
    const auto first = live().at(0);
    queue_renewal(first);
    const base::Error others[] = {
        base::Error(base::Errc::not_found, "no such account").with_code("acme:accountDoesNotExist"),
        base::Error(base::Errc::unauthorized, "Account is not valid, has status \"deactivated\"")
            .with_code("acme:unauthorized"),
        base::Error(base::Errc::invalid, "policy").with_code("acme:rejectedIdentifier"),
        base::Error(base::Errc::unavailable, "busy").with_code("acme:serverBusy").with_retry_after(1s),
    };
    for (const auto& other : others) {
        script_.refuse_order = other;
        const int before = script_.new_orders;

        run_queued();

        EXPECT_EQ(script_.new_orders, before + 1) << other.message();
        EXPECT_FALSE(script_.wanted.replaces.empty());
    }
    script_.refuse_order.reset();
    EXPECT_EQ(run_queued().status, OrderStatus::deployed);
    EXPECT_EQ(script_.wanted.replaces, ari_id_of(first.chain_pem));
}

// A certificate is replaced for its own account alone: another CA would not know it.
TEST_F(ScriptedCa, AnotherAccountIsNotToldWhatIsReplaced)
{
    run_order();
    queue_renewal(live().at(0));
    issuance::AccountSettings settings;
    settings.directory_url = "https://other.test/directory";
    const auto other = test::run(loop_, accounts_->add("other", settings, false));
    ASSERT_TRUE(other);
    write([&](store::Transaction& tx) -> base::Result<> {
        TRY(order, tx.orders.get(id_));
        order.account = other->id;
        return tx.orders.save(order);
    });

    EXPECT_EQ(run_queued().status, OrderStatus::deployed);

    EXPECT_TRUE(script_.wanted.replaces.empty());
    EXPECT_EQ(script_.new_orders, 2);
    EXPECT_EQ(live().size(), 1U);
    EXPECT_EQ(live()[0].account, other->id);
}

// Only what does not answer, or fails of itself, is an outage.
TEST_F(ScriptedCa, ACaThatIsBusyOrLimitsUsIsNotOutOfOrder)
{
    const auto health = [this] {
        return read([](store::Transaction& tx) { return tx.accounts.health("https://ca.test/directory"); });
    };
    const auto refuse = [this](base::Error error) {
        script_.refuse_order = std::move(error);
        const int before = script_.new_orders;
        run_queued();
        EXPECT_EQ(script_.new_orders, before + 1) << "it was asked";
    };
    const base::Error busy(base::Errc::unavailable, "busy");
    script_.refuse_order = base::Error(busy).with_code("acme:serverBusy").with_retry_after(1s);
    EXPECT_EQ(run_order().problem.code, "ca_unavailable");
    for (int i = 0; i < 4; ++i) {
        refuse(base::Error(busy).with_code("acme:serverBusy").with_retry_after(1s));
        refuse(base::Error(base::Errc::invalid, "no").with_code("acme:rejectedIdentifier"));
    }
    EXPECT_EQ(health().state, model::CaState::healthy);
    EXPECT_EQ(health().failures, 0);

    refuse(base::Error(base::Errc::unavailable, "down").with_code("acme:serverInternal"));
    EXPECT_EQ(health().failures, 1);
    refuse(base::Error(base::Errc::rate_limited, "later").with_code("acme:rateLimited").with_retry_after(1s));
    EXPECT_EQ(health().failures, 1);
    EXPECT_TRUE(health().limited_until);
}

TEST_F(ScriptedCa, NobodyRenewsAStagingCertificateBesideATrustedOne)
{
    run_order();
    const auto trusted = live().at(0);
    write([](store::Transaction& tx) -> base::Result<> {
        TRY(account, tx.accounts.default_account());
        account.trusted = false;
        return tx.accounts.put(account);
    });

    EXPECT_EQ(run_order().status, OrderStatus::deployed);

    const auto both = live();
    ASSERT_EQ(both.size(), 2U);
    for (const auto& each : both) {
        const auto advice = read([&](store::Transaction& tx) { return tx.advice.of_certificate(each.id); });
        EXPECT_EQ(each.renew_at.has_value(), each.id == trusted.id);
        EXPECT_EQ(advice.has_value(), each.id == trusted.id);
    }
}

}  // namespace
