// The same zones in Knot and in our name server must give the same answers.
#include "dns/rdata.h"
#include "nameserver_fixture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace {

namespace asio = boost::asio;
using dns::RecordType;

constexpr std::string_view platform_zone = R"($ORIGIN platform.test.
@ 3600 SOA ns1.platform.test. hostmaster.platform.test. 42 3600 600 604800 30
@ 3600 NS ns1.platform.test.
@ 3600 NS ns2.elsewhere.test.
@ 60 A 192.0.2.10
@ 60 A 192.0.2.11
@ 60 AAAA 2001:db8::10
ns1 3600 A 192.0.2.53
ns1 3600 AAAA 2001:db8::53
k7q 60 A 192.0.2.10
k7q 60 A 192.0.2.11
k7q 60 AAAA 2001:db8::10
v4 60 A 192.0.2.20
*.pool 60 A 192.0.2.20
a.b.c 60 A 192.0.2.10
a.b.c 60 A 192.0.2.11
a.b.c 60 AAAA 2001:db8::10
_acme-challenge 1 TXT "first"
_acme-challenge 1 TXT "second"
)";

constexpr std::string_view acme_zone = R"($ORIGIN acme.platform.test.
@ 3600 SOA ns1.platform.test. hostmaster.platform.test. 42 3600 600 604800 30
@ 3600 NS ns1.platform.test.
@ 3600 NS ns2.elsewhere.test.
k7q 1 TXT "proof"
)";

std::vector<std::string> texts(const std::vector<dns::Record>& records)
{
    std::vector<std::string> lines;
    for (const auto& each : records) {
        lines.push_back(fmt::format("{} {} {} {}", each.name.lower().text(), each.ttl,
                                    dns::to_string(each.type), dns::data_text(each.type, each.data)));
    }
    std::ranges::sort(lines);
    return lines;
}

std::string summary(const dns::Message& reply)
{
    return fmt::format("{} aa={} tc={} ra={} edns={} questions={} answer={} authority={}",
                       dns::to_string(reply.rcode), reply.authoritative, reply.truncated,
                       reply.recursion_available, reply.edns.has_value(), reply.questions.size(),
                       texts(reply.answers), texts(reply.authorities));
}

