#include "zones/stored/zones.h"

#include "dns/rdata.h"
#include "support/run.h"
#include "support/temp_dir.h"
#include "zones/rules.h"
#include "zones/stored/put.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace zones {
namespace {

using dns::RecordType;
using testing::HasSubstr;

class ZonesTest : public testing::Test {
protected:
    // In front of what calls it, since its type is deduced.
    template <class F>
    auto write(F function)
    {
        return test::run(loop_, store_->write(std::move(function)));
    }

    ZonesTest() : store_(store::open_sqlite(folder_.path() / "certwright.db", clock_).value())
    {
        model::Zone platform;
        platform.apex = "platform.test";
        platform.name_servers = {{"ns1.platform.test", {"192.0.2.53"}}};
        platform.hostmaster = "hostmaster.platform.test";
        EXPECT_TRUE(write([platform](store::Transaction& tx) -> base::Result<> {
            CHECKED(tx.tenants.put({"default", "Default", base::Time()}));
            CHECKED(tx.tenants.put({"acme", "Acme", base::Time()}));
            return tx.groups.put_zone(platform);
        }));
    }

    base::Result<Added> add(NewZone wanted)
    {
        return test::run(loop_, zones::add(*store_, std::move(wanted)));
    }
    base::Result<Imported> take_file(std::string text, bool preview = false)
    {
        return test::run(loop_, import_file(*store_, "shop.test", std::move(text), preview));
    }
    base::Result<Put> put(std::string_view name, std::string_view type,
                          const std::vector<std::string>& values, Caller caller = {},
                          std::string zone = "shop.test")
    {
        model::RecordSet set;
        set.zone = std::move(zone);
        set.name = name;
        const auto number = dns::record_type_from(type).value();
        set.type = static_cast<std::uint16_t>(number);
        for (const auto& value : values) {
            set.values.push_back(dns::parse_data(number, value).value());
        }
        return test::run(loop_, zones::put(*store_, std::move(caller), std::move(set)));
    }
    std::string code_of_put(std::string_view name, std::string_view type,
                            const std::vector<std::string>& values)
    {
        const auto done = put(name, type, values);
        return done ? "" : done.error().code();
    }
    std::string file() { return test::run(loop_, export_file(*store_, {}, "shop.test")).value(); }
    std::int64_t head()
    {
        return write([](store::Transaction& tx) { return tx.revisions.head(); }).value().number;
    }

    boost::asio::io_context loop_{1};
    test::TempDir folder_;
    base::ManualClock clock_{base::Time(std::chrono::milliseconds(1'800'000'000'000))};
    std::unique_ptr<store::Store> store_;
};

constexpr std::string_view shop_file = R"(@ 60 SOA hidden admin 7 1 2 3 4
@ 60 NS ns1
@ 60 NS ns.elsewhere.test.
@ 300 A 192.0.2.1
ns1 300 A 192.0.2.53
www 300 CNAME @
)";

TEST_F(ZonesTest, AreAddedOnceWithTheServersOfThePlatform)
{
    const auto added = add({"Shop.test", "", {}, ""});
    ASSERT_TRUE(added) << added.error().message();
    EXPECT_TRUE(added->created);
    EXPECT_EQ(added->summary.zone.name_servers.at(0).name, "ns1.platform.test");
    EXPECT_TRUE(added->summary.zone.name_servers.at(0).addresses.empty());
    EXPECT_EQ(added->summary.zone.hostmaster, "hostmaster.shop.test");
    EXPECT_FALSE(add({"shop.test", "", {}, ""})->created);
    EXPECT_EQ(add({"shop.test", "", {{"ns.other.test", {}}}, ""}).error().code(), "zone_exists");
    EXPECT_EQ(add({"*.shop.test", "", {}, ""}).error().code(), "zone_invalid");
    EXPECT_EQ(add({"two.test", "", {{"ns", {"nowhere"}}}, ""}).error().code(), "zone_invalid");
    EXPECT_EQ(add({"two.test", "", {}, "first.last@two.test"})->summary.zone.hostmaster,
              "first\\.last.two.test");
    EXPECT_FALSE(add({"three.test", "nobody", {}, ""}));
}

