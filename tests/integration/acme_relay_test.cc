// Our own ACME server over real HTTPS: our client against it, with the faults that Pebble cannot have.
#include "acme/client.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "relay/test_ca.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr auto patience = 60s;

std::string new_name()
{
    return base::random_label(12) + ".test";
}

acme::NewOrder order_for(const std::vector<std::string>& names)
{
    acme::NewOrder order;
    for (const auto& name : names) {
        order.identifiers.push_back({"dns", name});
    }
    return order;
}

class AcmeRelay : public testing::Test {
protected:
    void SetUp() override { start({}); }
    void TearDown() override
    {
        http_.reset();
        test::run(loop_, ca_->stop());
    }

    void start(relay::TestCaOptions options)
    {
        options.folder = folder_.path();
        options.listen = "127.0.0.1:0";
        options.management = "127.0.0.1:0";
        options.trusting = true;
        auto opened = relay::TestCa::open(loop_.get_executor(), clock_, std::move(options));
        ASSERT_TRUE(opened) << opened.error().message();
        ca_ = std::move(*opened);
        ASSERT_TRUE(run(ca_->start()));
        ca_->faults().behaviour.poll_after = 0s;
        http::ClientOptions trust;
        trust.user_agent = "certwright-test/1";
        trust.trust_file = ca_->trust_file();
        http_ = http::make_client(loop_.get_executor(), trust);
        client_ = acme::make_client(*http_, clock_, ca_->directory_url(),
                                    crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value());
    }
    template <class T>
    base::Result<T> run(base::Task<T> task)
    {
        return test::run(loop_, std::move(task), patience);
    }
    void enroll() { ASSERT_TRUE(run(client_->register_account({"ops@shop.test"}, std::nullopt))); }
    // The id of the only account.
    std::string ca_account()
    {
        const auto account = run(client_->find_account());
        return account ? account->url.substr(account->url.rfind('/') + 1) : "";
    }
    void script(const std::string& text)
    {
        const auto applied = relay::apply_script(ca_->faults(), json::parse(text).as_object(), clock_.now());
        ASSERT_TRUE(applied) << applied.error().message();
    }

    base::Task<> prove(std::vector<std::string> authorizations)
    {
        for (const auto& url : authorizations) {
            CO_TRY(authorization, co_await client_->fetch_authorization(url));
            if (authorization.status == "pending") {
                CO_CHECKED(co_await client_->answer_challenge(authorization.challenges.at(0).url));
            }
        }
        co_return base::Result<>();
    }
    base::Task<acme::IssuedChain> issue(acme::NewOrder wanted)
    {
        std::vector<std::string> names;
        for (const auto& each : wanted.identifiers) {
            names.push_back(each.value);
        }
        CO_TRY(order, co_await client_->new_order(std::move(wanted)));
        CO_CHECKED(co_await prove(order.authorizations));
        CO_TRY(ready, co_await client_->wait_for_order(order.url, patience));
        if (ready.status != "ready") {
            co_return base::fail(base::Errc::internal,
                                 "the order is " + ready.status + ": " + ready.problem.detail);
        }
        CO_TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
        CO_TRY(csr, crypto::make_csr(key, names));
        CO_CHECKED(co_await client_->finalize(order.finalize, csr));
        CO_TRY(valid, co_await client_->wait_for_order(order.url, patience));
        if (valid.status != "valid") {
            co_return base::fail(base::Errc::internal,
                                 "the order is " + valid.status + ": " + valid.problem.detail);
        }
        CO_TRY(chain, co_await client_->download(valid.certificate, ""));
        CO_TRY(parsed, crypto::check_upload(chain.pem, key.to_pem(), names, clock_.now()));
        co_return std::move(chain);
    }

    asio::io_context loop_{1};
    base::SystemClock clock_;
    test::TempDir folder_;
    std::unique_ptr<relay::TestCa> ca_;
    std::unique_ptr<http::Client> http_;
    std::unique_ptr<acme::Client> client_;
};

}  // namespace

