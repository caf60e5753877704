// What may answer in our place, built with real servers and found.
#include "crypto/certificate.h"
#include "diagnosis_fixture.h"
#include "support/certificates.h"

#include <gmock/gmock.h>

namespace {

using model::ConditionStatus;
using testing::HasSubstr;

class HttpDiagnosis : public test::DiagnosisFixture {
protected:
    static constexpr const char* shop = "shop.customer.test";

    void SetUp() override { serve({{customer, "shop A 127.0.0.4\nblocked A 10.9.9.9\nother A 127.0.0.5"}}); }
    model::Condition reachable() { return condition("Reachable", shop); }
    static void expect_code(const model::Condition& found, std::string_view code)
    {
        EXPECT_EQ(found.problem.code, code) << found.problem.message;
        EXPECT_EQ(found.status, ConditionStatus::no);
        EXPECT_NE(found.problem.fix, "");
    }
    // A certificate for `shop`; `known` makes it one of ours.
    void serve_site(const std::string& directives, bool known)
    {
        const auto key = test::new_key();
        const auto pem = test::Authority::root("A CA").issue(key, {.names = {shop}});
        context_.serving = true;
        if (known) {
            context_.certificates.push_back(crypto::parse_chain(pem)->leaf.sha256);
        }
        serve_https(pem, key.to_pem(), directives);
    }
};

TEST_F(HttpDiagnosis, OurOwnAnswerIsRight)
{
    serve_http(our_answer());
    const auto found = reachable();
    EXPECT_EQ(found.status, ConditionStatus::yes) << found.problem.message;
    EXPECT_TRUE(found.problem.none());
}

TEST_F(HttpDiagnosis, ARedirectThatTheCaFollowsIsRight)
{
    serve_http("if ($args = \"\") { return 301 http://shop.customer.test$uri?again; } " + our_answer());
    const auto found = reachable();
    EXPECT_EQ(found.status, ConditionStatus::yes) << found.problem.message;
}

TEST_F(HttpDiagnosis, http_wrong_response)
{
    serve_http(
        "return 404 'Here is the old server, and it knows nothing of challenges at all, whatever you ask it "
        "for.';");
    const auto found = reachable();
    expect_code(found, "http_wrong_response");
    EXPECT_THAT(
        found.problem.message,
        HasSubstr("404 \"Here is the old server, and it knows nothing of challenges at all, whatever you\""));
}

TEST_F(HttpDiagnosis, http_filtered)
{
    serve_http("deny all;");
    const auto found = reachable();
    expect_code(found, "http_filtered");
    EXPECT_THAT(found.problem.message, HasSubstr("403"));
    const auto endpoint = test::sample_endpoint({shop});
    EXPECT_THAT(diagnosis::sure_challenges(endpoint, found_.conditions, true),
                testing::Not(testing::Contains(model::ChallengeType::http_01)));
    EXPECT_EQ(diagnosis::provable_challenges(endpoint, found_.conditions, true).back(),
              model::ChallengeType::http_01);
}

TEST_F(HttpDiagnosis, http_redirect_loop)
{
    serve_http("return 302 $request_uri;");
    expect_code(reachable(), "http_redirect_loop");
}

TEST_F(HttpDiagnosis, http_redirect_loop_that_never_repeats)
{
    serve_http("return 302 $request_uri/x;");
    expect_code(reachable(), "http_redirect_loop");
}

TEST_F(HttpDiagnosis, http_redirect_bad_port)
{
    serve_http("return 301 http://shop.customer.test:8081$request_uri;");
    const auto found = reachable();
    expect_code(found, "http_redirect_bad_port");
    EXPECT_THAT(found.problem.message, HasSubstr(":8081"));
}

TEST_F(HttpDiagnosis, RedirectsIntoOurOwnNetworkAreNotFollowed)
{
    serve_http("return 302 http://blocked.customer.test/secret;");
    const auto found = reachable();
    EXPECT_TRUE(found.problem.none());
    EXPECT_EQ(found.status, ConditionStatus::unknown);
}

TEST_F(HttpDiagnosis, http_unreachable_elsewhere)
{
    context_.probes.http_port = test::free_port();
    context_.thorough = true;
    const auto found = condition("Reachable", "other.customer.test");
    expect_code(found, "http_unreachable");
}

TEST_F(HttpDiagnosis, http_unreachable_here_may_be_our_own_network)
{
    context_.probes.http_port = test::free_port();
    const auto found = reachable();
    EXPECT_EQ(found.problem.code, "http_unreachable");
    EXPECT_EQ(found.status, ConditionStatus::unknown);
}

TEST_F(HttpDiagnosis, served_cert_mismatch)
{
    serve_site("return 200;", false);
    const auto found = reachable();
    EXPECT_EQ(found.problem.code, "served_cert_mismatch");
    EXPECT_EQ(found.status, ConditionStatus::no);
    EXPECT_THAT(found.problem.message, HasSubstr("127.0.0.4"));
    EXPECT_THAT(found.problem.message, HasSubstr("issuer A CA"));
}

TEST_F(HttpDiagnosis, origin_unreachable)
{
    serve_site("location / { proxy_pass http://127.0.0.4:" + std::to_string(test::free_port()) + "; }", true);
    EXPECT_EQ(reachable().status, ConditionStatus::yes);
    const auto origin = diagnosis::condition_of(found_.conditions, "Origin");
    EXPECT_EQ(origin.problem.code, "origin_unreachable");
    EXPECT_EQ(origin.status, ConditionStatus::no);
}

TEST_F(HttpDiagnosis, OriginThatAnswersIsFine)
{
    serve_site("return 404;", true);
    EXPECT_EQ(reachable().status, ConditionStatus::yes);
    EXPECT_EQ(diagnosis::condition_of(found_.conditions, "Origin").status, ConditionStatus::yes);
}

}  // namespace
