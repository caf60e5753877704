#include "api/testing/api_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using api::testing::Answered;
using api::testing::ApiWorld;
using ::testing::HasSubstr;
using ::testing::Not;

const http::Headers own_page{{"X-Certwright-Dashboard", "1"}};

struct Sessions : ::testing::Test, ApiWorld {
    Answered send(const std::string& method, const std::string& path, http::Headers headers,
                  const std::string& body = "")
    {
        http::ClientRequest request(method, "http://127.0.0.1:" + std::to_string(server->port()) + path);
        request.headers = std::move(headers);
        if (!body.empty()) {
            request.headers.add("Content-Type", "application/json");
        }
        request.body = body;
        auto response = world.run(client->send(std::move(request))).value();
        Answered answered{response.status, {}, response.body, response.headers};
        boost::system::error_code ignored;
        answered.body = boost::json::parse(answered.text, ignored);
        return answered;
    }
    // The cookie of a new session, as a browser sends it back.
    std::string sign_in(const std::string& token)
    {
        const auto signed_in = send("POST", "/v1/sessions", own_page, R"({"token":")" + token + R"("})");
        EXPECT_EQ(signed_in.status, 201) << signed_in.text;
        const std::string cookie(signed_in.headers.find("Set-Cookie").value_or(""));
        return cookie.substr(0, cookie.find(';'));
    }
    Answered browse(const std::string& cookie, const std::string& method, const std::string& path,
                    const std::string& body = "")
    {
        auto headers = own_page;
        headers.add("Cookie", "theme=dark; " + cookie);
        return send(method, path, std::move(headers), body);
    }
};