TEST_F(AcmeRelay, IssuesRenewsAndRevokes)
{
    enroll();
    auto wanted = order_for({new_name(), "*." + new_name()});
    const auto issued = run(issue(wanted));
    ASSERT_TRUE(issued) << issued.error().message();
    const auto leaf = crypto::parse_chain(issued->pem).value();
    const auto renewal = run(client_->renewal_info(leaf.leaf.ari_id));
    ASSERT_TRUE(renewal) << renewal.error().message();
    EXPECT_GT(renewal->start, leaf.leaf.not_before);
    wanted.replaces = leaf.leaf.ari_id;
    const auto successor = run(issue(wanted));
    ASSERT_TRUE(successor) << successor.error().message();
    const auto twice = run(client_->new_order(wanted));
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code(), "acme:alreadyReplaced");
    EXPECT_EQ(twice.error().kind(), base::Errc::conflict);
    EXPECT_TRUE(run(client_->revoke(leaf.der.front(), 4)));
    const auto past = run(client_->renewal_info(leaf.leaf.ari_id));
    ASSERT_TRUE(past);
    EXPECT_LT(past->end, clock_.now());
}

TEST_F(AcmeRelay, HalfOfTheNoncesRefused)
{
    script(R"({"behaviour":{"bad_nonce_percent":50}})");
    enroll();
    for (int i = 0; i < 5; ++i) {
        const auto issued = run(issue(order_for({new_name()})));
        EXPECT_TRUE(issued) << issued.error().message();
    }
}

TEST_F(AcmeRelay, ProcessingIsWaitedFor)
{
    script(R"({"behaviour":{"processing_polls":3,"issuance_delay_ms":200,"finalize_wait_ms":0}})");
    enroll();

    const auto issued = run(issue(order_for({new_name()})));

    EXPECT_TRUE(issued) << issued.error().message();
}

TEST_F(AcmeRelay, AReplyThatIsLostHadItsEffect)
{
    enroll();
    const auto name = new_name();
    script(R"({"rules":[{"step":"new_order","lose_reply":true,"times":1}]})");
    const auto lost = run(client_->new_order(order_for({name})));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind(), base::Errc::unavailable);
    EXPECT_EQ(test::run(loop_, ca_->state().orders_of(ca_account(), 0, 9))->size(), 1U);
    EXPECT_TRUE(run(issue(order_for({name}))));
    EXPECT_EQ(test::run(loop_, ca_->state().orders_of(ca_account(), 0, 9))->size(), 1U);
}

TEST_F(AcmeRelay, LostFinalizeIsSeenInTheOrder)
{
    enroll();
    const auto name = new_name();
    const auto order = run(client_->new_order(order_for({name})));
    ASSERT_TRUE(order);
    ASSERT_TRUE(run(prove(order->authorizations)));
    ASSERT_TRUE(run(client_->wait_for_order(order->url, patience)));
    script(R"({"rules":[{"step":"finalize","lose_reply":true,"times":1}]})");
    const auto key = crypto::PrivateKey::generate(model::KeyType::ecdsa_p256).value();
    const auto lost = run(client_->finalize(order->finalize, crypto::make_csr(key, {name}).value()));

    EXPECT_FALSE(lost);
    const auto valid = run(client_->wait_for_order(order->url, patience));
    ASSERT_TRUE(valid) << valid.error().message();
    EXPECT_EQ(valid->status, "valid");
}

TEST_F(AcmeRelay, PausedIsNotRateLimitedForAWhile)
{
    enroll();
    const auto name = new_name();
    ca_->limits().pause(ca_account(), name, clock_.now());

    const auto paused = run(client_->new_order(order_for({name})));

    ASSERT_FALSE(paused);
    EXPECT_EQ(paused.error().code(), "acme:paused");
    EXPECT_FALSE(paused.error().retry_after());
    EXPECT_THAT(paused.error().message(), HasSubstr("Please visit: https://"));
}

