#include "dns/master_file.h"

#include "dns/rdata.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dns {
namespace {

MasterFile read(std::string_view text, std::string_view origin = "shop.test")
{
    MasterOptions options;
    options.origin = Name::parse(origin).value();
    return read_master_file(text, options);
}

std::vector<std::string> lines(const MasterFile& file)
{
    std::vector<std::string> made;
    for (const auto& each : file.records) {
        made.push_back(master_line(each.record));
    }
    for (const auto& each : file.problems) {
        made.push_back(fmt::format("line {}: {}", each.line, each.message));
    }
    return made;
}

using Lines = std::vector<std::string>;

TEST(MasterFile, ReadsWhatRfc1035Has)
{
    const auto file = read(R"($TTL 1h30m
@   IN SOA ns1 admin (   ; a comment with ( and "
            2026010101   ; serial
            1d 2h 4w 5m )
    NS  ns1
    NS  ns2.elsewhere.test.
ns1 60 IN A 192.0.2.1
    IN 61 AAAA 2001:db8::1
www CNAME @
*.Wild TXT "a ; b" plain "with \"quotes\" and \059"
$ORIGIN sub.shop.test.
$ttl 5
a\.b MX 10 mail
@ MX 20 .
x.y.other.test. A 192.0.2.2
)");
    EXPECT_EQ(lines(file),
              (Lines{"shop.test. 5400 IN SOA ns1.shop.test. admin.shop.test. 2026010101 86400 7200 "
                     "2419200 300",
                     "shop.test. 5400 IN NS ns1.shop.test.", "shop.test. 5400 IN NS ns2.elsewhere.test.",
                     "ns1.shop.test. 60 IN A 192.0.2.1", "ns1.shop.test. 61 IN AAAA 2001:db8::1",
                     "www.shop.test. 5400 IN CNAME shop.test.",
                     R"(*.Wild.shop.test. 5400 IN TXT "a ; b" "plain" "with \"quotes\" and ;")",
                     R"(a\.b.sub.shop.test. 5 IN MX 10 mail.sub.shop.test.)", "sub.shop.test. 5 IN MX 20 .",
                     "x.y.other.test. 5 IN A 192.0.2.2"}));
}

TEST(MasterFile, KnowsTypesByNameAndAnyOtherByNumber)
{
    const Lines written = {
        R"(a.shop.test. 9 IN CAA 0 issue "ca.test; validationmethods=dns-01")",
        "a.shop.test. 9 IN SRV 1 2 5060 sip.shop.test.",
        R"(a.shop.test. 9 IN NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:a@b!" .)",
        "a.shop.test. 9 IN DS 12345 13 2 abcdef",
        "a.shop.test. 9 IN TLSA 3 1 1 00ff",
        "a.shop.test. 9 IN SSHFP 4 2 00ff",
        "a.shop.test. 9 IN HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1",
        "a.shop.test. 9 IN HTTPS 0 other.test.",
        R"(a.shop.test. 9 IN SVCB 16 foo.test. mandatory=alpn,ipv4hint alpn="f\\\\oo\\,bar,h2" ipv4hint=192.0.2.1)",
        R"(a.shop.test. 9 IN SVCB 1 foo.test. key667="hello\210qoo")",
        "a.shop.test. 9 IN TYPE65280 \\# 3 0102ff",
        "a.shop.test. 9 IN TYPE65281 \\# 0",
        "a.shop.test. 9 IN PTR b.shop.test.",
    };
    for (const auto& line : written) {
        EXPECT_EQ(lines(read(line)), Lines{line});
    }
    EXPECT_EQ(lines(read("a 9 A \\# 4 c0000201")), Lines{"a.shop.test. 9 IN A 192.0.2.1"});
    EXPECT_EQ(lines(read("a 9 HTTPS 1 . alpn=\"h2\" no-default-alpn")),
              Lines{"a.shop.test. 9 IN HTTPS 1 . alpn=h2 no-default-alpn"});
}

TEST(MasterFile, TakesTheTtlOfTheRecordBeforeOrTheMinimumOfTheSoa)
{
    EXPECT_EQ(lines(read("a A 192.0.2.1\nb 7 A 192.0.2.1\nc A 192.0.2.1")),
              (Lines{"a.shop.test. 3600 IN A 192.0.2.1", "b.shop.test. 7 IN A 192.0.2.1",
                     "c.shop.test. 7 IN A 192.0.2.1"}));
    EXPECT_EQ(lines(read("@ SOA a b 1 2 3 4 77\nc A 192.0.2.1")).at(1), "c.shop.test. 77 IN A 192.0.2.1");
}

TEST(MasterFile, SaysInWhichLineWhatIsWrong)
{
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"a A 192.0.2.256", "line 1: '192.0.2.256' is not the data of a A record"},
        {"\n\na MX mail", "line 3: 'mail' is not the data of a MX record"},
        {"a A 192.0.2.1 extra", "line 1: '192.0.2.1 extra' is not the data of a A record"},
        {"a CH A 192.0.2.1", "line 1: 'CH' is neither a type, nor a TTL, nor the class IN"},
        {"a", "line 1: a type is missing"},
        {" A 192.0.2.1", "line 1: the first record has no owner"},
        {"$INCLUDE /etc/passwd", "line 1: $INCLUDE is not taken here; write the records out"},
        {"$GENERATE 1-9 a$ A 192.0.2.$", "line 1: $GENERATE is not taken here; write the records out"},
        {"$TTL x", "line 1: 'x' is not a TTL"},
        {"a TXT \"open\nb A 192.0.2.1", "line 1: a quote is not closed on its line"},
        {"a SOA ( 1 2", "line 1: a parenthesis is not closed"},
        {"a A ) 192.0.2.1", "line 1: a parenthesis is closed that was not opened"},
        {"a HTTPS 1 . alpn=h2 alpn=h3", "line 1: '1 . alpn=h2 alpn=h3' is not the data of a HTTPS record"},
        {"a HTTPS 1 . mandatory=port", "line 1: '1 . mandatory=port' is not the data of a HTTPS record"},
        {"a TYPE65280 \\# 3 0102", "line 1: '\\# 3 0102' is not the data of a TYPE65280 record"},
        {"a TYPE65280 0102", "line 1: '0102' is not the data of a TYPE65280 record"},
    };
    for (const auto& [text, problem] : cases) {
        const auto file = read(text);
        ASSERT_FALSE(file.problems.empty()) << text;
        EXPECT_EQ(fmt::format("line {}: {}", file.problems[0].line, file.problems[0].message), problem);
    }
    EXPECT_NE(lines(read("@ NS " + std::string(64, 'a'))).at(0).find("line 1"), std::string::npos);
}

TEST(MasterFile, GoesOnAfterAMistakeAndStopsAfterMany)
{
    const auto file = read("a A x\nb A 192.0.2.1\nc A y");
    EXPECT_EQ(file.problems.size(), 2U);
    EXPECT_EQ(file.records.size(), 1U);
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += "a A x\n";
    }
    EXPECT_EQ(read(many).problems.size(), 20U);
    MasterOptions options;
    options.most_records = 2;
    EXPECT_EQ(read_master_file("a A 192.0.2.1\nb A 192.0.2.1\nc A 192.0.2.1\nd A 192.0.2.1", options)
                  .records.size(),
              2U);
}

}  // namespace
}  // namespace dns