TEST_F(Sessions, DoWhatTheirTokenMayDo)
{
    const auto cookie = sign_in(acme_token);
    const auto made = browse(cookie, "POST", "/v1/endpoints",
                             R"({"name":"shop.customer.test","upstream":"http://app.example.net"})");
    const auto who = browse(cookie, "GET", "/v1/session");

    EXPECT_EQ(made.status, 201) << made.text;
    EXPECT_EQ(made.body.at("tenant").as_string(), "acme");
    EXPECT_EQ(who.body.at("tenant").as_string(), "acme");
    EXPECT_EQ(who.body.at("scope").as_string(), "write");
    EXPECT_EQ(browse(cookie, "GET", "/v1/edges").code(), "operator_required");
    EXPECT_EQ(browse(cookie, "POST", "/v1/tokens", "{}").code(), "scope_missing");
    EXPECT_EQ(browse(cookie, "POST", "/v1/sign-in-codes", "{}").code(), "token_required");
    const auto reader = sign_in(token("acme", {"read"}));
    EXPECT_EQ(browse(reader, "POST", "/v1/endpoints", R"({"name":"a.customer.test"})").code(),
              "scope_missing");
    EXPECT_EQ(send("POST", "/v1/sessions", own_page, R"({"token":")" + token("", {"edge:default"}) + R"("})")
                  .code(),
              "scope_missing");
}

TEST_F(Sessions, HaveACookieThatScriptsAndOtherSitesDoNotGet)
{
    const auto body = R"({"token":")" + acme_token + R"("})";
    const auto plain = send("POST", "/v1/sessions", own_page, body);
    auto behind_tls = own_page;
    behind_tls.add("X-Forwarded-Proto", "https");
    const auto secure = send("POST", "/v1/sessions", behind_tls, body);

    const auto cookie = std::string(plain.headers.find("Set-Cookie").value_or(""));
    EXPECT_THAT(cookie, HasSubstr("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"));
    EXPECT_THAT(cookie, Not(HasSubstr("Secure")));
    const auto guarded = std::string(secure.headers.find("Set-Cookie").value_or(""));
    EXPECT_THAT(guarded, ::testing::StartsWith("__Host-certwright_session="));
    EXPECT_THAT(guarded, HasSubstr("; Secure"));
    EXPECT_THAT(plain.text, Not(HasSubstr(cookie.substr(19, 43))));
}

TEST_F(Sessions, ChangeNothingForPagesOfOthers)
{
    const auto cookie = sign_in(acme_token);
    const std::string body = R"({"name":"shop.customer.test","upstream":"http://app.example.net"})";
    http::Headers bare{{"Cookie", cookie}};
    auto elsewhere = own_page;
    elsewhere.add("Cookie", cookie);
    elsewhere.add("Sec-Fetch-Site", "cross-site");

    EXPECT_EQ(send("POST", "/v1/endpoints", bare, body).code(), "request_foreign");
    EXPECT_EQ(send("POST", "/v1/endpoints", elsewhere, body).code(), "request_foreign");
    EXPECT_EQ(send("DELETE", "/v1/session", bare).code(), "request_foreign");
    EXPECT_EQ(send("POST", "/v1/sessions", {}, R"({"token":")" + acme_token + R"("})").code(),
              "request_foreign");
    EXPECT_EQ(send("GET", "/v1/endpoints", bare).status, 200);
    EXPECT_TRUE(browse(cookie, "GET", "/v1/endpoints").body.at("items").as_array().empty());
}

TEST_F(Sessions, EndWithTheirTokenTheirTimeAndBySigningOut)
{
    const auto by_time = sign_in(acme_token);
    world.clock.advance(std::chrono::hours(11));
    const auto by_hand = sign_in(acme_token);
    EXPECT_EQ(browse(by_time, "GET", "/v1/session").status, 200);
    world.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(browse(by_time, "GET", "/v1/session").code(), "session_ended");

    const auto gone = browse(by_hand, "DELETE", "/v1/session");
    EXPECT_EQ(gone.status, 204);
    EXPECT_THAT(std::string(gone.headers.find("Set-Cookie").value_or("")), HasSubstr("Max-Age=0"));
    EXPECT_EQ(browse(by_hand, "GET", "/v1/session").code(), "session_ended");

    const auto minted = ask(operator_token, "POST", "/v1/tokens", R"({"tenant":"acme","scopes":["write"]})");
    const auto by_token = sign_in(std::string(minted.body.at("token").as_string()));
    EXPECT_EQ(browse(by_token, "GET", "/v1/session").status, 200);
    ask(operator_token, "DELETE", "/v1/tokens/" + std::string(minted.body.at("id").as_string()));
    EXPECT_EQ(browse(by_token, "GET", "/v1/session").code(), "session_ended");
}

TEST_F(Sessions, AreMadeOnceByACode)
{
    const auto code = ask(acme_token, "POST", "/v1/sign-in-codes", "{}");
    ASSERT_EQ(code.status, 201) << code.text;
    const auto body = R"({"code":")" + std::string(code.body.at("code").as_string()) + R"("})";

    EXPECT_EQ(send("POST", "/v1/sessions", own_page, body).body.at("tenant").as_string(), "acme");
    EXPECT_EQ(send("POST", "/v1/sessions", own_page, body).code(), "sign_in_code_invalid");

    const auto late = ask(acme_token, "POST", "/v1/sign-in-codes", "{}");
    world.clock.advance(std::chrono::minutes(11));
    EXPECT_EQ(send("POST", "/v1/sessions", own_page,
                   R"({"code":")" + std::string(late.body.at("code").as_string()) + R"("})")
                  .code(),
              "sign_in_code_invalid");
    EXPECT_EQ(send("POST", "/v1/sessions", own_page, "{}").code(), "body_invalid");
}

TEST_F(Sessions, OfOneTokenMakeRoomForNewOnes)
{
    const auto first = sign_in(acme_token);
    world.clock.advance(std::chrono::seconds(1));
    for (std::size_t i = 0; i < store::Sessions::most_of_token; ++i) {
        sign_in(acme_token);
    }
    EXPECT_EQ(browse(first, "GET", "/v1/session").code(), "session_ended");
    EXPECT_EQ(browse(sign_in(globex_token), "GET", "/v1/session").status, 200);
}

TEST_F(Sessions, CountNamesAndEndsForTheirTenantOnly)
{
    add(acme_token, "one.customer.test");
    add(acme_token, "two.customer.test");
    add(globex_token, "other.customer.test");
    model::Certificate certificate;
    certificate.id = "cert_1";
    certificate.tenant = "acme";
    certificate.not_after = world.clock.now() + std::chrono::hours(5 * 24);
    certificate.created_at = world.clock.now() - std::chrono::hours(24);
    ASSERT_TRUE(
        world.write([certificate](store::Transaction& tx) { return tx.certificates.insert(certificate); }));

    const auto acme = ask(acme_token, "GET", "/v1/overview");
    const auto globex = ask(globex_token, "GET", "/v1/overview");
    const auto all = ask(operator_token, "GET", "/v1/overview");
    const auto in_a_week = [](const Answered& overview) {
        for (const auto& row : overview.body.at("expiry").as_array()) {
            if (row.at("before_days") == 7) {
                return row.at("certificates").as_int64();
            }
        }
        return std::int64_t{-1};
    };

    EXPECT_EQ(acme.body.at("endpoints").at("pending_dns").as_int64(), 2);
    EXPECT_EQ(globex.body.at("endpoints").at("pending_dns").as_int64(), 1);
    EXPECT_EQ(all.body.at("endpoints").at("pending_dns").as_int64(), 3);
    EXPECT_EQ(in_a_week(acme), 1);
    EXPECT_EQ(in_a_week(globex), 0);
    EXPECT_EQ(in_a_week(all), 1);
    const auto issued = [](const Answered& overview) {
        std::vector<std::int64_t> made;
        for (const auto& row : overview.body.at("issued").as_array()) {
            made.push_back(row.at("certificates").as_int64());
        }
        return made;
    };
    std::vector<std::int64_t> yesterday(14);
    yesterday[12] = 1;
    EXPECT_EQ(issued(acme), yesterday);
    EXPECT_EQ(issued(globex), std::vector<std::int64_t>(14));
    EXPECT_EQ(issued(all), yesterday);
}

}  // namespace
