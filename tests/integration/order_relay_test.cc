// Orders from queue to certificate against our own CA at its meanest: lost replies, pages of proxies, slow
// issuing, pauses.
#include "ca_thread.h"
#include "issuance_engine.h"
#include "support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

class OrderRelay : public testing::Test {
protected:
    void start(const std::string& script)
    {
        store_ = store::open_sqlite(folder_.path() / "db", clock_).value();
        ca_ = std::make_unique<test::CaThread>(folder_.path() / "ca", script);
        engine_ = std::make_unique<test::IssuanceEngine>(*store_, ca_->address());
        endpoint_ = test::sample_endpoint({"shop.example.com", "*.shop.example.com"});
        engine_->add(endpoint_);
        engine_->make_records(endpoint_);
    }
    void TearDown() override
    {
        engine_.reset();
        ca_->stop();
    }
    bool until_active()
    {
        return engine_->run_until(
            [id = endpoint_.id](store::Transaction& tx) { return test::is_active(tx, id); }, 60s);
    }

    // The order waits with this problem, whose text says what the CA said.
    void expect_problem(std::string_view code, model::Actor actor)
    {
        const auto waits = [id = endpoint_.id](store::Transaction& tx) -> base::Result<bool> {
            TRY(order, tx.orders.unfinished_of(id));
            return order && !order->problem.none();
        };
        ASSERT_TRUE(engine_->run_until(waits));
        const auto order = engine_->read(
            [id = endpoint_.id](store::Transaction& tx) { return tx.orders.unfinished_of(id); });
        ASSERT_TRUE(order);
        EXPECT_EQ(order->problem.code, code) << order->problem.message;
        EXPECT_EQ(order->problem.actor, actor);
        EXPECT_NE(order->problem.message, "");
    }

    test::TempDir folder_;
    base::SystemClock clock_;
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<test::CaThread> ca_;
    std::unique_ptr<test::IssuanceEngine> engine_;
    model::Endpoint endpoint_;
};

}  // namespace

// Each failure lengthens the wait before the next attempt, so a test can have only a few.
TEST_F(OrderRelay, OneCertificateThoughRepliesAreLost)
{
    start(
        R"({"behaviour":{"bad_nonce_percent":30,"processing_polls":2,"issuance_delay_ms":200,"finalize_wait_ms":0,
                           "poll_after":0},
              "rules":[{"step":"new_order","lose_reply":true,"times":1},
                       {"step":"finalize","lose_reply":true,"times":1}]})");

    ASSERT_TRUE(until_active());

    engine_.reset();
    ca_->stop();
    EXPECT_EQ(ca_->certificates().size(), 1U);
    EXPECT_EQ(ca_->lost(), 2U);
}

TEST_F(OrderRelay, OneCertificateThoughAProxyAnswers)
{
    start(R"({"rules":[{"step":"new_order","page":"<html>bad gateway</html>","status":502,"times":1},
                       {"step":"certificate","page":"<html>bad gateway</html>","status":502,"times":1}]})");

    ASSERT_TRUE(until_active());

    engine_.reset();
    ca_->stop();
    EXPECT_EQ(ca_->certificates().size(), 1U);
}

TEST_F(OrderRelay, AnOutageIsOutlasted)
{
    start(R"({"outages":[{"kind":"cut","seconds":2},{"kind":"page","seconds":3,"retry_after":1}]})");

    ASSERT_TRUE(until_active());

    engine_.reset();
    ca_->stop();
    EXPECT_EQ(ca_->certificates().size(), 1U);
}

TEST_F(OrderRelay, APauseIsForAPerson)
{
    start(R"({"rules":[{"step":"new_order","problem":"rateLimited",
        "detail":"Your account is temporarily prevented from requesting certificates for shop.example.com. Please visit: https://ca.test/unpause?jwt=x"}]})");
    expect_problem("ca_paused", model::Actor::platform);
}

TEST_F(OrderRelay, ALimitIsWaitedFor)
{
    start(R"({"rules":[{"step":"new_order","problem":"rateLimited","retry_after":3600,
                        "detail":"too many certificates already issued"}]})");
    expect_problem("ca_rate_limited", model::Actor::none);
}

TEST_F(OrderRelay, AFailureOfTheCaIsTheCas)
{
    start(R"({"rules":[{"step":"new_order","problem":"serverInternal","detail":"database is down"}]})");
    expect_problem("ca_unavailable", model::Actor::ca);
}

TEST_F(OrderRelay, ARefusalOfNoKnownKindIsForTheOperator)
{
    start(R"({"rules":[{"step":"new_order","problem":"malformed","detail":"not like this"}]})");
    expect_problem("ca_refused", model::Actor::platform);
}

TEST_F(OrderRelay, APointOfViewThatDiffersIsNamed)
{
    start(R"({"rules":[{"step":"validation","problem":"unauthorized",
                        "detail":"During secondary validation: Incorrect TXT record"}]})");
    expect_problem("mpic_disagree", model::Actor::customer);
}

TEST_F(OrderRelay, AProofThatTheCaDoesNotFindIsOurs)
{
    start(R"({"rules":[{"step":"validation","problem":"unauthorized","detail":"No TXT record found"}]})");
    expect_problem("challenge_not_seen", model::Actor::platform);
}
