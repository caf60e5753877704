#include "nameserver/answer.h"

#include "dns/rdata.h"
#include "nameserver/sample_zone.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nameserver {
namespace {

using dns::Rcode;
using dns::RecordType;

base::Bytes question(std::string_view name, RecordType type, std::optional<dns::Edns> edns = std::nullopt)
{
    dns::Message message;
    message.id = 0x1234;
    message.recursion_desired = true;
    message.questions.push_back({dns::Name::parse(name).value(), type, dns::class_in});
    message.edns = std::move(edns);
    return message.serialize().value();
}

class Answer : public testing::Test {
protected:
    Answer() : clock_(sample::now) { data_.apply(sample::batch(sample::platform())); }

    base::Bytes reply_to(base::ByteView query, dns::Transport transport = dns::Transport::udp)
    {
        base::Bytes buffer(transport == dns::Transport::udp ? largest_udp : 65'535);
        buffer.resize(answer(data_, clock_, query, transport, buffer).size);
        return buffer;
    }

    dns::Message ask(base::ByteView query, dns::Transport transport = dns::Transport::udp)
    {
        const auto reply = reply_to(query, transport);
        auto message = dns::Message::parse(reply);
        EXPECT_TRUE(message) << base::to_hex(reply);
        return message.value_or(dns::Message());
    }
    dns::Message ask(std::string_view name, RecordType type) { return ask(question(name, type)); }

    base::ManualClock clock_;
    ZoneData data_;
};

std::string section(const std::vector<dns::Record>& records)
{
    std::string text;
    for (const auto& each : records) {
        text += fmt::format("{}{} {} {} {}", text.empty() ? "" : "; ", each.name.text(), each.ttl,
                            dns::to_string(each.type), dns::data_text(each.type, each.data));
    }
    return text;
}

constexpr std::string_view platform_soa =
    "platform.test 30 SOA ns1.platform.test hostmaster.platform.test 42 3600 600 604800 30";
constexpr std::string_view acme_soa =
    "acme.platform.test 30 SOA ns1.platform.test hostmaster.platform.test 42 3600 600 604800 30";

TEST_F(Answer, GivesWhatTheZonesSay)
{
    struct Case {
        std::string_view name;
        RecordType type;
        Rcode rcode;
        std::string_view answer, authority;
    };
    const auto txt = RecordType::txt;
    const Case cases[] = {
        {"k7q.platform.test", RecordType::a, Rcode::noerror,
         "k7q.platform.test 60 A 192.0.2.10; k7q.platform.test 60 A 192.0.2.11", ""},
        {"k7q.platform.test", RecordType::aaaa, Rcode::noerror, "k7q.platform.test 60 AAAA 2001:db8::10", ""},
        {"k7q.platform.test", txt, Rcode::noerror, "", platform_soa},
        {"k7q.platform.test", RecordType::caa, Rcode::noerror, "", platform_soa},
        {"k7q.platform.test", static_cast<RecordType>(65'280), Rcode::noerror, "", platform_soa},
        {"v4.platform.test", RecordType::aaaa, Rcode::noerror, "", platform_soa},
        {"nobody.platform.test", RecordType::a, Rcode::nxdomain, "", platform_soa},
        {"x.k7q.platform.test", RecordType::a, Rcode::nxdomain, "", platform_soa},
        {"b.c.platform.test", RecordType::a, Rcode::noerror, "", platform_soa},
        {"c.platform.test", RecordType::any, Rcode::noerror, "", platform_soa},
        {"x.b.c.platform.test", RecordType::a, Rcode::nxdomain, "", platform_soa},
        {"any.pool.platform.test", RecordType::a, Rcode::noerror, "any.pool.platform.test 60 A 192.0.2.20",
         ""},
        {"x.y.pool.platform.test", RecordType::a, Rcode::noerror, "x.y.pool.platform.test 60 A 192.0.2.20",
         ""},
        {"any.pool.platform.test", txt, Rcode::noerror, "", platform_soa},
        {"pool.platform.test", RecordType::a, Rcode::noerror, "", platform_soa},
        {"platform.test", RecordType::a, Rcode::noerror,
         "platform.test 60 A 192.0.2.10; platform.test 60 A 192.0.2.11", ""},
        {"platform.test", RecordType::soa, Rcode::noerror,
         "platform.test 3600 SOA ns1.platform.test hostmaster.platform.test 42 3600 600 604800 30", ""},
        {"platform.test", RecordType::ns, Rcode::noerror,
         "platform.test 3600 NS ns1.platform.test; platform.test 3600 NS ns2.elsewhere.test", ""},
        {"platform.test", RecordType::mx, Rcode::noerror, "", platform_soa},
        {"ns1.platform.test", RecordType::a, Rcode::noerror, "ns1.platform.test 3600 A 192.0.2.53", ""},
        {"ns1.platform.test", RecordType::aaaa, Rcode::noerror, "ns1.platform.test 3600 AAAA 2001:db8::53",
         ""},
        {"_acme-challenge.platform.test", txt, Rcode::noerror,
         R"(_acme-challenge.platform.test 1 TXT "first"; _acme-challenge.platform.test 1 TXT "second")", ""},
        {"k7q.acme.platform.test", txt, Rcode::noerror, R"(k7q.acme.platform.test 1 TXT "proof")", ""},
        {"k7q.acme.platform.test", RecordType::a, Rcode::noerror, "", acme_soa},
        {"old.acme.platform.test", txt, Rcode::nxdomain, "", acme_soa},
        {"other.acme.platform.test", txt, Rcode::nxdomain, "", acme_soa},
        {"acme.platform.test", RecordType::a, Rcode::noerror, "", acme_soa},
        {"k7q.platform.test", RecordType::any, Rcode::noerror, R"(k7q.platform.test 3600 HINFO "RFC8482" "")",
         ""},
        {"nobody.platform.test", RecordType::any, Rcode::nxdomain, "", platform_soa},
        {"platform.example", RecordType::a, Rcode::refused, "", ""},
        {"notplatform.test", RecordType::a, Rcode::refused, "", ""},
        {"test", RecordType::ns, Rcode::refused, "", ""},
        {".", RecordType::ns, Rcode::refused, "", ""},
        {"platform.test", RecordType::axfr, Rcode::refused, "", ""},
        {"platform.test", static_cast<RecordType>(251), Rcode::refused, "", ""},
        {"platform.test", RecordType::opt, Rcode::formerr, "", ""},
        {"platform.test", static_cast<RecordType>(254), Rcode::notimp, "", ""},
    };
    for (const auto& each : cases) {
        const auto reply = ask(each.name, each.type);
        const std::string what = fmt::format("{} {}", each.name, dns::to_string(each.type));
        EXPECT_EQ(reply.rcode, each.rcode) << what;
        EXPECT_EQ(section(reply.answers), each.answer) << what;
        EXPECT_EQ(section(reply.authorities), each.authority) << what;
        EXPECT_EQ(reply.authoritative, each.rcode == Rcode::noerror || each.rcode == Rcode::nxdomain) << what;
        EXPECT_TRUE(reply.response && reply.recursion_desired && !reply.recursion_available &&
                    !reply.authentic)
            << what;
        EXPECT_EQ(reply.id, 0x1234);
        EXPECT_FALSE(reply.edns) << what;
        ASSERT_EQ(reply.questions.size(), 1U);
        EXPECT_EQ(reply.questions[0].name.text(), each.name);
    }
}

TEST_F(Answer, AddsGlueForNameServersOfTheZone)
{
    const auto reply = ask("platform.test", RecordType::ns);
    EXPECT_EQ(section(reply.additionals),
              "ns1.platform.test 3600 A 192.0.2.53; ns1.platform.test 3600 AAAA 2001:db8::53");
    EXPECT_EQ(section(ask("acme.platform.test", RecordType::ns).additionals), "");
}

TEST_F(Answer, RepeatsTheCaseOfTheQuestion)
{
    const auto reply = ask("K7q.PLATFORM.tEsT", RecordType::a);
    EXPECT_EQ(reply.rcode, Rcode::noerror);
    EXPECT_EQ(reply.questions[0].name.text(), "K7q.PLATFORM.tEsT");
    ASSERT_EQ(reply.answers.size(), 2U);
    EXPECT_EQ(reply.answers[0].name.text(), "K7q.PLATFORM.tEsT");
    EXPECT_EQ(ask("K7q.PLATFORM.tEsT", RecordType::txt).authorities.size(), 1U);
}

TEST_F(Answer, HonoursTheExpiryOfAChallengeWhenAsked)
{
    EXPECT_EQ(ask("k7q.acme.platform.test", RecordType::txt).answers.size(), 1U);
    clock_.advance(std::chrono::hours(1));
    EXPECT_EQ(ask("k7q.acme.platform.test", RecordType::txt).rcode, Rcode::nxdomain);
}

TEST_F(Answer, AnswersEdnsOnlyWhenAsked)
{
    dns::Edns edns;
    edns.options.push_back({dns::OptionCode::nsid, {}});
    edns.options.push_back({static_cast<dns::OptionCode>(65'001), {1, 2, 3}});
    const auto reply = ask(question("k7q.platform.test", RecordType::a, edns));
    ASSERT_TRUE(reply.edns);
    EXPECT_EQ(reply.edns->version, 0);
    EXPECT_EQ(reply.edns->udp_size, 1'232);
    EXPECT_TRUE(reply.edns->options.empty());
    EXPECT_EQ(reply.answers.size(), 2U);

    edns.version = 1;
    const auto newer = ask(question("k7q.platform.test", RecordType::a, edns));
    EXPECT_EQ(newer.rcode, Rcode::badvers);
    EXPECT_TRUE(newer.answers.empty() && newer.edns && newer.edns->version == 0);
}

TEST_F(Answer, SaysWithEdnsThatItIsNotAuthoritative)
{
    const auto reply = ask(question("elsewhere.test", RecordType::a, dns::Edns()));
    ASSERT_NE(reply.option(dns::OptionCode::extended_error), nullptr);
    EXPECT_EQ(reply.option(dns::OptionCode::extended_error)->data, (base::Bytes{0, 20}));
}

TEST_F(Answer, TruncatesWhatDoesNotFitAndGivesAllOverTcp)
{
    std::vector<std::string> values;
    for (int i = 0; i < 20; ++i) {
        values.push_back(fmt::format("{:060}", i));
    }
    data_.apply(sample::batch({sample::txt("big.acme.platform.test", values)}));
    struct Case {
        std::optional<std::uint16_t> udp_size;
        std::size_t limit;
    };
    for (const Case& each : {Case{std::nullopt, 512}, Case{100, 512}, Case{900, 900}, Case{4'096, 1'232}}) {
        auto edns = each.udp_size ? std::optional(dns::Edns{*each.udp_size, 0, false, {}}) : std::nullopt;
        const auto query = question("big.acme.platform.test", RecordType::txt, edns);
        EXPECT_LE(reply_to(query).size(), each.limit);
        const auto reply = ask(query);
        EXPECT_TRUE(reply.truncated && reply.answers.empty() && reply.authorities.empty() &&
                    reply.authoritative);
        EXPECT_EQ(reply.edns.has_value(), each.udp_size.has_value());
        const auto whole = ask(query, dns::Transport::tcp);
        EXPECT_FALSE(whole.truncated);
        EXPECT_EQ(whole.answers.size(), 20U);
    }
    values.resize(7);
    data_.apply(sample::batch({sample::txt("big.acme.platform.test", values)}));
    EXPECT_TRUE(ask("big.acme.platform.test", RecordType::txt).truncated);
    EXPECT_EQ(ask(question("big.acme.platform.test", RecordType::txt, dns::Edns())).answers.size(), 7U);
}

TEST_F(Answer, SplitsLongValuesIntoStrings)
{
    const std::string text(600, 'x');
    data_.apply(sample::batch({sample::txt("long.acme.platform.test", {text})}));
    const auto reply = ask(question("long.acme.platform.test", RecordType::txt, dns::Edns()));
    EXPECT_EQ(reply.answers_of(RecordType::txt), std::vector<std::string>{text});
}

TEST_F(Answer, SaysWhatIsWrongWithAMessage)
{
    const auto good = question("k7q.platform.test", RecordType::a, dns::Edns());
    const auto with = [&good](auto change) {
        auto query = good;
        change(query);
        return query;
    };
    struct Case {
        std::string_view what;
        base::Bytes query;
        std::optional<Rcode> rcode;  // none: no reply
        std::size_t questions;
    };
    const Case cases[] = {
        {"a reply", with([](auto& q) { q[2] |= 0x80; }), std::nullopt, 0},
        {"half a header", base::Bytes(good.begin(), good.begin() + 11), std::nullopt, 0},
        {"an update", with([](auto& q) { q[2] = 5 << 3; }), Rcode::notimp, 0},
        {"no question", with([](auto& q) { q[5] = 0; }), Rcode::formerr, 0},
        {"two questions", with([](auto& q) { q[5] = 2; }), Rcode::formerr, 0},
        {"a header alone", base::Bytes(good.begin(), good.begin() + 12), Rcode::formerr, 0},
        {"half a question", base::Bytes(good.begin(), good.begin() + 20), Rcode::formerr, 0},
        {"half an OPT", base::Bytes(good.begin(), good.end() - 3), Rcode::formerr, 1},
        {"octets after the end", with([](auto& q) { q.push_back(0); }), Rcode::formerr, 1},
        {"a pointer in the question", with([](auto& q) { q[12] = 0xc0, q[13] = 4; }), Rcode::formerr, 0},
        {"class CH", with([](auto& q) { q[q.size() - 12] = 3; }), Rcode::refused, 1},
        {"class ANY", with([](auto& q) { q[q.size() - 12] = 255; }), Rcode::refused, 1},
    };
    for (const auto& each : cases) {
        const auto wire = reply_to(each.query);
        ASSERT_EQ(wire.empty(), !each.rcode.has_value()) << each.what;
        if (!each.rcode) {
            continue;
        }
        const auto reply = dns::Message::parse(wire);
        ASSERT_TRUE(reply) << each.what;
        EXPECT_EQ(reply->rcode, *each.rcode) << each.what;
        EXPECT_EQ(reply->questions.size(), each.questions) << each.what;
        EXPECT_FALSE(reply->authoritative) << each.what;
        EXPECT_EQ(reply->id, 0x1234) << each.what;
    }
}

TEST_F(Answer, TellsALimitedClientToUseTcp)
{
    const auto query = question("K7q.platform.test", RecordType::a, dns::Edns());
    base::Bytes buffer(largest_udp);
    buffer.resize(answer_truncated(query, buffer).size);
    const auto reply = dns::Message::parse(buffer).value();
    EXPECT_TRUE(reply.truncated && reply.response && reply.answers.empty());
    EXPECT_EQ(reply.questions[0].name.text(), "K7q.platform.test");
    EXPECT_LE(buffer.size(), query.size());
}

}  // namespace
}  // namespace nameserver
