#include "acme/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::Time noon()
{
    return base::parse_rfc3339("2026-11-22T12:00:00Z").value();
}

http::ClientResponse answer(int status, std::string body, http::Headers headers = {})
{
    http::ClientResponse made;
    made.status = status;
    made.body = std::move(body);
    made.headers = std::move(headers);
    return made;
}

std::string problem(const std::string& type, const std::string& detail)
{
    return R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":")" + detail + R"("})";
}

}  // namespace

TEST(RetryAfter, IsReadInEveryForm)
{
    struct Case {
        std::string text;
        std::optional<std::chrono::seconds> want;
    };
    const Case cases[] = {
        {"0", 0s},
        {"120", 120s},
        {" 7 ", 7s},
        {"-5", 0s},
        {"99999999999999999999999", std::chrono::days(30)},
        {"31536000", std::chrono::days(30)},
        {"Sun, 22 Nov 2026 12:05:00 GMT", 300s},
        {"Sun, 22 Nov 2026 11:00:00 GMT", 0s},
        {"Sunday, 22-Nov-26 12:01:00 GMT", 60s},
        {"Sun Nov 22 12:00:30 2026", 30s},
        {"", std::nullopt},
        {"soon", std::nullopt},
        {"1.5", std::nullopt},
        {"12 minutes", std::nullopt},
        {"Sun, 22 Nov 2026", std::nullopt},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(acme::retry_after({{"retry-after", c.text}}, noon()), c.want) << c.text;
    }
    EXPECT_EQ(acme::retry_after({}, noon()), std::nullopt);
}

TEST(Links, AreFoundByRelation)
{
    const http::Headers headers{
        {"Link", R"(<https://ca.test/dir>;rel="index")"},
        {"link", R"(<https://ca.test/1>; rel="alternate", <https://ca.test/2>;title="a;b";rel=alternate)"},
        {"Link", R"(<https://ca.test/3>;Rel="up alternate",<https://ca.test/4>; rel="alternates")"},
        {"Link", "<https://ca.test/broken"},
    };

    EXPECT_THAT(acme::links(headers, "alternate"),
                ElementsAre("https://ca.test/1", "https://ca.test/2", "https://ca.test/3"));
    EXPECT_THAT(acme::links(headers, "index"), ElementsAre("https://ca.test/dir"));
    EXPECT_THAT(acme::links(headers, "next"), IsEmpty());
}

TEST(Failure, HasTheKindThatCallersBranchOn)
{
    struct Case {
        int status;
        std::string type;
        base::Errc kind;
    };
    const Case cases[] = {
        {429, "rateLimited", base::Errc::rate_limited},
        {503, "rateLimited", base::Errc::rate_limited},
        {500, "serverInternal", base::Errc::unavailable},
        {502, "malformed", base::Errc::unavailable},
        {403, "unauthorized", base::Errc::unauthorized},
        {401, "malformed", base::Errc::unauthorized},
        {401, "externalAccountRequired", base::Errc::unauthorized},
        {404, "malformed", base::Errc::not_found},
        {400, "accountDoesNotExist", base::Errc::not_found},
        {409, "alreadyReplaced", base::Errc::conflict},
        {400, "rejectedIdentifier", base::Errc::invalid},
        {403, "orderNotReady", base::Errc::invalid},
        {400, "newInventionOfTheCa", base::Errc::invalid},
    };
    for (const auto& c : cases) {
        const auto error = acme::to_error(answer(c.status, problem(c.type, "why")), noon());
        EXPECT_EQ(error.kind(), c.kind) << c.status << " " << c.type;
        EXPECT_EQ(error.code(), "acme:" + c.type);
        EXPECT_EQ(error.message(), "why");
    }
}

TEST(Failure, CarriesTheWaitOfTheCa)
{
    const auto limited = answer(
        429,
        problem("rateLimited", "too many new orders (300), see https://letsencrypt.org/docs/rate-limits"),
        {{"Retry-After", "Sun, 22 Nov 2026 12:10:00 GMT"}});

    const auto error = acme::to_error(limited, noon());

    EXPECT_EQ(error.code(), "acme:rateLimited");
    EXPECT_EQ(error.retry_after(), 600s);
}

TEST(Failure, PauseIsToldApartFromALimit)
{
    const std::string detail =
        "Your account is temporarily prevented from requesting certificates for a.test and possibly others. "
        "Please visit: https://portal.letsencrypt.test/sfe/v1/unpause?jwt=abc.def";

    const auto paused = acme::to_error(answer(429, problem("rateLimited", detail)), noon());
    const auto timed =
        acme::to_error(answer(429, problem("rateLimited", detail), {{"Retry-After", "60"}}), noon());
    const auto plain =
        acme::to_error(answer(429, problem("rateLimited", "see https://ca.test/docs/limits")), noon());

    EXPECT_EQ(paused.code(), "acme:paused");
    EXPECT_EQ(paused.kind(), base::Errc::rate_limited);
    EXPECT_FALSE(paused.retry_after());
    EXPECT_TRUE(paused.fix().contains("https://portal.letsencrypt.test/sfe/v1/unpause?jwt=abc.def"))
        << paused.fix();
    EXPECT_EQ(timed.code(), "acme:rateLimited");
    EXPECT_EQ(plain.code(), "acme:rateLimited");
}

TEST(Failure, NamesEverySubproblem)
{
    const auto error = acme::to_error(
        answer(400,
               R"({"type":"urn:ietf:params:acme:error:rejectedIdentifier","detail":"refused","subproblems":[
            {"type":"urn:ietf:params:acme:error:caa","detail":"CAA forbids","identifier":{"type":"dns","value":"a.test"}},
            {"type":"urn:ietf:params:acme:error:dns","identifier":{"type":"dns","value":"b.test"}}, 5]})"),
        noon());

    EXPECT_EQ(error.message(), "refused (a.test: CAA forbids; b.test: dns)");
}

TEST(Failure, ReadsPagesOfProxies)
{
    const auto page = answer(
        429, "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\x1b[31m</body></html>",
        {{"Content-Type", "text/html"}, {"Retry-After", "30"}});

    const auto limited = acme::to_error(page, noon());
    const auto down = acme::to_error(answer(502, ""), noon());
    const auto odd = acme::to_error(answer(418, "{\"error\":\"teapot\"}"), noon());

    EXPECT_EQ(limited.kind(), base::Errc::rate_limited);
    EXPECT_EQ(limited.code(), "acme:rateLimited");
    EXPECT_EQ(limited.retry_after(), 30s);
    EXPECT_TRUE(limited.message().contains("429 Too Many Requests")) << limited.message();
    EXPECT_FALSE(limited.message().contains("<")) << limited.message();
    EXPECT_FALSE(limited.message().contains("\x1b"));
    EXPECT_EQ(down.kind(), base::Errc::unavailable);
    EXPECT_EQ(odd.kind(), base::Errc::invalid);
}

TEST(Failure, IsBoundedAndOnOneLine)
{
    const auto error =
        acme::to_error(answer(400, problem("malformed", "a\\n\\tb" + std::string(100'000, 'x'))), noon());

    EXPECT_TRUE(error.message().starts_with("a b"));
    EXPECT_LE(error.message().size(), 1000U);
}

TEST(Failure, BadNonceIsRecognisedOnlyAsAProblem)
{
    EXPECT_TRUE(acme::is_bad_nonce(answer(400, problem("badNonce", "old"))));
    EXPECT_FALSE(acme::is_bad_nonce(answer(400, "badNonce")));
    EXPECT_FALSE(acme::is_bad_nonce(answer(200, problem("badNonce", "old"))));
}
