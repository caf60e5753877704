#include "nameserver/registrar_check.h"

#include "base/task_group.h"
#include "dns/message.h"
#include "dns/rdata.h"
#include "support/run.h"

#include <boost/asio/ip/udp.hpp>
#include <gtest/gtest.h>

#include <map>

namespace nameserver {
namespace {

namespace asio = boost::asio;
using dns::RecordType;
using model::RecordStatus;

// Answers from a table; what is not in it does not exist.
class FakeResolver final : public dns::Resolver {
public:
    base::Task<dns::Lookup> lookup(std::string name, RecordType type) override
    {
        const auto known = answers.find({name, type});
        co_return known != answers.end() ? known->second : base::Result<dns::Lookup>(not_there());
    }
    void has(std::string name, RecordType type, std::vector<std::string> records)
    {
        dns::Lookup lookup;
        lookup.records = std::move(records);
        answers.insert_or_assign({std::move(name), type}, std::move(lookup));
    }

    std::map<std::pair<std::string, RecordType>, base::Result<dns::Lookup>> answers;

private:
    static dns::Lookup not_there()
    {
        dns::Lookup lookup;
        lookup.rcode = dns::Rcode::nxdomain;
        return lookup;
    }
};

model::Zone zone()
{
    model::Zone zone;
    zone.apex = "platform.test";
    zone.name_servers = {{"ns1.platform.test", {"192.0.2.53", "2001:db8:0::53"}},
                         {"ns2.elsewhere.test", {"192.0.2.54"}}};
    return zone;
}

TEST(RegistrarCheck, WantsTheDelegationAndGlueForServersWithinTheZoneAlone)
{
    const auto report = wanted_at_registrar(zone());
    ASSERT_EQ(report.records.size(), 3U);
    EXPECT_EQ(report.records[0].expected,
              (std::vector<std::string>{"ns1.platform.test", "ns2.elsewhere.test"}));
    EXPECT_EQ(report.records[1].expected, std::vector<std::string>{"192.0.2.53"});
    EXPECT_EQ(report.records[2].expected, std::vector<std::string>{"2001:db8::53"});
    EXPECT_FALSE(report.ok());
    EXPECT_TRUE(report.unknown());
}

TEST(RegistrarCheck, ComparesWhatIsFoundInAnyOrder)
{
    FakeResolver resolver;
    resolver.has("platform.test", RecordType::ns, {"ns2.elsewhere.test", "ns1.platform.test"});
    resolver.has("ns1.platform.test", RecordType::a, {"192.0.2.53"});
    resolver.has("ns1.platform.test", RecordType::aaaa, {"2001:db8::53"});
    const auto report = test::run(check_registrar(zone(), resolver));
    EXPECT_TRUE(report.ok());
}

TEST(RegistrarCheck, SaysWhatToAddAndWhatToRemove)
{
    FakeResolver resolver;
    resolver.has("platform.test", RecordType::ns, {"ns1.platform.test", "ns.parking.test"});
    resolver.has("ns1.platform.test", RecordType::a, {"198.51.100.1"});
    const auto report = test::run(check_registrar(zone(), resolver));
    EXPECT_EQ(report.records[0].status, RecordStatus::wrong);
    EXPECT_EQ(report.records[0].why, "add ns2.elsewhere.test; remove ns.parking.test");
    EXPECT_EQ(report.records[1].status, RecordStatus::wrong);
    EXPECT_EQ(report.records[2].status, RecordStatus::missing);
    EXPECT_EQ(to_table(report),
              "NAME               TYPE  STATUS   VALUE\n"
              "platform.test      NS    wrong    ns1.platform.test, ns2.elsewhere.test\n"
              "                   found: ns.parking.test, ns1.platform.test\n"
              "                   add ns2.elsewhere.test; remove ns.parking.test\n"
              "ns1.platform.test  A     wrong    192.0.2.53\n"
              "                   found: 198.51.100.1\n"
              "                   add 192.0.2.53; remove 198.51.100.1\n"
              "ns1.platform.test  AAAA  missing  2001:db8::53\n"
              "                   create it\n");
}

TEST(RegistrarCheck, DoesNotCallWrongWhatCouldNotBeFoundOut)
{
    FakeResolver resolver;
    dns::Lookup failing;
    failing.rcode = dns::Rcode::servfail;
    resolver.answers.insert_or_assign({"platform.test", RecordType::ns}, failing);
    resolver.answers.insert_or_assign({"ns1.platform.test", RecordType::a},
                                      base::fail(base::Errc::timeout, "timed out"));
    resolver.has("ns1.platform.test", RecordType::aaaa, {"2001:db8::53"});
    const auto report = test::run(check_registrar(zone(), resolver));
    EXPECT_TRUE(report.unknown());
    EXPECT_NE(report.records[0].why.find("port 53"), std::string::npos);
    EXPECT_EQ(report.records[1].why, "timed out");
}

// A parent zone on loopback that gives one referral.
asio::awaitable<void> refer(asio::ip::udp::socket& socket, dns::Message referral)
{
    base::Bytes buffer(2'000);
    asio::ip::udp::endpoint from;
    const auto size = co_await socket.async_receive_from(asio::buffer(buffer), from, asio::use_awaitable);
    const auto question = dns::Message::parse(base::ByteView(buffer).first(size)).value();
    referral.id = question.id;
    referral.questions = question.questions;
    referral.response = true;
    const auto wire = referral.serialize().value();
    co_await socket.async_send_to(asio::buffer(wire), from, asio::use_awaitable);
}

asio::awaitable<DelegationReport> check_beside(asio::ip::udp::socket& socket, dns::Message referral,
                                               dns::Resolver& resolver)
{
    base::TaskGroup group(co_await asio::this_coro::executor);
    group.spawn("parent", refer(socket, std::move(referral)));
    auto report = co_await check_registrar(zone(), resolver, socket.local_endpoint().port());
    co_await group.stop();
    co_return report;
}

dns::Record record(std::string_view owner, RecordType type, std::string_view text)
{
    return {dns::Name::parse(owner).value(), type, dns::class_in, 60, dns::parse_data(type, text).value()};
}

TEST(RegistrarCheck, BelievesTheParentRatherThanOurOwnAnswers)
{
    asio::io_context loop(1);
    asio::ip::udp::socket parent(loop, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    FakeResolver resolver;
    resolver.has("test", RecordType::ns, {"ns.registry.test"});
    resolver.has("ns.registry.test", RecordType::a, {"127.0.0.1"});
    resolver.has("platform.test", RecordType::ns, {"ns2.elsewhere.test", "ns1.platform.test"});
    resolver.has("ns1.platform.test", RecordType::a, {"192.0.2.53"});
    resolver.has("ns1.platform.test", RecordType::aaaa, {"2001:db8::53"});
    dns::Message referral;
    referral.authorities.push_back(record("platform.test", RecordType::ns, "ns1.platform.test"));
    referral.additionals.push_back(record("ns1.platform.test", RecordType::a, "192.0.2.53"));

    const auto report = test::run(loop, check_beside(parent, referral, resolver));

    EXPECT_EQ(report.records[0].why, "add ns2.elsewhere.test");
    EXPECT_EQ(report.records[1].status, RecordStatus::ok);
    EXPECT_EQ(report.records[2].status, RecordStatus::missing);
}

}  // namespace
}  // namespace nameserver
