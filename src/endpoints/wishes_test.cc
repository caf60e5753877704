#include "endpoints/wishes.h"

#include "endpoints/testing/world.h"

#include <gtest/gtest.h>

#include <map>

namespace endpoints {
namespace {

using testing::World;

constexpr auto* v4 = "192.0.2.1";
constexpr auto* v6 = "2001:db8::1";

boost::asio::awaitable<void> until(const int& count, int wanted)
{
    while (count < wanted) {
        co_await base::sleep_for(std::chrono::milliseconds(1));
    }
}

// DNS as a test wants it.
class ScriptedDns final : public dns::Resolver {
public:
    base::Task<dns::Lookup> lookup(std::string name, dns::RecordType type) override
    {
        ++questions;
        co_await base::sleep_for(std::chrono::milliseconds(1));
        const auto found = answers.find({name, type});
        if (found != answers.end()) {
            co_return found->second;
        }
        dns::Lookup nothing;
        nothing.rcode = others;
        nothing.canonical_name = name;
        co_return nothing;
    }
    void say(const std::string& name, dns::RecordType type, std::vector<std::string> records,
             const std::string& canonical = "")
    {
        dns::Lookup lookup;
        lookup.canonical_name = canonical.empty() ? name : canonical;
        lookup.records = std::move(records);
        answers[{name, type}] = lookup;
    }

    std::map<std::pair<std::string, dns::RecordType>, dns::Lookup> answers;
    dns::Rcode others = dns::Rcode::noerror;
    int questions = 0;
};

class WishesTest : public ::testing::Test {
protected:
    WishesTest() { make_pool(0); }

    void make_pool(int labels)
    {
        model::EdgeGroup pool;
        pool.name = "apex";
        pool.addresses = {v4, "2001:0DB8::0001"};
        pool.pool = {{"https://www.{name}", 308, true}, labels};
        ASSERT_TRUE(world.write([&](store::Transaction& tx) { return tx.groups.put(pool); }));
    }
    void leads_here(const std::string& name)
    {
        dns.say(name, dns::RecordType::a, {v4});
        dns.say(name, dns::RecordType::aaaa, {v6});
    }
    model::WishAnswer wish(const std::string& name, const std::string& client = "198.51.100.7")
    {
        const auto answer = world.run(wishes.grant("apex", {name, client}));
        EXPECT_TRUE(answer) << answer.error().message();
        return answer.value_or(model::WishAnswer());
    }
    std::size_t endpoints()
    {
        return world.read([](store::Transaction& tx) { return tx.endpoints.list({.limit = 500}); })
            ->items.size();
    }
    std::size_t orders()
    {
        std::size_t count = 0;
        const auto by_status = world.read([](store::Transaction& tx) { return tx.orders.count_by_status(); });
        for (const auto& [status, number] : *by_status) {
            count += static_cast<std::size_t>(number);
        }
        return count;
    }