TEST_F(AcmeRelay, LimitsTellHowLongToWait)
{
    enroll();
    script(R"({"rules":[{"step":"new_order","problem":"rateLimited","retry_after":77,"times":1}],
               "behaviour":{"retry_as_date":true}})");

    const auto limited = run(client_->new_order(order_for({new_name()})));

    ASSERT_FALSE(limited);
    EXPECT_EQ(limited.error().kind(), base::Errc::rate_limited);
    ASSERT_TRUE(limited.error().retry_after());
    EXPECT_NEAR(static_cast<double>(limited.error().retry_after()->count()), 77, 2);
}

TEST_F(AcmeRelay, PagesOfAProxyAndOutages)
{
    enroll();
    script(R"({"rules":[{"step":"new_order","page":"<html>bad gateway</html>","status":502,"times":1}]})");
    const auto page = run(client_->new_order(order_for({new_name()})));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().kind(), base::Errc::unavailable);
    script(R"({"outages":[{"kind":"unavailable","retry_after":9}]})");
    const auto busy = run(client_->new_order(order_for({new_name()})));
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().kind(), base::Errc::rate_limited);  // a 503 of that type
    EXPECT_EQ(busy.error().retry_after(), 9s);
    ca_->faults().end_outages();
    script(R"({"outages":[{"kind":"cut"}]})");
    const auto cut = run(client_->new_order(order_for({new_name()})));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().kind(), base::Errc::unavailable);
    ca_->faults().end_outages();
    EXPECT_TRUE(run(issue(order_for({new_name()}))));
}

TEST_F(AcmeRelay, NobodyListensWhileItRefuses)
{
    enroll();
    script(R"({"outages":[{"kind":"refuse"}]})");
    const auto url = ca_->directory_url();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    const auto connects = [&] {
        loop_.restart();
        loop_.run_for(50ms);
        boost::system::error_code error;
        asio::ip::tcp::socket socket(loop_);
        socket.connect({asio::ip::address_v4::loopback(), port}, error);
        return error;
    };
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!connects() && std::chrono::steady_clock::now() < until) {}
    EXPECT_EQ(connects(), asio::error::connection_refused);
    const auto refused = run(client_->new_order(order_for({new_name()})));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), base::Errc::unavailable) << refused.error().message();
    ca_->faults().end_outages();
    base::Result<acme::IssuedChain> issued(base::fail(base::Errc::internal, ""));
    while (!issued && std::chrono::steady_clock::now() < until) {
        issued = run(issue(order_for({new_name()})));
    }
    EXPECT_TRUE(issued) << issued.error().message();
}

TEST_F(AcmeRelay, SilenceEndsWithTheClientsPatience)
{
    enroll();
    script(R"({"outages":[{"kind":"silent"}]})");
    auto client = http::make_client(loop_.get_executor(), http::ClientOptions());
    http::ClientRequest request("GET", ca_->directory_url());
    request.limit = 300ms;
    const auto silent = run(client->send(request));
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().kind(), base::Errc::timeout) << silent.error().message();
    ca_->faults().end_outages();
    EXPECT_TRUE(run(issue(order_for({new_name()}))));
}

// An answer that stops in the middle is no answer: a request that has an effect is not repeated by itself.
TEST_F(AcmeRelay, TruncatedAnswersAndRedirects)
{
    enroll();
    const auto name = new_name();
    script(R"({"rules":[{"step":"new_order","truncate":true,"times":1}]})");
    const auto half = run(client_->new_order(order_for({name})));
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().kind(), base::Errc::unavailable) << half.error().message();
    EXPECT_EQ(half.error().code(), "");
    EXPECT_EQ(test::run(loop_, ca_->state().orders_of(ca_account(), 0, 9))->size(), 1U);
    script(
        R"({"rules":[{"step":"order","truncate":true,"times":1},{"step":"certificate","truncate":true,"times":1}]})");
    EXPECT_TRUE(run(issue(order_for({name})))) << "reads are repeated";
    script(R"({"rules":[{"step":"new_order","redirect":"https://elsewhere.test/","times":1}]})");
    const auto redirected = run(client_->new_order(order_for({new_name()})));
    ASSERT_FALSE(redirected);
    EXPECT_EQ(redirected.error().code(), "acme:badAnswer");
    EXPECT_THAT(redirected.error().message(), HasSubstr("redirects to https://elsewhere.test/"));
}