TEST_F(ZonesTest, TakeAFileAndSayWhatItChanges)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    const auto preview = take_file(std::string(shop_file), true);
    ASSERT_TRUE(preview) << preview.error().message();
    EXPECT_EQ(preview->difference.added.size(), 3U);
    EXPECT_TRUE(preview->zone_changed);
    EXPECT_EQ(file().find("192.0.2.1"), std::string::npos) << "nothing yet";

    ASSERT_TRUE(take_file(std::string(shop_file)));
    EXPECT_EQ(file(), fmt::format("shop.test. 60 IN SOA hidden.shop.test. admin.shop.test. {} 1 2 3 4\n"
                                  "shop.test. 60 IN NS ns1.shop.test.\n"
                                  "shop.test. 60 IN NS ns.elsewhere.test.\n"
                                  "shop.test. 300 IN A 192.0.2.1\n"
                                  "ns1.shop.test. 300 IN A 192.0.2.53\n"
                                  "www.shop.test. 300 IN CNAME shop.test.\n",
                                  head()));
    const auto glued = test::run(loop_, with_glue(*store_, {}, "shop.test")).value();
    EXPECT_EQ(glued.name_servers.at(0).addresses, std::vector<std::string>{"192.0.2.53"});
    EXPECT_TRUE(glued.name_servers.at(1).addresses.empty());
    const auto before = head();
    const auto again = take_file(std::string(shop_file));
    EXPECT_TRUE(again->difference.empty() && !again->zone_changed);
    EXPECT_EQ(head(), before) << "followers have nothing to look at";
    const auto own = take_file(file());
    EXPECT_TRUE(own->difference.empty() && !own->zone_changed) << "what was written is read as it was";

    const auto changed = take_file("@ 300 A 192.0.2.2\nmail 300 A 192.0.2.3\n");
    ASSERT_TRUE(changed);
    EXPECT_EQ(changed->difference.changed.size(), 1U);
    EXPECT_EQ(changed->difference.added.size(), 1U);
    EXPECT_EQ(changed->difference.removed.size(), 2U);
    EXPECT_FALSE(changed->zone_changed);
}

TEST_F(ZonesTest, LeaveWhatClientsWroteWhereAFileHasNothing)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    ASSERT_TRUE(write([](store::Transaction& tx) {
        return put_checked(tx, {"shop.test", "home.shop.test", 1, 60, {{192, 0, 2, 9}}, {}, "update:key"});
    }));
    ASSERT_TRUE(take_file(std::string(shop_file)));
    EXPECT_THAT(file(), HasSubstr("home.shop.test. 60 IN A 192.0.2.9"));
    EXPECT_EQ(take_file("home CNAME www\n").error().code(), "record_conflict");
    ASSERT_TRUE(take_file("home 60 A 192.0.2.10\n"));
    EXPECT_THAT(file(), HasSubstr("home.shop.test. 60 IN A 192.0.2.10"));
}

TEST_F(ZonesTest, RefuseAFileAsAWholeAndNameEachLine)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    const auto refused = take_file(
        "a A 192.0.2.1\n"
        "a CNAME b\n"
        "x.other.test. A 192.0.2.1\n"
        "c A 192.0.2.300\n"
        "d 60 A 192.0.2.1\n"
        "d 61 A 192.0.2.2\n"
        "@ CNAME a\n"
        "@ SOA a b 1 2 3 4 5\n"
        "@ SOA a b 1 2 3 4 5\n");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), "zone_file_invalid");
    for (const auto* part :
         {"line 2: a.shop.test CNAME: beside a CNAME nothing else may stand",
          "line 3: x.other.test is not in", "line 4: '192.0.2.300' is not",
          "line 6: d.shop.test A: all records of a set have one TTL",
          "line 7: shop.test CNAME: it cannot stand at the top", "line 9: there is a second SOA"}) {
        EXPECT_THAT(refused.error().message(), HasSubstr(part));
    }
    EXPECT_EQ(head(), 1) << "only that the zone was added";
    EXPECT_EQ(test::run(loop_, import_file(*store_, "platform.test", "", false)).error().code(),
              "zone_configured");
    EXPECT_EQ(test::run(loop_, import_file(*store_, "none.test", "", false)).error().code(),
              "zone_not_found");
}

