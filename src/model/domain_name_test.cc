#include "model/domain_name.h"

#include <gtest/gtest.h>

namespace model {
namespace {

TEST(DomainName, TurnsEveryFormOfANameIntoOneCanonicalText)
{
    struct Case {
        std::string_view input, canonical, display;
    };
    const Case cases[] = {
        {"Shop.Example.COM", "shop.example.com", "shop.example.com"},
        {"shop.example.com.", "shop.example.com", "shop.example.com"},
        {"*.Example.com", "*.example.com", "*.example.com"},
        {"MÜNCHEN.example", "xn--mnchen-3ya.example", "münchen.example"},
        {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example", "münchen.example"},
        {"_acme-challenge.example.com", "_acme-challenge.example.com", "_acme-challenge.example.com"},
        {"_acme-challenge.MÜNCHEN.example", "_acme-challenge.xn--mnchen-3ya.example",
         "_acme-challenge.münchen.example"},
    };
    for (const auto& each : cases) {
        const auto name = DomainName::parse(each.input);
        ASSERT_TRUE(name) << each.input << ": " << name.error().message();
        EXPECT_EQ(name->text(), each.canonical);
        EXPECT_EQ(name->display(), each.display);
    }
}

TEST(DomainName, SaysWhatIsWrongWithABadName)
{
    struct Case {
        std::string input;
        std::string_view code;
    };
    const Case cases[] = {
        {"", "name_invalid"},
        {".", "name_invalid"},
        {"*.", "name_invalid"},
        {"a..example", "name_invalid"},
        {"-a.example", "name_invalid"},
        {"a-.example", "name_invalid"},
        {"a b.example", "name_invalid"},
        {"https://a.example", "name_invalid"},
        {"a.*.example", "name_invalid"},
        {"xn--\xff.example", "name_invalid"},
        {std::string(64, 'a') + ".example", "name_too_long"},
        {[] {
             std::string name;
             for (int i = 0; i < 70; ++i) {
                 name += "abc.";
             }
             return name + "example";
         }(),
         "name_too_long"},
    };
    for (const auto& each : cases) {
        const auto name = DomainName::parse(each.input);
        ASSERT_FALSE(name) << each.input;
        EXPECT_EQ(name.error().code(), each.code) << each.input;
    }
}

TEST(DomainName, KnowsItsRegistrableDomainAndHost)
{
    struct Case {
        std::string_view input, registrable, host;
        bool apex, suffix;
    };
    const Case cases[] = {
        {"shop.example.com", "example.com", "shop", false, false},
        {"a.b.example.co.uk", "example.co.uk", "a.b", false, false},
        {"example.com", "example.com", "@", true, false},
        {"*.example.com", "example.com", "*", false, false},
        {"co.uk", "", "co.uk", false, true},
        {"shop.customer.test", "customer.test", "shop", false, false},
    };
    for (const auto& each : cases) {
        const auto name = DomainName::parse(each.input).value();
        EXPECT_EQ(name.registrable(), each.registrable) << each.input;
        EXPECT_EQ(name.host(), each.host) << each.input;
        EXPECT_EQ(name.is_apex(), each.apex) << each.input;
        EXPECT_EQ(name.is_public_suffix(), each.suffix) << each.input;
    }
}

TEST(DomainName, AWildcardCoversExactlyOneLabel)
{
    const auto wildcard = DomainName::parse("*.example.com").value();

    EXPECT_TRUE(wildcard.covers("a.example.com"));
    EXPECT_FALSE(wildcard.covers("example.com"));
    EXPECT_FALSE(wildcard.covers("a.b.example.com"));
    EXPECT_FALSE(wildcard.covers(".example.com"));
}

TEST(DomainName, IsWithinItsZoneOnlyAtALabelBoundary)
{
    const auto zone = DomainName::parse("example.com").value();

    EXPECT_TRUE(DomainName::parse("example.com")->is_within(zone));
    EXPECT_TRUE(DomainName::parse("a.example.com")->is_within(zone));
    EXPECT_FALSE(DomainName::parse("notexample.com")->is_within(zone));
    EXPECT_FALSE(DomainName::parse("com")->is_within(zone));
}

}  // namespace
}  // namespace model
