#include "dns/message.h"

#include "dns/rdata.h"
#include "dns/wire.h"

#include <gtest/gtest.h>

#include <random>

namespace dns {
namespace {

Name name_of(std::string_view text)
{
    return Name::parse(text).value();
}

base::Bytes octets(std::string_view hex)
{
    std::string plain;
    std::ranges::copy_if(hex, std::back_inserter(plain), [](char c) { return c != ' '; });
    return base::from_hex(plain).value();
}

TEST(Reader, RefusesMalformedNames)
{
    struct Case {
        std::string_view what, hex;
        std::size_t start;
    };
    const Case cases[] = {
        {"empty", "", 0},
        {"label longer than the message", "05 61 62", 0},
        {"no root label", "01 61", 0},
        {"pointer to itself", "c0 00", 0},
        {"pointer forward", "c0 02 00", 0},
        {"half a pointer", "c0", 0},
        {"two pointers that point at each other", "c0 02 c0 00", 2},
        {"pointer into its own labels", "01 61 c0 00", 0},
        {"extended label type 01", "41 61 00", 0},
        {"extended label type 10", "81 61 00", 0},
    };
    for (const auto& each : cases) {
        const auto wire = octets(each.hex);
        Reader reader(wire);
        reader.bytes(each.start);
        reader.name();
        EXPECT_FALSE(reader.ok()) << each.what;
    }
}

TEST(Reader, RefusesANameThatGrowsPast255OctetsThroughPointers)
{
    base::Bytes wire;
    for (int i = 0; i < 5; ++i) {
        wire.push_back(60);
        wire.insert(wire.end(), 60, 'a');
        if (i > 0) {
            const std::size_t previous =
                static_cast<std::size_t>(i - 1) * 61 + static_cast<std::size_t>(i > 1 ? (i - 1) * 2 - 1 : 0);
            wire.push_back(static_cast<std::uint8_t>(0xc0 | previous >> 8));
            wire.push_back(static_cast<std::uint8_t>(previous));
        } else {
            wire.push_back(0);
        }
    }
    Reader reader(wire);
    for (int i = 0; i < 4; ++i) {
        reader.name();
        EXPECT_TRUE(reader.ok()) << i;
    }
    reader.name();
    EXPECT_FALSE(reader.ok());
}

TEST(Reader, KeepsItsErrorUntilTheEnd)
{
    const auto wire = octets("01 02 03 04");
    Reader reader(wire);
    reader.u16();
    reader.u32();

    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.u8(), 0);
    EXPECT_TRUE(reader.bytes(0).empty());
    EXPECT_FALSE(reader.ok());
}

TEST(Writer, PointsAtSuffixesItWroteBefore)
{
    base::Bytes buffer(200);
    Writer writer(buffer);
    writer.u32(0);
    writer.name(name_of("shop.example"));
    const auto plain = writer.size();
    writer.name(name_of("www.shop.example"));
    EXPECT_EQ(writer.size(), plain + 4 + 2);
    writer.name(name_of("example"));
    EXPECT_EQ(writer.size(), plain + 6 + 2);

    Reader reader(base::ByteView(buffer).first(writer.size()));
    reader.u32();
    EXPECT_EQ(reader.name().text(), "shop.example");
    EXPECT_EQ(reader.name().text(), "www.shop.example");
    EXPECT_EQ(reader.name().text(), "example");
    EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST(Writer, WritesNothingPastItsEndAndRewinds)
{
    base::Bytes buffer(20);
    Writer writer(buffer);
    writer.reserve(4);
    writer.u32(1);
    const auto mark = writer.size();
    writer.name(name_of("a-rather-long-name.example"));
    EXPECT_FALSE(writer.ok());
    EXPECT_LE(writer.size(), 16U);

    writer.rewind(mark);
    writer.name(name_of("b.c"));
    writer.name(name_of("d.b.c"));
    EXPECT_TRUE(writer.ok());
    Reader reader(base::ByteView(buffer).first(writer.size()));
    reader.u32();
    EXPECT_EQ(reader.name().text(), "b.c");
    EXPECT_EQ(reader.name().text(), "d.b.c");
}

TEST(Rdata, GoesFromTextToWireAndBack)
{
    struct Case {
        std::string_view type, text, again;
    };
    const Case cases[] = {
        {"A", "192.0.2.1", ""},
        {"AAAA", "2001:db8::1", ""},
        {"NS", "NS1.Example.", "ns1.example"},
        {"CNAME", "x.y", ""},
        {"SOA", "ns1.example hostmaster.example 1 2 3 4 4294967295", ""},
        {"MX", "0 .", ""},
        {"MX", "10 mail.example", ""},
        {"SRV", "1 2 443 host.example", ""},
        {"TXT", R"("one" "two words" "with \"quote\"")", ""},
        {"TXT", "bare", R"("bare")"},
        {"TXT", R"("\000\255")", ""},
        {"HINFO", R"("RFC8482" "")", ""},
        {"CAA", R"(0 issue "letsencrypt.org; validationmethods=dns-01")", ""},
        {"CAA", R"(128 iodef "")", ""},
        {"HTTPS", "\\# 3 000100", "1 ."},
        {"HTTPS", "1 . alpn=h2,h3 port=443", ""},
        {"TYPE999", "\\# 0", ""},
        {"A", "\\# 4 c0000201", "192.0.2.1"},
    };
    for (const auto& each : cases) {
        const auto type = record_type_from(each.type).value();
        const auto wire = parse_data(type, each.text);
        ASSERT_TRUE(wire) << each.type << " " << each.text;
        const auto text = data_text(type, *wire);
        EXPECT_EQ(text, each.again.empty() ? each.text : each.again);
        EXPECT_EQ(data_text(type, parse_data(type, text).value()), text);
    }
}

TEST(Rdata, RefusesTextThatDoesNotFitTheType)
{
    struct Case {
        std::string_view type, text;
    };
    const Case cases[] = {{"A", "192.0.2"},
                          {"A", "192.0.2.1 1"},
                          {"AAAA", "192.0.2.1"},
                          {"MX", "70000 x"},
                          {"MX", "1"},
                          {"SOA", "a b 1 2 3 4"},
                          {"TXT", ""},
                          {"TXT", "\"open"},
                          {"TXT", "\\2"},
                          {"CAA", "0 issue"},
                          {"HTTPS", "1 . alpn=h2 alpn=h3"},
                          {"HTTPS", "\\# 2 00"},
                          {"TYPE999", "\\# x"},
                          {"CNAME", "a..b"}};
    for (const auto& each : cases) {
        EXPECT_FALSE(parse_data(record_type_from(each.type).value(), each.text))
            << each.type << " " << each.text;
    }
    EXPECT_FALSE(record_type_from("TYPE65536"));
    EXPECT_FALSE(record_type_from("NONSENSE"));
}

TEST(Rdata, JoinsTheStringsOfATxtForChecks)
{
    const auto wire = parse_data(RecordType::txt, R"("abc" "def" "\"")").value();
    EXPECT_EQ(plain_text(RecordType::txt, wire), "abcdef\"");
    EXPECT_EQ(plain_text(RecordType::a, octets("c0000201")), "192.0.2.1");
    EXPECT_EQ(data_text(RecordType::a, octets("c00002")), "\\# 3 c00002");
}

Message sample()
{
    Message message;
    message.id = 0xbeef;
    message.response = message.authoritative = message.recursion_desired = true;
    message.rcode = Rcode::badvers;
    message.questions.push_back({name_of("Shop.Example"), RecordType::any, class_in});
    const auto add = [](std::vector<Record>& section, std::string_view owner, RecordType type,
                        std::string_view text) {
        section.push_back({name_of(owner), type, class_in, 60, parse_data(type, text).value()});
    };
    add(message.answers, "shop.example", RecordType::cname, "x.edge.example");
    add(message.answers, "x.edge.example", RecordType::aaaa, "2001:db8::7");
    add(message.answers, "x.edge.example", RecordType::txt, R"("v" "w")");
    add(message.authorities, "example", RecordType::soa, "ns1.example hostmaster.example 1 2 3 4 5");
    add(message.authorities, "example", RecordType::mx, "5 mx.example");
    add(message.additionals, "ns1.example", RecordType::srv, "1 2 3 ns1.example");
    add(message.additionals, "ns1.example", static_cast<RecordType>(999), "\\# 2 c00c");
    message.edns = Edns{.udp_size = 1400, .version = 1, .dnssec_ok = true, .options = {}};
    message.edns->options.push_back({OptionCode::nsid, octets("6162")});
    message.edns->options.push_back({static_cast<OptionCode>(65'001), {}});
    return message;
}

TEST(Message, GoesToTheWireAndBack)
{
    const Message message = sample();

    const auto wire = message.serialize();
    ASSERT_TRUE(wire);
    const auto again = Message::parse(*wire);
    ASSERT_TRUE(again) << again.error().message();

    EXPECT_EQ(*again, message);
    EXPECT_EQ(again->questions[0].name.text(), "Shop.Example");
    EXPECT_EQ(base::as_text(again->option(OptionCode::nsid)->data), "ab");
    EXPECT_EQ(again->option(OptionCode::extended_error), nullptr);
    EXPECT_EQ(again->answers_of(RecordType::txt), std::vector<std::string>{"vw"});
}

TEST(Message, FailsForEveryTruncationAndForOctetsAfterTheEnd)
{
    const auto wire = sample().serialize().value();
    for (std::size_t size = 0; size < wire.size(); ++size) {
        EXPECT_FALSE(Message::parse(base::ByteView(wire).first(size))) << size;
        EXPECT_FALSE(sample().serialize(size)) << size;
    }
    auto longer = wire;
    longer.push_back(0);
    EXPECT_FALSE(Message::parse(longer));
}

TEST(Message, RefusesOptWhereItMayNotStand)
{
    const std::string_view opt = "00 0029 04d0 00000000 0000";
    const auto header = [](std::string_view counts) { return "0001 0000 0000 " + std::string(counts); };
    EXPECT_TRUE(Message::parse(octets(header("0000 0000 0001") + std::string(opt))));
    EXPECT_FALSE(Message::parse(octets(header("0001 0000 0000") + std::string(opt)))) << "in the answer";
    EXPECT_FALSE(Message::parse(octets(header("0000 0000 0002") + std::string(opt) + std::string(opt))))
        << "twice";
    EXPECT_FALSE(Message::parse(octets(header("0000 0000 0001") + "0161 00 0029 04d0 00000000 0000")))
        << "not at the root";
    EXPECT_FALSE(Message::parse(octets(header("0000 0000 0001") + "00 0029 04d0 00000000 0003 000100")))
        << "half an option";
}

TEST(Message, SurvivesRandomChangesAndNeverChangesOnASecondTrip)
{
    const auto wire = sample().serialize().value();
    std::mt19937 random(7);
    int parsed = 0;
    for (int round = 0; round < 20'000; ++round) {
        auto changed = wire;
        for (int i = 0; i < 3; ++i) {
            changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
        }
        const auto message = Message::parse(changed);
        if (!message) {
            continue;
        }
        ++parsed;
        const auto again = message->serialize();
        if (again) {
            const auto twice = Message::parse(*again);
            ASSERT_TRUE(twice);
            ASSERT_EQ(*twice, *message);
        }
    }
    EXPECT_GT(parsed, 100);
}

}  // namespace
}  // namespace dns
