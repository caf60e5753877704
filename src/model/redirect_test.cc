#include "model/redirect.h"

#include <gtest/gtest.h>

namespace model {
namespace {

DomainName name(std::string_view text)
{
    return *DomainName::parse(text);
}

Pool pool(int labels = 0)
{
    Pool made;
    made.redirect.to = "https://www.{name}";
    made.labels = labels;
    return made;
}

std::string code_of(const base::Result<>& result)
{
    return result ? "" : result.error().code();
}

TEST(Redirect, KeepsPathAndQueryOrDropsThem)
{
    Redirect redirect{.to = "https://www.example.com/"};
    EXPECT_EQ(redirect_location(redirect, "example.com", "/a/b?c=d"), "https://www.example.com/a/b?c=d");
    EXPECT_EQ(redirect_location(redirect, "example.com", "*"), "https://www.example.com/");
    redirect.to = "https://www.example.com/shop";
    EXPECT_EQ(redirect_location(redirect, "example.com", "/a"), "https://www.example.com/shop/a");
    redirect.keep_path = false;
    EXPECT_EQ(redirect_location(redirect, "example.com", "/a/b?c=d"), "https://www.example.com/shop");
}

TEST(Redirect, PutsTheNameAskedForIntoItsTarget)
{
    const Redirect redirect{.to = "https://www.{name}:8443"};
    EXPECT_EQ(redirect_location(redirect, "example.com", "/x"), "https://www.example.com:8443/x");
}

TEST(Redirect, NeverLeadsToTheHostItself)
{
    EXPECT_EQ(redirect_location({.to = "https://{name}"}, "example.com", "/"), "");
    EXPECT_EQ(redirect_location({.to = "https://example.com:443/x"}, "example.com", "/"), "");
    EXPECT_NE(redirect_location({.to = "https://example.com:8443"}, "example.com", "/"), "");
}

TEST(Redirect, IsNotLedAwayByWhatARequestSays)
{
    const Redirect redirect{.to = "https://www.{name}"};
    EXPECT_EQ(redirect_location(redirect, "evil.test/x.example.com", "/"), "");
    EXPECT_EQ(redirect_location(redirect, "evil.test#.example.com", "/"), "");
    EXPECT_EQ(redirect_location(redirect, "u@evil.test", "/"), "");
    EXPECT_EQ(redirect_location(redirect, "example.com", "@evil.test"), "https://www.example.com/@evil.test");
    EXPECT_EQ(redirect_location(redirect, "example.com", "//evil.test"),
              "https://www.example.com//evil.test");
}

TEST(PoolName, TakesBareDomainsAndDeeperOnesWhereAllowed)
{
    EXPECT_TRUE(check_pool_name(pool(), name("example.com")));
    EXPECT_TRUE(check_pool_name(pool(), name("example.co.uk")));
    EXPECT_EQ(code_of(check_pool_name(pool(), name("shop.example.com"))), "name_not_for_pool");
    EXPECT_TRUE(check_pool_name(pool(1), name("shop.example.com")));
    EXPECT_EQ(code_of(check_pool_name(pool(1), name("a.shop.example.com"))), "name_not_for_pool");
}

TEST(PoolName, RefusesWhatLooksLikeARecursion)
{
    const auto deep = pool(100);
    for (const auto* each : {"www.example.com", "www.www.example.com", "a.a.example.com",
                             "a.b.a.c.a.example.com", "example.example.com"}) {
        EXPECT_EQ(code_of(check_pool_name(deep, name(each))), "name_not_for_pool") << each;
    }
    EXPECT_TRUE(check_pool_name(deep, name("a.b.example.com")));
}

TEST(PoolName, RefusesWhatNobodyCanRegister)
{
    const auto deep = pool(100);
    for (const auto* each : {"co.uk", "com", "localhost", "*.example.com", "a_b.example.com", "192.0.2.1"}) {
        EXPECT_EQ(code_of(check_pool_name(deep, name(each))), "name_not_for_pool") << each;
    }
}

}  // namespace
}  // namespace model
