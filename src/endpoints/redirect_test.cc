#include "endpoints/redirect_rules.h"
#include "endpoints/testing/world.h"

#include <gtest/gtest.h>

namespace endpoints {
namespace {

using testing::code_of;
using testing::World;

NewEndpoint redirect(std::vector<std::string> names, const std::string& to)
{
    NewEndpoint wanted;
    wanted.names = std::move(names);
    wanted.redirect.to = to;
    return wanted;
}

base::Result<Outcome> add(World& world, const NewEndpoint& wanted, const std::string& tenant = "acme")
{
    return world.run(world.service.create(Caller{tenant}, wanted));
}

base::Result<Outcome> change(World& world, const std::string& name, const EndpointChange& wanted)
{
    return world.run(world.service.update(Caller{"acme"}, name, wanted));
}

TEST(RedirectRules, ARedirectIsAnEndpointWithAnotherAnswer)
{
    World world;
    const auto made = add(world, redirect({"example.com"}, "HTTPS://WWW.Example.com/Shop/"));

    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->endpoint.redirect, (model::Redirect{"https://www.example.com/Shop/", 301, true}));
    EXPECT_TRUE(made->endpoint.upstream.empty());
    const auto again = add(world, redirect({"example.com"}, "https://www.example.com/Shop/"));
    EXPECT_FALSE(again->created);
    EXPECT_FALSE(again->changed);
    const auto other = add(world, redirect({"example.com"}, "https://shop.example.com"));
    EXPECT_TRUE(other->changed);
    EXPECT_EQ(world.run(world.service.get(Caller{"acme"}, "example.com"))->endpoint.redirect.to,
              "https://shop.example.com");
}

TEST(RedirectRules, RefusesALoop)
{
    World world;
    EXPECT_EQ(code_of(add(world, redirect({"example.com"}, "https://example.com"))), "redirect_loop");
    EXPECT_EQ(code_of(add(world, redirect({"example.com"}, "http://EXAMPLE.com:80/x"))), "redirect_loop");
    EXPECT_EQ(code_of(add(world, redirect({"example.com"}, "https://{name}/x"))), "redirect_loop");
    EXPECT_EQ(code_of(add(world, redirect({"example.com", "www.example.com"}, "https://www.example.com"))),
              "redirect_loop");
    EXPECT_EQ(code_of(add(world, redirect({"example.com", "www.example.com"}, "https://www.{name}"))),
              "redirect_loop");
    EXPECT_EQ(code_of(add(world, redirect({"example.com", "www.example.com"}, "HTTPS://WWW.{name}"))),
              "redirect_loop");
    EXPECT_TRUE(add(world, redirect({"example.com"}, "https://example.com:8443")));
}

TEST(RedirectRules, ATemplateHasItsHostInLowerCaseAndItsPathAsItIs)
{
    World world;
    const auto made = add(world, redirect({"example.com"}, "HTTPS://Shop.{name}/Sale?At={name}"));
    EXPECT_EQ(code_of(made), "redirect_invalid") << "a query cannot keep the path";

    auto wanted = redirect({"example.com"}, "HTTPS://Shop.{name}/Sale?At={name}");
    wanted.redirect.keep_path = false;
    EXPECT_EQ(add(world, wanted)->endpoint.redirect.to, "https://shop.{name}/Sale?At={name}");
}

TEST(RedirectRules, WarnsOfAWildcardThatCoversItsOwnTarget)
{
    World world;
    const auto made = add(world, redirect({"*.example.com"}, "https://www.example.com"));

    ASSERT_TRUE(made) << made.error().message();
    ASSERT_TRUE(loop_warning(made->endpoint));
    EXPECT_EQ(made->warnings.back().code, "redirect_loop");
    EXPECT_FALSE(loop_warning(add(world, redirect({"*.example.net"}, "https://www.example.com"))->endpoint));
}

TEST(RedirectRules, RefusesWhatNobodyCanFollow)
{
    World world;
    for (const auto* each : {"www.example.com", "ftp://www.example.com", "https://u:p@www.example.com",
                             "https://www.example.com/#x", "https://", "https://www.{nom}", "https://x y"}) {
        EXPECT_EQ(code_of(add(world, redirect({"example.com"}, each))), "redirect_invalid") << each;
    }
    auto wanted = redirect({"example.com"}, "https://www.example.com");
    wanted.redirect.status = 303;
    EXPECT_EQ(code_of(add(world, wanted)), "redirect_invalid");
    wanted = redirect({"example.com"}, "https://www.example.com/?from=bare");
    EXPECT_EQ(code_of(add(world, wanted)), "redirect_invalid");
    wanted.redirect.keep_path = false;
    EXPECT_TRUE(add(world, wanted));
    wanted = redirect({"both.example.com"}, "https://www.example.com");
    wanted.upstream = "http://app.example.net";
    EXPECT_EQ(code_of(add(world, wanted)), "redirect_invalid");
}

TEST(RedirectRules, ChangesOneSettingAndTurnsIntoAnAppAndBack)
{
    World world;
    ASSERT_TRUE(add(world, redirect({"example.com"}, "https://www.example.com")));

    EndpointChange status;
    status.redirect_status = 308;
    status.redirect_keep_path = false;
    EXPECT_EQ(change(world, "example.com", status)->endpoint.redirect,
              (model::Redirect{"https://www.example.com", 308, false}));
    EndpointChange app;
    app.upstream = "http://app.example.net";
    const auto proxied = change(world, "example.com", app);
    EXPECT_TRUE(proxied->endpoint.redirect.none());
    EXPECT_EQ(code_of(change(world, "example.com", status)), "redirect_invalid");
    EndpointChange back;
    back.redirect_to = "https://www.example.com";
    EXPECT_TRUE(change(world, "example.com", back)->endpoint.upstream.empty());
    back.redirect_to = "https://example.com";
    EXPECT_EQ(code_of(change(world, "example.com", back)), "redirect_loop");
}

TEST(RedirectRules, NeedsEdges)
{
    World world;
    model::EdgeGroup proxies;
    proxies.name = "haproxy";
    proxies.addresses = {"192.0.2.80"};
    proxies.proxies = true;
    ASSERT_TRUE(world.write([&](store::Transaction& tx) { return tx.groups.put(proxies); }));
    auto wanted = redirect({"example.com"}, "https://www.example.com");
    wanted.edge_group = "haproxy";

    EXPECT_EQ(code_of(world.run(world.service.create(Caller{}, wanted))), "redirect_needs_edges");
    wanted.edge_group.clear();
    wanted.own_challenges = true;
    EXPECT_EQ(code_of(world.run(world.service.create(Caller{}, wanted))), "redirect_needs_edges");
}

TEST(RedirectRules, ListsRedirectsAlone)
{
    World world;
    ASSERT_TRUE(world.add("acme", "app.example.com"));
    ASSERT_TRUE(add(world, redirect({"example.com"}, "https://www.example.com")));

    Listing listing;
    EXPECT_EQ(world.run(world.service.list(Caller{"acme"}, listing))->items.size(), 2U);
    listing.redirects = true;
    const auto found = world.run(world.service.list(Caller{"acme"}, listing));
    ASSERT_EQ(found->items.size(), 1U);
    EXPECT_EQ(found->items.front().name().text(), "example.com");
}

TEST(PoolRules, TakesATemplateThatLeadsElsewhere)
{
    const auto code = [](model::Pool pool) {
        const auto checked = check_pool(pool);
        return checked ? std::string() : checked.error().code();
    };
    EXPECT_EQ(code({{"https://www.{name}", 301, true}, 0}), "");
    EXPECT_EQ(code({{"https://landing.example", 302, false}, 1}), "");
    EXPECT_EQ(code({{"https://{name}", 301, true}, 0}), "redirect_loop");
    EXPECT_EQ(code({{"www.{name}", 301, true}, 0}), "redirect_invalid");
    EXPECT_EQ(code({{"https://www.{name}", 301, true}, 11}), "pool_invalid");
}

}  // namespace
}  // namespace endpoints
