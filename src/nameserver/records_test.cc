// Zones that people write: what RFC 1034 4.3.2 and RFC 4592 say of them.
#include "dns/rdata.h"
#include "nameserver/answer.h"
#include "nameserver/sample_zone.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nameserver {
namespace {

using dns::Rcode;
using dns::RecordType;

// shop.test of people: with a wildcard, a chain, a loop, names delegated to others, and odd types.
std::vector<feed::Change> shop()
{
    model::Zone zone;
    zone.apex = "shop.test";
    zone.kind = model::ZoneKind::fixed;
    zone.name_servers = {{"ns1.shop.test", {}}, {"ns.elsewhere.test", {}}};
    zone.hostmaster = "admin.shop.test";
    zone.primary = "hidden.shop.test";
    zone.refresh = 1;
    zone.retry = 2;
    zone.expire = 3;
    zone.negative_ttl = 4;
    zone.apex_ttl = 5;
    const auto one = [](const std::string& name, std::string_view type,
                        const std::vector<std::string>& values) {
        return sample::set("shop.test", name, type, values);
    };
    const auto at = [&one](const std::string& name, std::string_view type,
                           const std::vector<std::string>& values) {
        return sample::records({one(name, type, values)});
    };
    return {
        {model::RevisionKind::zone, "shop.test", zone},
        sample::records({one("shop.test", "A", {"192.0.2.1"}), one("shop.test", "MX", {"10 mail.shop.test"}),
                         one("shop.test", "NS", {"ignored.shop.test"})}),
        at("ns1.shop.test", "A", {"192.0.2.53"}),
        at("www.shop.test", "CNAME", {"shop.test"}),
        at("one.shop.test", "CNAME", {"two.shop.test"}),
        at("two.shop.test", "CNAME", {"gone.shop.test"}),
        at("loop.shop.test", "CNAME", {"pool.shop.test"}),
        at("pool.shop.test", "CNAME", {"loop.shop.test"}),
        at("cdn.shop.test", "CNAME", {"shop.cdn.example"}),
        at("_acme-challenge.shop.test", "CNAME", {"k7q.acme.platform.test"}),
        at("*.wild.shop.test", "TXT", {"\"any\""}),
        at("a.b.wild.shop.test", "A", {"192.0.2.7"}),
        at("*.alias.shop.test", "CNAME", {"www.shop.test"}),
        sample::records({one("sub.shop.test", "NS", {"ns.sub.shop.test", "ns1.shop.test", "ns.far.test"}),
                         one("sub.shop.test", "DS", {"1 13 2 abcd"})}),
        at("ns.sub.shop.test", "A", {"192.0.2.99"}),
        at("odd.shop.test", "TYPE65280", {"\\# 2 beef"}),
        at("down.alias2.shop.test", "CNAME", {"x.sub.shop.test"}),
    };
}

class Records : public testing::Test {
protected:
    Records() : clock_(sample::now)
    {
        data_.apply(sample::batch(sample::platform()));
        data_.apply(sample::batch(shop()));
    }