TEST_F(ZonesTest, HaveRulesForEachRecord)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    EXPECT_EQ(code_of_put("www.shop.test", "A", {"192.0.2.1"}), "");
    EXPECT_EQ(code_of_put("www.shop.test", "CNAME", {"shop.test"}), "record_conflict");
    EXPECT_EQ(code_of_put("alias.shop.test", "CNAME", {"shop.test"}), "");
    EXPECT_EQ(code_of_put("alias.shop.test", "TXT", {"x"}), "record_conflict");
    EXPECT_EQ(code_of_put("alias.shop.test", "CNAME", {"www.shop.test"}), "") << "another one in its place";
    EXPECT_EQ(code_of_put("two.shop.test", "CNAME", {"a.test", "b.test"}), "record_invalid");
    EXPECT_EQ(code_of_put("shop.test", "CNAME", {"a.test"}), "record_conflict");
    EXPECT_EQ(code_of_put("shop.test", "NS", {"a.test"}), "record_conflict");
    EXPECT_EQ(code_of_put("sub.shop.test", "NS", {"a.test"}), "");
    EXPECT_EQ(code_of_put("*.shop.test", "NS", {"a.test"}), "record_invalid");
    EXPECT_EQ(code_of_put("*.shop.test", "A", {"192.0.2.1"}), "");
    EXPECT_EQ(code_of_put("shop.test", "DS", {"1 13 2 ab"}), "record_conflict");
    EXPECT_EQ(code_of_put("notshop.test", "A", {"192.0.2.1"}), "record_outside_zone");
    EXPECT_EQ(code_of_put("x.shop.test", "SOA", {"a.test b.test 1 2 3 4 5"}), "record_invalid");
    EXPECT_EQ(code_of_put("x.shop.test", "TYPE250", {"\\# 1 00"}), "record_invalid");
    EXPECT_EQ(code_of_put("x.shop.test", "DNAME", {"a.test"}), "record_invalid");
    EXPECT_EQ(code_of_put("x.shop.test", "A", {}), "record_invalid");
    model::RecordSet odd{"shop.test", "x.shop.test", 1, 60, {{192, 0, 2}}};
    EXPECT_EQ(check_set(odd).error().code(), "record_invalid");
    odd.values = {{192, 0, 2, 1}};
    odd.ttl = 0x80000000;
    EXPECT_FALSE(check_set(odd));
    odd = {"shop.test", "x.shop.test", 65'280, 60, std::vector<base::Bytes>(1, base::Bytes(60'000))};
    EXPECT_FALSE(check_set(odd));
    EXPECT_EQ(canonical_name("M\xc3\xbcnchen.Shop.test").value(), "xn--mnchen-3ya.shop.test");
    EXPECT_EQ(canonical_name("_Dmarc.Shop.test.").value(), "_dmarc.shop.test");
    EXPECT_EQ(canonical_name("a..b").error().code(), "record_invalid");
}

TEST_F(ZonesTest, OfATenantAreSeenByItAndTheOperatorAlone)
{
    ASSERT_TRUE(add({"shop.test", "acme", {}, ""}));
    EXPECT_TRUE(put("www.shop.test", "A", {"192.0.2.1"}, {"acme"}));
    EXPECT_EQ(put("www.shop.test", "A", {"192.0.2.1"}, {"globex"}).error().code(), "zone_not_found");
    const auto seen = [this](Caller caller) {
        return test::run(loop_, list(*store_, std::move(caller)))->size();
    };
    EXPECT_EQ(seen({"acme"}), 1U);
    EXPECT_EQ(seen({"globex"}), 0U);
    EXPECT_EQ(seen({""}), 2U);
    EXPECT_EQ(test::run(loop_, get(*store_, {"globex"}, "shop.test")).error().code(), "zone_not_found");
}

TEST_F(ZonesTest, GoWithAllTheirRecords)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    std::string many;
    for (int i = 0; i < 2'500; ++i) {
        many += fmt::format("n{} A 192.0.2.1\n", i);
    }
    ASSERT_TRUE(take_file(many));
    EXPECT_EQ(test::run(loop_, get(*store_, {}, "shop.test"))->sets, 2'500);
    const auto page = test::run(loop_, records(*store_, {}, {"shop.test", "", "", 10}));
    EXPECT_EQ(page->items.size(), 10U);
    EXPECT_FALSE(page->next.empty());
    EXPECT_EQ(test::run(loop_, records(*store_, {}, {"shop.test", "n7.shop.test", "", 10}))->items.size(),
              1U);
    ASSERT_TRUE(test::run(loop_, zones::remove(*store_, "shop.test")));
    EXPECT_EQ(test::run(loop_, get(*store_, {}, "shop.test")).error().code(), "zone_not_found");
    const auto left = write([](store::Transaction& tx) { return tx.records.count("shop.test"); });
    EXPECT_EQ(left.value(), 0);
    EXPECT_EQ(test::run(loop_, zones::remove(*store_, "platform.test")).error().code(), "zone_configured");
    EXPECT_EQ(test::run(loop_, zones::remove(*store_, "shop.test")).error().code(), "zone_not_found");
}

TEST_F(ZonesTest, LoseWhatExpires)
{
    ASSERT_TRUE(add({"shop.test", "", {}, ""}));
    const auto end = clock_.now() + std::chrono::seconds(1);
    ASSERT_TRUE(write([end](store::Transaction& tx) {
        return put_checked(tx, {"shop.test", "a.shop.test", 16, 60, {{1, 'x'}}, end, "acme-dns:1"});
    }));
    EXPECT_EQ(test::run(loop_, remove_expired(*store_, clock_)).value(), 0U);
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(test::run(loop_, remove_expired(*store_, clock_)).value(), 1U);
    EXPECT_EQ(
        test::run(loop_, remove_set(*store_, {}, {"shop.test", "a.shop.test", 16, 0, {}})).error().code(),
        "record_not_found");
}

}  // namespace
}  // namespace zones
