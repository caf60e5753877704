#include "acme/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::ElementsAre;

constexpr std::string_view directory_text = R"({
    "abcDEF": "https://ca.test/why-this-entry-is-here",
    "newNonce": "https://ca.test/nonce", "newAccount": "https://ca.test/account", "newOrder": "https://ca.test/order",
    "revokeCert": "https://ca.test/revoke", "keyChange": "https://ca.test/key",
    "renewalInfo": "https://ca.test/ari",
    "meta": {"termsOfService": "https://ca.test/tos", "caaIdentities": ["ca.test", 5], "externalAccountRequired": true,
             "profiles": {"classic": "90 days", "short": 6}}
})";

}  // namespace

TEST(Directory, KeepsWhatItKnowsAndIgnoresTheRest)
{
    const auto directory = acme::parse_directory(directory_text);

    ASSERT_TRUE(directory);
    EXPECT_EQ(directory->new_order, "https://ca.test/order");
    EXPECT_EQ(directory->renewal_info, "https://ca.test/ari");
    EXPECT_EQ(directory->terms_of_service, "https://ca.test/tos");
    EXPECT_TRUE(directory->external_account_required);
    EXPECT_THAT(directory->caa_identities, ElementsAre("ca.test"));
    EXPECT_EQ(directory->profiles.at("classic"), "90 days");
    EXPECT_TRUE(directory->profiles.contains("short"));
}

TEST(Directory, OtherPagesAreNoDirectories)
{
    for (const auto& text :
         {"", "<html>hello</html>", "[]", "{}", "null", R"({"newNonce":"https://ca.test/nonce"})",
          R"({"newNonce":1,"newAccount":2,"newOrder":3})"}) {
        EXPECT_FALSE(acme::parse_directory(text)) << text;
    }
}

TEST(Challenges, OfAnyTypeAndWithoutTokenAreKept)
{
    const auto authorization = acme::parse_authorization(R"({
        "identifier": {"type": "dns", "value": "shop.test"}, "status": "pending", "wildcard": true, "challenges": [
            {"type": "http-01", "url": "https://ca.test/c/1", "token": "abc", "status": "pending"},
            {"type": "dns-persist-01", "url": "https://ca.test/c/2", "status": "pending", "issuer-domain-names": ["ca.test"]},
            {"type": "dns-01", "status": "invalid", "url": "https://ca.test/c/3", "token": null,
             "error": {"type": "urn:ietf:params:acme:error:dns", "detail": "NXDOMAIN", "status": 400}},
            "nonsense", {"url": "https://ca.test/c/4"}]})");

    ASSERT_TRUE(authorization);
    EXPECT_TRUE(authorization->wildcard);
    EXPECT_EQ(authorization->identifier, (acme::Identifier{"dns", "shop.test"}));
    EXPECT_EQ(authorization->challenges.size(), 4U);
    ASSERT_NE(authorization->find("dns-persist-01"), nullptr);
    EXPECT_EQ(authorization->find("dns-persist-01")->token, "");
    const auto* failed = authorization->find("dns-01");
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(failed->problem.type, "dns");
    EXPECT_EQ(failed->problem.detail, "NXDOMAIN");
    EXPECT_EQ(failed->problem.status, 400);
    EXPECT_EQ(authorization->find("tls-alpn-01"), nullptr);
}

TEST(Order, ReadsEveryMember)
{
    const auto order = acme::parse_order(R"({"status": "invalid", "expires": "2026-11-29T12:00:00Z",
        "identifiers": [{"type": "dns", "value": "a.test"}, {"type": "ip", "value": "192.0.2.1"}, 7],
        "authorizations": ["https://ca.test/z/1", null, "https://ca.test/z/2"], "finalize": "https://ca.test/f",
        "certificate": "https://ca.test/crt", "profile": "short", "replaces": "a.b",
        "error": {"type": "urn:ietf:params:acme:error:caa", "title": "CAA", "subproblems": []}})");

    ASSERT_TRUE(order);
    EXPECT_EQ(order->status, "invalid");
    EXPECT_EQ(order->identifiers.size(), 2U);
    EXPECT_THAT(order->authorizations, ElementsAre("https://ca.test/z/1", "https://ca.test/z/2"));
    EXPECT_EQ(order->finalize, "https://ca.test/f");
    EXPECT_EQ(order->certificate, "https://ca.test/crt");
    EXPECT_EQ(order->profile, "short");
    EXPECT_EQ(order->replaces, "a.b");
    EXPECT_EQ(order->problem.type, "caa");
    EXPECT_EQ(order->problem.detail, "CAA");
    EXPECT_FALSE(acme::parse_order("{}"));
    EXPECT_FALSE(acme::parse_order("<html>"));
}

TEST(RenewalInfo, NeedsAWindowThatMakesSense)
{
    const auto good = acme::parse_renewal_info(R"({"suggestedWindow": {"start": "2026-11-22T12:00:00Z",
        "end": "2026-11-23T13:00:00+01:00"}, "explanationURL": "https://ca.test/why"})");

    ASSERT_TRUE(good);
    EXPECT_EQ(good->end - good->start, std::chrono::hours(24));
    EXPECT_EQ(good->explanation_url, "https://ca.test/why");
    for (const auto& text :
         {"{}", R"({"suggestedWindow":{}})", R"({"suggestedWindow":{"start":"soon","end":"later"}})",
          R"({"suggestedWindow":{"start":"2026-11-22T12:00:00Z","end":"2026-11-22T12:00:00Z"}})",
          R"({"suggestedWindow":{"start":"2026-11-23T12:00:00Z","end":"2026-11-22T12:00:00Z"}})"}) {
        EXPECT_FALSE(acme::parse_renewal_info(text)) << text;
    }
}

TEST(Problem, IsNoneForWhatIsNoProblem)
{
    EXPECT_TRUE(acme::parse_problem("").none());
    EXPECT_TRUE(acme::parse_problem("<html>").none());
    EXPECT_TRUE(acme::parse_problem("[1]").none());
    EXPECT_TRUE(acme::parse_problem("{}").none());
    EXPECT_EQ(acme::parse_problem(R"({"type":"about:blank","detail":"x","status":1000000})").status, 0);
    EXPECT_EQ(acme::parse_problem(R"({"type":"urn:acme:error:malformed"})").type, "malformed");
    EXPECT_EQ(acme::parse_problem(R"({"type":"https://ca.test/odd"})").type, "https://ca.test/odd");
}

TEST(Parse, SurvivesDeepNesting)
{
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');

    EXPECT_FALSE(acme::parse_order(R"({"status":"pending","x":)" + deep + "}"));
}

TEST(KeyAuthorization, OfTheExampleInRfc8555)
{
    // RFC 8555 8.1; the DNS value was computed apart with OpenSSL's command line.
    const auto authorization = acme::key_authorization("LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0",
                                                       "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI");

    EXPECT_EQ(authorization,
              "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI");
    EXPECT_EQ(acme::dns_01_value(authorization), "LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo");
}
