#include "dns/name.h"

#include <gtest/gtest.h>

namespace dns {
namespace {

Name name(std::string_view text)
{
    return Name::parse(text).value();
}

TEST(Name, ReadsAndWritesTextWithEscapes)
{
    struct Case {
        std::string_view input, text;
        std::size_t size, labels;
    };
    const Case cases[] = {
        {"", ".", 1, 0},
        {".", ".", 1, 0},
        {"Shop.Example.", "Shop.Example", 14, 2},
        {"_acme-challenge.x", "_acme-challenge.x", 19, 2},
        {R"(a\.b.c)", R"(a\.b.c)", 7, 2},
        {R"(a\032b\\.c)", R"(a\032b\\.c)", 8, 2},
        {"*.x", "*.x", 5, 2},
    };
    for (const auto& each : cases) {
        const auto parsed = Name::parse(each.input);
        ASSERT_TRUE(parsed) << each.input;
        EXPECT_EQ(parsed->text(), each.text);
        EXPECT_EQ(parsed->size(), each.size) << each.input;
        EXPECT_EQ(parsed->label_count(), each.labels) << each.input;
    }
}

TEST(Name, RefusesTextThatIsNoName)
{
    const std::string long_label(64, 'a');
    std::string long_name;
    for (int i = 0; i < 64; ++i) {
        long_name += "abc.";
    }
    for (const std::string& text :
         {std::string("a..b"), std::string(".a"), std::string("a.."), std::string("a\\"),
          std::string("a\\25"), std::string("a\\256"), long_label, long_name}) {
        EXPECT_FALSE(Name::parse(text)) << text;
    }
    EXPECT_TRUE(Name::parse(std::string(63, 'a')));
    EXPECT_TRUE(Name::parse(long_name.substr(0, 63 * 4)));
}

TEST(Name, ComparesWithoutRegardToCaseButKeepsIt)
{
    EXPECT_EQ(name("SHOP.example"), name("shop.EXAMPLE"));
    EXPECT_NE(name("shop.example"), name("shop.example2"));
    EXPECT_NE(name("a.bc"), name("ab.c"));
    EXPECT_EQ(name("SHOP.example").text(), "SHOP.example");
    EXPECT_EQ(name("SHOP.example").lower().text(), "shop.example");
}

TEST(Name, KnowsWhatLiesWithinAZone)
{
    EXPECT_TRUE(name("a.b.example").is_within(name("Example")));
    EXPECT_TRUE(name("example").is_within(name("example")));
    EXPECT_TRUE(name("example").is_within(Name()));
    EXPECT_FALSE(name("notexample").is_within(name("example")));
    EXPECT_FALSE(name("example").is_within(name("a.example")));
    EXPECT_EQ(name("a.b.example").parent(), name("b.example"));
}

TEST(Name, SortsInTheCanonicalOrderOfDnssec)
{
    const std::string_view sorted[] = {"example",           "a.example",      "yljkjljk.a.example",
                                       "Z.a.example",       "zABC.a.EXAMPLE", "z.example",
                                       R"(\001.z.example)", "*.z.example",    R"(\200.z.example)"};
    for (std::size_t i = 0; i + 1 < std::size(sorted); ++i) {
        EXPECT_LT(name(sorted[i]), name(sorted[i + 1])) << sorted[i] << " " << sorted[i + 1];
    }
}

}  // namespace
}  // namespace dns
