// A certificate that is revoked: at once not served, then at the real CA, and replaced.
#include "crypto/certificate.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <gtest/gtest.h>

namespace {

using model::CertificateState;
using namespace std::chrono_literals;

class Revocation : public ::testing::Test {
protected:
    void SetUp() override
    {
        auto opened = store::open_sqlite(dir_.path() / "db", clock_);
        ASSERT_TRUE(opened) << opened.error().message();
        store_ = std::move(*opened);
        test::PebbleOptions options;
        options.always_valid = true;
        options.authz_reuse = 0;
        pebble_ = std::make_unique<test::Pebble>(options);
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, *pebble_, nullptr, test::sample_platform(),
                                                         test::EngineExtras{"", &faults_});
        engine_->make_records(endpoint_);
        engine_->add(endpoint_);
        ASSERT_TRUE(
            engine_->run_until([this](store::Transaction& tx) { return test::is_active(tx, endpoint_.id); }));
        certificate_ = live().at(0);
    }

    std::vector<model::Certificate> live()
    {
        return engine_->read(
            [this](store::Transaction& tx) { return tx.certificates.of_endpoint(endpoint_.id); });
    }
    void revoke(bool replace)
    {
        engine_->write([&](store::Transaction& tx) -> base::Result<> {
            const auto now = engine_->clock().now();
            CHECKED(issuance::request_revocation(tx, certificate_, 4, now));
            if (replace) {
                CHECKED(issuance::replace_revoked(tx, certificate_, now));
            }
            return {};
        });
    }
    // What the CA itself says of the certificate's serial number.
    std::string status_at_ca()
    {
        http::ClientOptions options;
        options.trust_file = pebble_->trust_file();
        const auto client = http::make_client(engine_->loop().get_executor(), options);
        http::ClientRequest request("GET",
                                    pebble_->management_url("/cert-status-by-serial/" + certificate_.serial));
        const auto answer = test::run(engine_->loop(), client->send(request));
        return answer ? answer->body : answer.error().message();
    }
    bool until_confirmed()
    {
        return engine_->run_until([id = certificate_.id](store::Transaction& tx) -> base::Result<bool> {
            TRY(revocation, tx.revocations.of_certificate(id));
            return revocation && revocation->revoked_at.has_value();
        });
    }

    base::SystemClock clock_;
    test::TempDir dir_;
    test::Faults faults_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::Pebble> pebble_;
    model::Endpoint endpoint_ = test::sample_endpoint({"shop.example.com"});
    std::unique_ptr<test::IssuanceEngine> engine_;
    model::Certificate certificate_;
};

TEST_F(Revocation, IsTheCasAndBringsASuccessorFirst)
{
    EXPECT_TRUE(status_at_ca().contains("Valid")) << status_at_ca();

    revoke(true);

    EXPECT_TRUE(live().empty());
    const auto orders =
        engine_->read([this](store::Transaction& tx) { return tx.orders.of_endpoint(endpoint_.id, 1); });
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].queue_class, model::QueueClass::urgent);
    EXPECT_TRUE(until_confirmed());
    EXPECT_TRUE(status_at_ca().contains("Revoked")) << status_at_ca();
    EXPECT_TRUE(
        engine_->run_until([this](store::Transaction& tx) { return test::is_active(tx, endpoint_.id); }));
    ASSERT_EQ(live().size(), 1U);
    EXPECT_NE(live()[0].serial, certificate_.serial);
}

TEST_F(Revocation, WaitsForACaThatIsAwayAndLeavesTheNameWithoutOneWhenAsked)
{
    faults_.unreachable.insert(pebble_->directory_url().substr(0, pebble_->directory_url().rfind('/')));
    revoke(false);
    const bool refused = engine_->run_until([this](store::Transaction& tx) -> base::Result<bool> {
        TRY(revocation, tx.revocations.of_certificate(certificate_.id));
        return revocation && revocation->attempt > 0;
    });
    EXPECT_TRUE(refused);
    EXPECT_TRUE(status_at_ca().contains("Valid")) << status_at_ca();

    faults_.unreachable.clear();

    EXPECT_TRUE(until_confirmed());
    EXPECT_TRUE(status_at_ca().contains("Revoked")) << status_at_ca();
    engine_->write([this](store::Transaction& tx) -> base::Result<> {
        TRY(endpoint, tx.endpoints.get(endpoint_.id));
        TRY(order, issuance::enqueue_endpoint(tx, endpoint, model::QueueClass::interactive, clock_.now()));
        EXPECT_FALSE(order);
        TRY(asked, issuance::enqueue_forced(tx, endpoint, std::nullopt, clock_.now()));
        EXPECT_FALSE(asked.id.empty());
        return {};
    });
}

}  // namespace
