#include "issuance/enqueue.h"

#include "base/random.h"
#include "diagnosis/problems.h"
#include "fakes/sample_endpoint.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using model::KeyType;
using model::Order;
using model::OrderStatus;

class Enqueue : public ::testing::Test {
protected:
    template <class F>
    auto in(F function)
    {
        auto done = test::run(loop_, store_->write(function));
        EXPECT_TRUE(done) << (done ? "" : done.error().message());
        return std::move(*done);
    }
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        in([this](store::Transaction& tx) -> base::Result<int> {
            model::CaAccount account;
            account.id = "ca_1";
            account.is_default = true;
            CHECKED(tx.accounts.put(account));
            CHECKED(tx.endpoints.insert(endpoint_));
            return 0;
        });
    }

    std::optional<Order> enqueue()
    {
        return in([this](store::Transaction& tx) {
            return issuance::enqueue_endpoint(tx, endpoint_, model::QueueClass::interactive, clock_.now());
        });
    }
    std::size_t orders()
    {
        return in([this](store::Transaction& tx) { return tx.orders.of_endpoint(endpoint_.id, 50); }).size();
    }
    model::Certificate certificate(KeyType type,
                                   model::CertificateSource source = model::CertificateSource::managed)
    {
        model::Certificate made;
        made.id = base::new_id("crt");
        made.tenant = "default";
        made.endpoint = endpoint_.id;
        made.source = source;
        made.identifiers = {"shop.example.com"};
        made.key_type = type;
        made.not_before = clock_.now() - std::chrono::days(1);
        made.not_after = clock_.now() + std::chrono::days(89);
        made.renew_at = clock_.now() + std::chrono::days(60);
        made.created_at = clock_.now();
        in([made](store::Transaction& tx) -> base::Result<int> {
            CHECKED(tx.certificates.insert(made));
            return 0;
        });
        return made;
    }

    test::TempDir dir_;
    asio::io_context loop_{1};
    base::ManualClock clock_{base::from_millis(1'800'000'000'000)};
    std::unique_ptr<store::Store> store_;
    model::Endpoint endpoint_ = test::sample_endpoint({"shop.example.com"});
};

TEST_F(Enqueue, NeverTwiceForOneNeed)
{
    const auto first = enqueue();
    const auto second = enqueue();

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->id, second->id);
    EXPECT_EQ(orders(), 1U);
}

TEST_F(Enqueue, NothingWhenNothingIsLacking)
{
    certificate(KeyType::ecdsa_p256);

    EXPECT_FALSE(enqueue());
}

TEST_F(Enqueue, TheSecondKeyTypeAfterTheFirst)
{
    endpoint_.key_types = {KeyType::ecdsa_p256, KeyType::rsa_2048};
    certificate(KeyType::ecdsa_p256);

    const auto order = enqueue();

    ASSERT_TRUE(order);
    EXPECT_EQ(order->key_type, KeyType::rsa_2048);
}

TEST_F(Enqueue, AManagedOneBesideATransitionalOneButNotBesideAnUpload)
{
    certificate(KeyType::ecdsa_p256, model::CertificateSource::transitional);
    EXPECT_TRUE(enqueue());

    certificate(KeyType::ecdsa_p256, model::CertificateSource::uploaded);
    const auto live =
        in([this](store::Transaction& tx) { return tx.certificates.of_endpoint(endpoint_.id); });
    EXPECT_FALSE(issuance::missing_key_type(endpoint_, live, clock_.now()));
}

TEST_F(Enqueue, WakesAnOrderThatWaitedForDns)
{
    auto order = *enqueue();
    order.attempt = 1;
    order.problem = diagnosis::problem("dns_not_found", {});
    order.next_action_at = clock_.now() + std::chrono::hours(1);
    in([order](store::Transaction& tx) -> base::Result<int> {
        CHECKED(tx.orders.save(order));
        return 0;
    });

    EXPECT_EQ(enqueue()->next_action_at, clock_.now());
}

TEST_F(Enqueue, LeavesTheBackOffOfOtherFailuresToPeople)
{
    auto order = *enqueue();
    order.attempt = 2;
    order.problem = diagnosis::problem("http_unreachable", {});
    order.next_action_at = clock_.now() + std::chrono::hours(1);
    in([order](store::Transaction& tx) -> base::Result<int> {
        CHECKED(tx.orders.save(order));
        return 0;
    });
    EXPECT_GT(enqueue()->next_action_at, clock_.now());

    EXPECT_TRUE(
        in([this](store::Transaction& tx) { return issuance::hasten(tx, endpoint_.id, clock_.now()); }));

    EXPECT_EQ(enqueue()->next_action_at, clock_.now());
}

TEST_F(Enqueue, ARenewalOnceAndOfWhatItReplaces)
{
    const auto old = certificate(KeyType::ecdsa_p256);
    auto renew = [&](store::Transaction& tx) { return issuance::enqueue_renewal(tx, old, clock_.now()); };

    const auto first = in(renew);
    const auto second = in(renew);

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->replaces, old.id);
    EXPECT_EQ(first->queue_class, model::QueueClass::renewal);
    EXPECT_EQ(first->id, second->id);
}

TEST_F(Enqueue, NoRenewalOfAKeyTypeThatNobodyWantsOnceTheOthersAreThere)
{
    const auto old = certificate(KeyType::rsa_2048);
    const auto renew = [&] {
        return in([&](store::Transaction& tx) { return issuance::enqueue_renewal(tx, old, clock_.now()); });
    };
    const auto due_again = [&] {
        return in([&](store::Transaction& tx) { return tx.certificates.get(old.id); }).renew_at.has_value();
    };
    certificate(KeyType::ecdsa_p256);

    EXPECT_FALSE(renew());
    EXPECT_FALSE(due_again());
}

TEST_F(Enqueue, ARenewalOfAKeyTypeThatNobodyWantsWhileItIsAllThereIs)
{
    const auto old = certificate(KeyType::rsa_2048);

    EXPECT_TRUE(in([&](store::Transaction& tx) { return issuance::enqueue_renewal(tx, old, clock_.now()); }));
}

TEST_F(Enqueue, NoRenewalForARemovedEndpoint)
{
    const auto old = certificate(KeyType::ecdsa_p256);
    endpoint_.status.state = model::EndpointState::deleting;
    in([this](store::Transaction& tx) -> base::Result<int> {
        CHECKED(tx.endpoints.update(endpoint_));
        return 0;
    });

    EXPECT_FALSE(
        in([&](store::Transaction& tx) { return issuance::enqueue_renewal(tx, old, clock_.now()); }));
    const auto kept = in([&](store::Transaction& tx) { return tx.certificates.get(old.id); });
    EXPECT_FALSE(kept.renew_at);
}

TEST_F(Enqueue, ThePlatformsOwnCertificateOnce)
{
    auto work = [this](store::Transaction& tx) {
        return issuance::enqueue_platform(tx, test::sample_platform(), clock_.now());
    };

    const auto first = in(work);
    const auto second = in(work);

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->id, second->id);
    EXPECT_EQ(first->identifiers, (std::vector<std::string>{"edge.example.net", "*.edge.example.net"}));
}

TEST_F(Enqueue, AForcedOrderAlthoughNothingIsLacking)
{
    const auto old = certificate(KeyType::ecdsa_p256);

    const auto order = in(
        [&](store::Transaction& tx) { return issuance::enqueue_forced(tx, endpoint_, old, clock_.now()); });

    EXPECT_TRUE(order.forced);
    EXPECT_EQ(order.replaces, old.id);
}

}  // namespace
