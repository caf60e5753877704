#include "app/web_assets.h"

#include "http/client.h"
#include "http/testing/http1_server.h"
#include "support/run.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::HasSubstr;

constexpr std::array assets{
    app::WebAsset{"index.html", "text/html; charset=utf-8", "<p>page</p>", "packed page"},
    app::WebAsset{"assets/main-AB12.js", "text/javascript; charset=utf-8", "script()", "packed script"},
};

struct WebAssets : ::testing::Test {
    WebAssets()
    {
        app::add_web_routes(router, assets);
        server = std::make_unique<test::Http1Server>(loop, router);
        client = http::make_client(loop.get_executor(), http::ClientOptions());
    }
    http::ClientResponse get(const std::string& path, http::Headers headers = {})
    {
        http::ClientRequest request("GET", "http://127.0.0.1:" + std::to_string(server->port()) + path);
        request.headers = std::move(headers);
        return test::run(loop, client->send(std::move(request))).value();
    }

    boost::asio::io_context loop{1};
    http::Router router;
    std::unique_ptr<test::Http1Server> server;
    std::unique_ptr<http::Client> client;
};

TEST_F(WebAssets, ServeThePageAtItsAddressesAndNoOther)
{
    for (const auto* path : {"/", "/sign-in", "/endpoints", "/endpoints/ep_1", "/endpoints/new", "/alerts"}) {
        EXPECT_EQ(get(path).body, "<p>page</p>") << path;
    }
    EXPECT_EQ(get("/elsewhere").status, 404);
    EXPECT_EQ(get("/assets/main-0000.js").status, 404);
    EXPECT_EQ(get("/assets/../index.html").status, 404);
}

TEST_F(WebAssets, LetBrowsersLoadAndRunNothingElse)
{
    const auto page = get("/");
    const std::string policy(page.headers.find("Content-Security-Policy").value_or(""));

    EXPECT_THAT(policy, ::testing::StartsWith("default-src 'none'; script-src 'self'; style-src 'self'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, HasSubstr("form-action 'none'"));
    EXPECT_THAT(policy, ::testing::Not(HasSubstr("unsafe")));
    EXPECT_EQ(page.headers.find("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(page.headers.find("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(page.headers.find("Cache-Control"), "no-cache");
}

TEST_F(WebAssets, AreCachedForEverByTheirHash)
{
    const auto plain = get("/assets/main-AB12.js");
    EXPECT_EQ(plain.body, "script()");
    EXPECT_EQ(plain.headers.find("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_FALSE(plain.headers.contains("Content-Encoding"));
}

#if CERTWRIGHT_DASHBOARD
TEST(Dashboard, IsInTheProgramAndNamesItsAssets)
{
    const auto all = app::web_assets();
    const auto page = std::ranges::find(all, "index.html", &app::WebAsset::path);
    ASSERT_NE(page, all.end());
    std::size_t packed = 0;
    for (const auto& each : all) {
        packed += each.packed.size();
        if (&each != &*page) {
            EXPECT_THAT(std::string(page->plain), HasSubstr("/" + std::string(each.path)));
        }
    }
    EXPECT_LT(packed, 150U * 1024);
    EXPECT_THAT(std::string(page->plain), ::testing::Not(HasSubstr("<style")));
}
#endif

}  // namespace
