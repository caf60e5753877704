#include "http/router.h"

#include "http/testing/http1_server.h"
#include "http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

http::RouteFunction says(std::string word)
{
    return [word](http::Exchange& exchange, http::RouteMatch match) {
        auto text = word;
        for (const auto& [name, value] : match.parameters) {
            text += " " + name + "=" + value;
        }
        return [](http::Exchange& e, std::string t) -> asio::awaitable<void> {
            static_cast<void>(co_await http::send_text(e, 200, "text/plain", std::move(t)));
        }(exchange, std::move(text));
    };
}

class RouterTest : public testing::Test {
protected:
    RouterTest()
    {
        router.add("GET", "/v1/endpoints/{id}", says("one"));
        router.add("DELETE", "/v1/endpoints/{id}", says("delete"));
        router.add("GET", "/v1/endpoints/mine", says("mine"));
        router.add("GET", "/v1/endpoints", says("all"));
        router.add("GET", "/files/{path...}", says("file"));
    }
    std::string ask(const std::string& method, const std::string& target)
    {
        auto answer = test::run(
            loop, test::talk(server.port(),
                             method + " " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        return answer ? *answer : answer.error().message();
    }

    asio::io_context loop{1};
    http::Router router;
    test::Http1Server server{loop, router};
};

TEST_F(RouterTest, PrefersLiteralSegmentsAndDecodesParameters)
{
    EXPECT_THAT(ask("GET", "/v1/endpoints/a%20b?x=1"), EndsWith("\r\n\r\none id=a b"));
    EXPECT_THAT(ask("GET", "/v1/endpoints/mine"), EndsWith("\r\n\r\nmine"));
    EXPECT_THAT(ask("GET", "/v1/endpoints"), EndsWith("\r\n\r\nall"));
    EXPECT_THAT(ask("DELETE", "/v1/endpoints/7"), EndsWith("\r\n\r\ndelete id=7"));
    EXPECT_THAT(ask("GET", "/files/a/b/c"), EndsWith("\r\n\r\nfile path=a/b/c"));
    EXPECT_THAT(ask("HEAD", "/v1/endpoints"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(RouterTest, SaysWhichMethodsAPathAllows)
{
    const auto answer = ask("PUT", "/v1/endpoints/7");

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(answer, HasSubstr("Allow: GET, DELETE\r\n"));
    EXPECT_THAT(answer, HasSubstr("application/problem+json"));
}

TEST_F(RouterTest, AnswersUnknownPathsWith404OrTheFallback)
{
    EXPECT_THAT(ask("GET", "/v1/endpoints/"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(ask("GET", "/v1"), StartsWith("HTTP/1.1 404 "));
    router.otherwise(says("page"));
    EXPECT_THAT(ask("GET", "/anything"), EndsWith("page"));
}

TEST(Uri, DecodesQueriesAndPaths)
{
    const auto query = http::parse_query("a=1&b=x%20y+z&flag&a=2&=e&bad=%zz&&p=%2B");

    EXPECT_EQ(query.at("a"), "2");
    EXPECT_EQ(query.at("b"), "x y z");
    EXPECT_EQ(query.at("flag"), "");
    EXPECT_EQ(query.at("bad"), "%zz");
    EXPECT_EQ(query.at("p"), "+");
    EXPECT_EQ(http::percent_decode("a%2fb+").value(), "a/b+");
    EXPECT_FALSE(http::percent_decode("%2"));
    EXPECT_EQ(http::percent_encode("a b/ä~"), "a%20b%2F%C3%A4~");
}

}  // namespace