    World world;
    ScriptedDns dns;
    WishOptions options;
    Wishes wishes{*world.store, world.service, dns, options};
};

TEST_F(WishesTest, ANameThatLeadsHereBecomesARedirectWithOneOrder)
{
    leads_here("example.com");

    EXPECT_TRUE(wish("Example.COM.").granted);
    EXPECT_TRUE(wish("example.com").granted);

    const auto made = world.read([](store::Transaction& tx) {
        return tx.endpoints.find_by_name(*model::DomainName::parse("example.com"));
    });
    ASSERT_TRUE(made);
    EXPECT_EQ(made->redirect, (model::Redirect{"https://www.{name}", 308, true}));
    EXPECT_TRUE(made->on_demand);
    EXPECT_FALSE(made->vouched) << "whoever proves that it is his takes it over";
    EXPECT_EQ(world.read([&](store::Transaction& tx) { return tx.names.holder(made->name()); })->value(),
              made->id);
    EXPECT_EQ(made->edge_group, "apex");
    EXPECT_EQ(made->required_records.front().value, v4);
    EXPECT_EQ(orders(), 1U);
    EXPECT_EQ(dns.questions, 2) << "what is here is not looked up again";
}

TEST_F(WishesTest, AThousandClientsForOneNewNameMakeOneOrder)
{
    leads_here("example.com");
    int granted = 0;
    for (int i = 0; i < 1000; ++i) {
        auto asking = wishes.grant("apex", {"example.com", "198.51.100." + std::to_string(i % 250)});
        boost::asio::co_spawn(world.loop, std::move(asking), [&](std::exception_ptr, auto answer) {
            granted += answer && answer->granted ? 1 : 0;
        });
    }
    world.run(until(granted, 1000));

    EXPECT_EQ(endpoints(), 1U);
    EXPECT_EQ(orders(), 1U);
    EXPECT_EQ(dns.questions, 2);
}

TEST_F(WishesTest, TwoControlNodesMakeOneOrder)
{
    leads_here("example.com");
    Wishes other{*world.store, world.service, dns, options};
    int granted = 0;
    for (auto* each : {&wishes, &other}) {
        boost::asio::co_spawn(world.loop, each->grant("apex", {"example.com", "198.51.100.7"}),
                              [&](std::exception_ptr, auto answer) { granted += answer && answer->granted; });
    }
    world.run(until(granted, 2));

    EXPECT_EQ(dns.questions, 4);
    EXPECT_EQ(endpoints(), 1U);
    EXPECT_EQ(orders(), 1U);
}

TEST_F(WishesTest, RefusesWhateverDoesNotLeadHereAlone)
{
    using enum dns::RecordType;
    dns.say("a.test", a, {"203.0.113.9"});
    dns.say("b.test", a, {v4, "203.0.113.9"});
    dns.say("c.test", a, {v4});
    dns.say("c.test", aaaa, {v6, "2001:db8::9"});
    dns.say("d.test", a, {v4}, "elsewhere.test");
    dns.say("e.test", aaaa, {});
    dns.answers[{"f.test", a}].rcode = dns::Rcode::nxdomain;
    dns.answers[{"g.test", a}].rcode = dns::Rcode::servfail;
    dns.say("h.test", a, {v4});
    dns.answers[{"h.test", aaaa}].bogus = true;
    const std::map<std::string, std::string> expected{
        {"a.test", "dns_wrong_target"},  {"b.test", "dns_wrong_target"}, {"c.test", "dns_wrong_target"},
        {"d.test", "dns_wrong_target"},  {"e.test", "dns_not_found"},    {"f.test", "dns_not_found"},
        {"g.test", "dns_lookup_failed"}, {"h.test", "dns_lookup_failed"}};
    for (const auto& [name, code] : expected) {
        const auto answer = wish(name);
        EXPECT_FALSE(answer.granted) << name;
        EXPECT_EQ(answer.code, code) << name;
        EXPECT_GT(answer.keep.count(), 0) << name;
    }
    EXPECT_EQ(endpoints(), 0U);
    const auto asked = dns.questions;
    EXPECT_EQ(wish("a.test").code, "dns_wrong_target");
    EXPECT_EQ(dns.questions, asked) << "refusals are remembered";
}

TEST_F(WishesTest, LooksIntoItsOwnTablesFirst)
{
    leads_here("mine.test");
    leads_here("gone.test");
    ASSERT_TRUE(world.add("acme", "mine.test"));
    ASSERT_TRUE(world.add("default", "gone.test"));
    ASSERT_TRUE(world.run(world.service.remove(Caller{}, "gone.test")));

    EXPECT_EQ(wish("mine.test").code, "name_in_use") << "though nobody has proved it yet";
    EXPECT_EQ(wish("gone.test").code, "name_in_use") << "the operator has just removed it";
    EXPECT_EQ(dns.questions, 0);
}

TEST_F(WishesTest, TenThousandRandomSubdomainsCostNoOrderAndNoQuestion)
{
    dns.others = dns::Rcode::noerror;
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_FALSE(wish("r" + std::to_string(i) + ".example.com").granted);
    }
    EXPECT_EQ(dns.questions, 0);
    EXPECT_EQ(orders(), 0U);
}

TEST_F(WishesTest, TenThousandSubdomainsThatLeadHereAreFewNames)
{
    make_pool(1);
    int granted = 0;
    for (int i = 0; i < 10'000; ++i) {
        const auto name = "r" + std::to_string(i) + ".example.com";
        leads_here(name);
        granted += wish(name, "198.51.100." + std::to_string(i % 250)).granted ? 1 : 0;
    }
    EXPECT_EQ(granted, options.names_per_domain);
    EXPECT_EQ(orders(), static_cast<std::size_t>(options.names_per_domain));
    EXPECT_LE(dns.questions, 2 * options.names_per_domain);
}

TEST_F(WishesTest, RefusesRecursionsAndWhatNobodyRegisters)
{
    make_pool(9);
    for (const auto* each : {"www.example.com", "www.www.example.com", "a.a.a.example.com", "co.uk",
                             "localhost", "192.0.2.1", "a_b.example.com", "*.example.com"}) {
        leads_here(each);
        EXPECT_FALSE(wish(each).granted) << each;
    }
    EXPECT_FALSE(wish(std::string(300, 'a')).granted);
    EXPECT_EQ(dns.questions, 0);
}

TEST_F(WishesTest, OneClientMayNotLookUpMoreThanItsShare)
{
    options.flood.client = {0.001, 3};
    Wishes few{*world.store, world.service, dns, options};
    int limited = 0;
    for (int i = 0; i < 100; ++i) {
        const auto answer = world.run(few.grant("apex", {"n" + std::to_string(i) + ".test", "198.51.100.7"}));
        limited += answer->code == "wishes_limited" ? 1 : 0;
    }
    EXPECT_EQ(limited, 97);
    EXPECT_LE(dns.questions, 6);
    leads_here("other.test");
    EXPECT_TRUE(world.run(few.grant("apex", {"other.test", "198.51.100.8"}))->granted);
}

TEST_F(WishesTest, ANameThatSomebodyAddsIsNoLongerOnDemand)
{
    leads_here("example.com");
    ASSERT_TRUE(wish("example.com").granted);
    NewEndpoint added;
    added.names = {"example.com"};
    added.redirect.to = "https://shop.example.com";

    const auto changed = world.run(world.service.create(Caller{}, added));

    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_FALSE(changed->created);
    EXPECT_FALSE(changed->endpoint.on_demand);
    EXPECT_EQ(changed->endpoint.redirect.to, "https://shop.example.com");
    EXPECT_EQ(wishes.counts().granted, 1U);
}

TEST_F(WishesTest, OnlyPoolsGrant)
{
    leads_here("example.com");
    model::EdgeGroup plain;
    plain.name = "plain";
    plain.addresses = {v4, v6};
    ASSERT_TRUE(world.write([&](store::Transaction& tx) { return tx.groups.put(plain); }));
    EXPECT_EQ(world.run(wishes.grant("plain", {"example.com", "c"}))->code, "not_a_pool");
    EXPECT_EQ(endpoints(), 0U);
}

}  // namespace
}  // namespace endpoints