    dns::Message ask(std::string_view name, RecordType type, dns::Transport transport = dns::Transport::tcp)
    {
        dns::Message message;
        message.questions.push_back({dns::Name::parse(name).value(), type, dns::class_in});
        base::Bytes buffer(65'535);
        const auto query = message.serialize().value();
        buffer.resize(answer(data_, clock_, query, transport, buffer).size);
        return dns::Message::parse(buffer).value();
    }

    base::ManualClock clock_;
    ZoneData data_;
};

std::string lines(const std::vector<dns::Record>& records)
{
    std::string text;
    for (const auto& each : records) {
        text += fmt::format("{}{} {} {} {}", text.empty() ? "" : "; ", each.name.text(), each.ttl,
                            dns::to_string(each.type), dns::data_text(each.type, each.data));
    }
    return text;
}

constexpr std::string_view shop_soa = "shop.test 4 SOA hidden.shop.test admin.shop.test 42 1 2 3 4";
constexpr std::string_view shop_referral =
    "sub.shop.test 300 NS ns.sub.shop.test; sub.shop.test 300 NS ns1.shop.test; sub.shop.test 300 NS "
    "ns.far.test";

TEST_F(Records, AreAnsweredByTheRulesOfZones)
{
    struct Case {
        std::string_view name;
        RecordType type;
        Rcode rcode;
        std::string_view answer, authority;
        bool authoritative = true;
    };
    const auto a = RecordType::a;
    const auto txt = RecordType::txt;
    const Case cases[] = {
        {"shop.test", a, Rcode::noerror, "shop.test 300 A 192.0.2.1", ""},
        {"shop.test", RecordType::ns, Rcode::noerror,
         "shop.test 5 NS ns1.shop.test; shop.test 5 NS ns.elsewhere.test", ""},
        {"shop.test", RecordType::soa, Rcode::noerror,
         "shop.test 5 SOA hidden.shop.test admin.shop.test 42 1 2 3 4", ""},
        {"shop.test", RecordType::mx, Rcode::noerror, "shop.test 300 MX 10 mail.shop.test", ""},
        {"shop.test", RecordType::ds, Rcode::noerror, "", shop_soa},
        {"mail.shop.test", a, Rcode::nxdomain, "", shop_soa},
        {"www.shop.test", a, Rcode::noerror, "www.shop.test 300 CNAME shop.test; shop.test 300 A 192.0.2.1",
         ""},
        {"www.shop.test", RecordType::cname, Rcode::noerror, "www.shop.test 300 CNAME shop.test", ""},
        {"www.shop.test", txt, Rcode::noerror, "www.shop.test 300 CNAME shop.test", shop_soa},
        {"www.shop.test", RecordType::any, Rcode::noerror, R"(www.shop.test 3600 HINFO "RFC8482" "")", ""},
        {"one.shop.test", a, Rcode::nxdomain,
         "one.shop.test 300 CNAME two.shop.test; two.shop.test 300 CNAME gone.shop.test", shop_soa},
        {"cdn.shop.test", a, Rcode::noerror, "cdn.shop.test 300 CNAME shop.cdn.example", ""},
        {"_acme-challenge.shop.test", txt, Rcode::noerror,
         "_acme-challenge.shop.test 300 CNAME k7q.acme.platform.test; "
         "k7q.acme.platform.test 1 TXT \"proof\"",
         ""},
        {"x.wild.shop.test", txt, Rcode::noerror, R"(x.wild.shop.test 300 TXT "any")", ""},
        {"y.x.wild.shop.test", txt, Rcode::noerror, R"(y.x.wild.shop.test 300 TXT "any")", ""},
        {"x.wild.shop.test", a, Rcode::noerror, "", shop_soa},
        {"wild.shop.test", txt, Rcode::noerror, "", shop_soa},
        {"b.wild.shop.test", txt, Rcode::noerror, "", shop_soa},
        {"x.b.wild.shop.test", txt, Rcode::nxdomain, "", shop_soa},
        {"*.wild.shop.test", txt, Rcode::noerror, R"(*.wild.shop.test 300 TXT "any")", ""},
        {"q.alias.shop.test", a, Rcode::noerror,
         "q.alias.shop.test 300 CNAME www.shop.test; www.shop.test 300 CNAME shop.test; "
         "shop.test 300 A 192.0.2.1",
         ""},
        {"sub.shop.test", a, Rcode::noerror, "", shop_referral, false},
        {"sub.shop.test", RecordType::ns, Rcode::noerror, "", shop_referral, false},
        {"x.y.sub.shop.test", txt, Rcode::noerror, "", shop_referral, false},
        {"ns.sub.shop.test", a, Rcode::noerror, "", shop_referral, false},
        {"x.sub.shop.test", RecordType::ds, Rcode::noerror, "", shop_referral, false},
        {"sub.shop.test", RecordType::ds, Rcode::noerror, "sub.shop.test 300 DS 1 13 2 abcd", ""},
        {"odd.shop.test", static_cast<RecordType>(65'280), Rcode::noerror,
         "odd.shop.test 300 TYPE65280 \\# 2 beef", ""},
        {"down.alias2.shop.test", a, Rcode::noerror, "down.alias2.shop.test 300 CNAME x.sub.shop.test",
         shop_referral},
        {"acme.platform.test", RecordType::ds, Rcode::noerror, "",
         "platform.test 30 SOA ns1.platform.test hostmaster.platform.test 42 3600 600 604800 30"},
    };
    for (const auto& each : cases) {
        const auto reply = ask(each.name, each.type);
        const std::string what = fmt::format("{} {}", each.name, dns::to_string(each.type));
        EXPECT_EQ(reply.rcode, each.rcode) << what;
        EXPECT_EQ(lines(reply.answers), each.answer) << what;
        EXPECT_EQ(lines(reply.authorities), each.authority) << what;
        EXPECT_EQ(reply.authoritative, each.authoritative) << what;
    }
}

TEST_F(Records, CarryGlueWithWhatPointsAtNamesOfTheZone)
{
    EXPECT_EQ(lines(ask("x.sub.shop.test", RecordType::a).additionals),
              "ns.sub.shop.test 300 A 192.0.2.99; ns1.shop.test 300 A 192.0.2.53");
    EXPECT_EQ(lines(ask("shop.test", RecordType::ns).additionals), "ns1.shop.test 300 A 192.0.2.53");
}

TEST_F(Records, FollowAChainOnlySoFar)
{
    std::vector<feed::Change> changes;
    for (int i = 0; i < 40; ++i) {
        changes.push_back(sample::records({sample::set("shop.test", fmt::format("c{}.shop.test", i), "CNAME",
                                                       {fmt::format("c{}.shop.test", i + 1)})}));
    }
    data_.apply(sample::batch(std::move(changes)));
    EXPECT_EQ(ask("c0.shop.test", RecordType::a).answers.size(), 17U);
}

TEST_F(Records, EndAChainThatGoesInCircles)
{
    const auto reply = ask("loop.shop.test", RecordType::a);
    EXPECT_EQ(reply.rcode, Rcode::noerror);
    EXPECT_EQ(reply.answers.size(), 2U) << "each once";
    EXPECT_TRUE(ask("loop.shop.test", RecordType::a, dns::Transport::udp).authoritative);
}

TEST_F(Records, AreTruncatedWhenGlueThatIsNeededDoesNotFit)
{
    std::vector<std::string> many;
    for (int i = 0; i < 30; ++i) {
        many.push_back(fmt::format("192.0.2.{}", i));
    }
    data_.apply(sample::batch({sample::records({sample::set("shop.test", "ns.sub.shop.test", "A", many)})}));
    const auto reply = ask("x.sub.shop.test", RecordType::a, dns::Transport::udp);
    EXPECT_TRUE(reply.truncated && reply.authorities.empty() && reply.additionals.empty());
    EXPECT_EQ(ask("x.sub.shop.test", RecordType::a).additionals.size(), 31U);
}

TEST_F(Records, ExpireAtTheirTime)
{
    auto set = sample::set("shop.test", "soon.shop.test", "A", {"192.0.2.8"});
    set.expires_at = sample::now + std::chrono::seconds(60);
    data_.apply(sample::batch({sample::records({set})}));
    EXPECT_EQ(ask("soon.shop.test", RecordType::a).answers.size(), 1U);
    clock_.advance(std::chrono::seconds(60));
    EXPECT_EQ(ask("soon.shop.test", RecordType::a).rcode, Rcode::nxdomain);
}

TEST_F(Records, StandBesideAliasesAndProofs)
{
    data_.apply(sample::batch(
        {sample::records({sample::set("platform.test", "k7q.platform.test", "CAA", {"0 issue \"ca.test\""})}),
         sample::records(
             {sample::set("acme.platform.test", "k7q.acme.platform.test", "TXT", {"\"kept\""})})}));
    EXPECT_EQ(ask("k7q.platform.test", RecordType::a).answers.size(), 2U);
    EXPECT_EQ(ask("k7q.platform.test", RecordType::caa).answers.size(), 1U);
    EXPECT_EQ(ask("k7q.acme.platform.test", RecordType::txt).answers.size(), 2U);
    data_.apply(sample::batch({sample::gone(model::RevisionKind::txt, "k7q.acme.platform.test")}));
    EXPECT_EQ(ask("k7q.acme.platform.test", RecordType::txt).answers.size(), 1U);
    data_.apply(sample::batch({sample::gone(model::RevisionKind::records, "k7q.acme.platform.test")}));
    EXPECT_EQ(ask("k7q.acme.platform.test", RecordType::txt).rcode, Rcode::nxdomain);
}

// The zone below is ours too: its own data answers, the delegation and the glue of the zone above do not.
TEST_F(Records, OfTwoZonesAtOneNameAreToldApart)
{
    model::Zone below;
    below.apex = "sub.shop.test";
    below.name_servers = {{"ns.sub.shop.test", {}}};
    data_.apply(sample::batch(
        {{model::RevisionKind::zone, below.apex, below},
         sample::records({sample::set("shop.test", "sub.shop.test", "NS", {"ns.sub.shop.test"}),
                          sample::set("sub.shop.test", "sub.shop.test", "TXT", {"\"own\""})})}));
    EXPECT_EQ(lines(ask("sub.shop.test", RecordType::txt).answers), R"(sub.shop.test 300 TXT "own")");
    EXPECT_TRUE(ask("sub.shop.test", RecordType::ns).authoritative);
    EXPECT_EQ(ask("ns.sub.shop.test", RecordType::a).rcode, Rcode::nxdomain);
    EXPECT_EQ(ask("sub.shop.test", RecordType::ds).authorities.at(0).name.text(), "shop.test");
}

TEST_F(Records, AreGoneWithTheirZone)
{
    data_.apply(sample::batch({sample::gone(model::RevisionKind::zone, "shop.test")}));
    EXPECT_EQ(ask("www.shop.test", RecordType::a).rcode, Rcode::refused);
}

}  // namespace
}  // namespace nameserver