class BesideKnot : public test::NameServerFixture {
protected:
    BesideKnot() : knot_port_(test::free_port())
    {
        const auto path = folder_.path().string();
        test::write_file(folder_.path() / "platform.zone", std::string(platform_zone));
        test::write_file(folder_.path() / "acme.zone", std::string(acme_zone));
        test::write_file(folder_.path() / "knot.conf", fmt::format(R"(server:
    rundir: "{0}"
    listen: 127.0.0.1@{1}
database:
    storage: "{0}"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{0}"
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: platform.test
    file: platform.zone
  - domain: acme.platform.test
    file: acme.zone
)",
                                                                   path, knot_port_));
        knot_ = std::make_unique<test::Child>(
            std::vector<std::string>{"/usr/sbin/knotd", "-c", path + "/knot.conf"},
            std::map<std::string, std::string>{}, folder_.path() / "knot.log");
    }

    void SetUp() override
    {
        ASSERT_TRUE(wait_for_answer(*knot_, knot_port_, "platform.test") &&
                    wait_for_answer(*knot_, knot_port_, "acme.platform.test"))
            << test::read_file(folder_.path() / "knot.log");
    }

    // One datagram there and back; empty when nothing came within half a second.
    base::Bytes exchange(std::uint16_t at, const base::Bytes& query)
    {
        asio::ip::udp::socket socket(loop_, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
        const timeval limit{0, 500'000};
        setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        socket.send_to(asio::buffer(query), {asio::ip::address_v4::loopback(), at});
        base::Bytes reply(65'535);
        const auto size = recv(socket.native_handle(), reply.data(), reply.size(), 0);
        reply.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return reply;
    }

    std::uint16_t knot_port_;
    std::unique_ptr<test::Child> knot_;
};

TEST_F(BesideKnot, EveryQuestionHasTheSameAnswer)
{
    const std::string_view names[] = {"platform.test",
                                      "PLATFORM.Test",
                                      "k7q.platform.test",
                                      "K7Q.platform.test",
                                      "v4.platform.test",
                                      "nobody.platform.test",
                                      "x.k7q.platform.test",
                                      "a.b.c.platform.test",
                                      "b.c.platform.test",
                                      "c.platform.test",
                                      "d.c.platform.test",
                                      "pool.platform.test",
                                      "any.pool.platform.test",
                                      "x.any.pool.platform.test",
                                      "*.pool.platform.test",
                                      "ns1.platform.test",
                                      "x.ns1.platform.test",
                                      "_acme-challenge.platform.test",
                                      "acme.platform.test",
                                      "k7q.acme.platform.test",
                                      "other.acme.platform.test",
                                      "x.k7q.acme.platform.test",
                                      "platform.example",
                                      "notplatform.test",
                                      "test",
                                      "."};
    const RecordType types[] = {RecordType::a,     RecordType::aaaa,
                                RecordType::txt,   RecordType::ns,
                                RecordType::soa,   RecordType::caa,
                                RecordType::mx,    RecordType::cname,
                                RecordType::https, static_cast<RecordType>(65'280)};
    int compared = 0;
    for (const auto name : names) {
        for (const auto type : types) {
            for (const auto transport : {dns::Transport::udp, dns::Transport::tcp}) {
                const auto ours = ask(port(), name, type, transport);
                const auto knots = ask(knot_port_, name, type, transport);
                ASSERT_TRUE(ours && knots) << name;
                EXPECT_EQ(summary(*ours), summary(*knots)) << name << " " << dns::to_string(type);
                ++compared;
            }
        }
    }
    EXPECT_EQ(compared, 26 * 10 * 2);
}

TEST_F(BesideKnot, MalformedMessagesAreRefusedAlike)
{
    dns::Message message;
    message.id = 77;
    message.questions.push_back(
        {dns::Name::parse("k7q.platform.test").value(), RecordType::a, dns::class_in});
    const auto plain = message.serialize().value();
    message.edns.emplace();
    const auto good = message.serialize().value();
    const auto with = [&good](auto change) {
        auto query = good;
        change(query);
        return query;
    };
    const std::pair<std::string_view, base::Bytes> cases[] = {
        {"plain", plain},
        {"EDNS", good},
        {"a reply", with([](auto& q) { q[2] |= 0x80; })},
        {"half a header", base::Bytes(good.begin(), good.begin() + 11)},
        {"EDNS version 1", with([](auto& q) { q[q.size() - 5] = 1; })},
        {"opcode STATUS", with([](auto& q) { q[2] = 2 << 3; })},
        {"opcode 15", with([](auto& q) { q[2] = 15 << 3; })},
        {"class CH", with([](auto& q) { q[q.size() - 12] = 3; })},
        {"half an OPT", base::Bytes(good.begin(), good.end() - 3)},
        {"octets after the end", with([](auto& q) { q.push_back(0); })},
        {"flags Z, AD and CD", with([](auto& q) { q[3] = 0x70; })},
    };
    for (const auto& [what, query] : cases) {
        const auto ours = exchange(port(), query);
        const auto knots = exchange(knot_port_, query);
        EXPECT_EQ(ours.empty(), knots.empty()) << what;
        if (ours.empty() || knots.empty()) {
            continue;
        }
        const auto our_reply = dns::Message::parse(ours);
        const auto knot_reply = dns::Message::parse(knots);
        ASSERT_TRUE(our_reply && knot_reply) << what;
        EXPECT_EQ(dns::to_string(our_reply->rcode), dns::to_string(knot_reply->rcode)) << what;
    }
}

}  // namespace
