#include "zones/zone_file.h"

#include "zones/rules.h"

#include <gmock/gmock.h>

namespace zones {
namespace {

model::Zone shop()
{
    model::Zone zone;
    zone.apex = "shop.test";
    zone.name_servers = {{"ns1.shop.test", {"192.0.2.53"}}, {"old.shop.test", {}}};
    zone.hostmaster = "hostmaster.shop.test";
    return zone;
}

TEST(ZoneFile, TakesSoaAndNameServersFromTheFileAndKeepsTheirAddresses)
{
    const auto content = read_zone_file(shop(),
                                        "@ 5 SOA Hidden Admin 9 1 2 3 4\n"
                                        "@ NS ns1\n@ NS NS1\n@ NS ns.far.test.\n"
                                        "b A 192.0.2.2\nb A 192.0.2.1\nb A 192.0.2.1\na A 192.0.2.1\n");
    ASSERT_TRUE(content) << content.error().message();
    const auto& zone = content->zone;
    EXPECT_EQ(zone.primary, "hidden.shop.test");
    EXPECT_EQ(zone.hostmaster, "admin.shop.test");
    EXPECT_EQ(zone.apex_ttl, 5U);
    EXPECT_EQ(zone.negative_ttl, 4U);
    ASSERT_EQ(zone.name_servers.size(), 2U);
    EXPECT_EQ(zone.name_servers[0].addresses, std::vector<std::string>{"192.0.2.53"});
    ASSERT_EQ(content->sets.size(), 2U);
    EXPECT_EQ(content->sets[0].name, "a.shop.test");
    EXPECT_EQ(content->sets[1].values, (std::vector<base::Bytes>{{192, 0, 2, 1}, {192, 0, 2, 2}}));
    EXPECT_EQ(read_zone_file(shop(), "")->zone, shop());
}

TEST(ZoneFile, IsWrittenAsItIsRead)
{
    const std::string text =
        "shop.test. 300 IN HTTPS 1 . alpn=h2\n"
        "*.shop.test. 300 IN TXT \"a\\\"b\"\n"
        "sp\\032ace.shop.test. 60 IN MX 10 Mail.shop.test.\n"
        "sp\\032ace.shop.test. 60 IN TYPE65280 \\# 1 00\n";
    const auto content = read_zone_file(shop(), text);
    ASSERT_TRUE(content) << content.error().message();
    std::string written;
    for (const auto& set : content->sets) {
        written += write_set(set);
    }
    EXPECT_EQ(written, text);
    EXPECT_EQ(write_zone_head(shop(), 7),
              "shop.test. 3600 IN SOA ns1.shop.test. hostmaster.shop.test. 7 3600 600 604800 30\n"
              "shop.test. 3600 IN NS ns1.shop.test.\nshop.test. 3600 IN NS old.shop.test.\n");
}

TEST(ZoneFile, RefusesNamesThatAreNotOfTheZone)
{
    for (const auto* text :
         {"x.other.test. A 192.0.2.1", "test. SOA a b 1 2 3 4 5", "@ CNAME www", "@ DNAME a"}) {
        const auto refused = read_zone_file(shop(), text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code(), "zone_file_invalid");
        EXPECT_THAT(refused.error().message(), testing::HasSubstr("line 1:"));
    }
}

TEST(ZoneFile, DifferenceIsWhatMakesOneTheOther)
{
    const model::RecordSet one{"shop.test", "a.shop.test", 1, 60, {{1}}};
    auto other = one;
    other.values = {{2}};
    model::RecordSet third = one;
    third.name = "b.shop.test";
    EXPECT_TRUE(difference({one}, {one}).empty());
    const auto changed = difference({one, third}, {other});
    EXPECT_EQ(changed.changed.at(0).after, other);
    EXPECT_EQ(changed.removed, std::vector<model::RecordSet>{third});
    EXPECT_EQ(difference({}, {one}).added, std::vector<model::RecordSet>{one});
}

}  // namespace
}  // namespace zones