TEST_F(AcmeRelay, AccountsOrdersAndCertificatesOutliveTheServer)
{
    enroll();
    const auto issued = run(issue(order_for({new_name()})));
    ASSERT_TRUE(issued);
    const auto leaf = crypto::parse_chain(issued->pem).value();
    test::run(loop_, ca_->stop());
    start({});

    EXPECT_EQ(test::run(loop_, ca_->state().certificates(0, 9))->size(), 1U);
    EXPECT_TRUE(crypto::parse_chain(issued->pem + ca_->authority().root_pem(0)));
    EXPECT_TRUE(run(client_->renewal_info(leaf.leaf.ari_id)));
}

TEST_F(AcmeRelay, IsManagedOverHttp)
{
    enroll();
    const auto call = [this](const std::string& method, const std::string& path, const std::string& body) {
        http::ClientRequest request(method, ca_->management_url() + path);
        request.body = body;
        auto answer = run(http_->send(std::move(request)));
        EXPECT_TRUE(answer) << answer.error().message();
        return std::move(*answer);
    };
    EXPECT_EQ(call("PATCH", "/behaviour", R"({"latency_ms":1})").status, 200);
    const auto id = json::parse(call("POST", "/rules", R"({"step":"new_order","problem":"dns"})").body)
                        .at("id")
                        .as_string();
    const auto refused = run(client_->new_order(order_for({new_name()})));
    EXPECT_EQ(refused.error().code(), "acme:dns");
    EXPECT_EQ(call("DELETE", "/rules/" + std::string(id), "").status, 200);
    EXPECT_EQ(call("DELETE", "/rules/" + std::string(id), "").status, 404);
    EXPECT_TRUE(run(issue(order_for({new_name()}))));
    const auto listed = json::parse(call("GET", "/certificates", "").body).at("certificates").as_array();
    ASSERT_EQ(listed.size(), 1U);
    const std::string certificate(listed[0].at("id").as_string());
    const std::string ari(listed[0].at("ari_id").as_string());
    EXPECT_EQ(
        call("PUT", "/windows/" + ari, R"({"start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"})")
            .status,
        200);
    EXPECT_EQ(base::to_rfc3339(run(client_->renewal_info(ari))->start), "2026-01-01T00:00:00Z");
    EXPECT_EQ(call("POST", "/certificates/" + certificate + "/revoke", R"({"reason":1})").status, 200);
    EXPECT_EQ(call("POST", "/rules", R"({"stp":"x"})").status, 400);
    EXPECT_EQ(call("GET", "/roots/0", "").body, ca_->authority().root_pem(0));
    EXPECT_GT(json::parse(call("GET", "/calls", "").body).at("calls").as_array().size(), 5U);
}

TEST_F(AcmeRelay, ScriptAtTheStart)
{
    test::run(loop_, ca_->stop());
    relay::TestCaOptions options;
    options.folder = folder_.path();
    options.listen = "127.0.0.1:0";
    options.script = R"({"rules":[{"step":"new_ordr"}]})";
    const auto wrong = relay::TestCa::open(loop_.get_executor(), clock_, options);

    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), "script_invalid");
    options.script = R"({"behaviour":{"pre_approved":true}})";
    start(options);
    enroll();
    const auto order = run(client_->new_order(order_for({new_name()})));
    ASSERT_TRUE(order);
    EXPECT_EQ(order->status, "ready");
}
