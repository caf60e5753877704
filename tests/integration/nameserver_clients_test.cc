// dig, kdig, Unbound and libunbound against our name server.
#include "base/task_group.h"
#include "dns/resolver.h"
#include "nameserver_fixture.h"

#include <fmt/format.h>

namespace {

using dns::Rcode;
using dns::RecordType;
namespace asio = boost::asio;

class NameServerClients : public test::NameServerFixture {
protected:
    std::string dig(std::string_view arguments)
    {
        return output_of(fmt::format("dig +tries=1 +time=5 @127.0.0.1 -p {} {}", port(), arguments));
    }
    std::string kdig(std::string_view arguments)
    {
        return output_of(fmt::format("kdig +retry=0 +timeout=5 @127.0.0.1 -p {} {}", port(), arguments));
    }
    bool has(const std::string& output, std::string_view part)
    {
        EXPECT_NE(output.find(part), std::string::npos) << "missing: " << part << "\nin: " << output;
        return output.find(part) != std::string::npos;
    }
};

TEST_F(NameServerClients, DigSeesEveryKindOfAnswer)
{
    EXPECT_EQ(dig("+short k7q.platform.test A"), "192.0.2.10\n192.0.2.11\n");
    EXPECT_EQ(dig("+short +tcp k7q.platform.test AAAA"), "2001:db8::10\n");
    EXPECT_EQ(output_of(fmt::format("dig +short +time=5 @::1 -p {} k7q.acme.platform.test TXT", port(1))),
              "\"proof\"\n");
    EXPECT_EQ(
        output_of(fmt::format("dig +short +tcp +time=5 @::1 -p {} K7Q.acme.PLATFORM.test TXT", port(1))),
        "\"proof\"\n");
    has(dig("nobody.platform.test"), "status: NXDOMAIN");
    has(dig("+norec b.c.platform.test"), "flags: qr aa; QUERY: 1, ANSWER: 0, AUTHORITY: 1");
    has(dig("elsewhere.test"), "EDE: 20 (Not Authoritative)");
    has(dig("k7q.platform.test ANY"), "HINFO\t\"RFC8482\" \"\"");
    has(dig("version.bind CH TXT"), "status: REFUSED");
    has(dig("platform.test AXFR"), "Transfer failed");
}

TEST_F(NameServerClients, DigFollowsATruncatedAnswerOverTcp)
{
    std::vector<std::string> values;
    for (int i = 0; i < 30; ++i) {
        values.push_back(fmt::format("{:060}", i));
    }
    apply({nameserver::sample::txt("big.acme.platform.test", values)}, 43);
    has(dig("+ignore big.acme.platform.test TXT"), "flags: qr aa tc rd;");
    has(dig("big.acme.platform.test TXT"), "ANSWER: 30");
}

TEST_F(NameServerClients, KdigSeesEdnsAsTheStandardHasIt)
{
    has(kdig("+edns=1 k7q.platform.test"), "BADVERS");
    has(kdig("+nsid +ednsopt=65001:0102 k7q.platform.test"), "status: NOERROR");
    has(kdig("+bufsize=4096 k7q.platform.test"), "UDP size: 1232 B");
    has(kdig("+tcp +keepopen k7q.platform.test A v4.platform.test A"), "192.0.2.20");
    EXPECT_EQ(kdig("+noedns k7q.platform.test").find("EDNS"), std::string::npos);
}

class Recursive : public NameServerClients {
protected:
    Recursive() : unbound_port_(test::free_port())
    {
        const auto config = folder_.path() / "unbound.conf";
        test::write_file(config, fmt::format(R"(server:
    directory: "{0}"
    pidfile: "{0}/unbound.pid"
    chroot: ""
    username: ""
    use-syslog: no
    interface: 127.0.0.1@{1}
    do-daemonize: no
    do-not-query-localhost: no
    module-config: "iterator"
    local-zone: "test." nodefault
    use-caps-for-id: yes
    cache-max-ttl: 0
    edns-buffer-size: 1232
stub-zone:
    name: "platform.test"
    stub-addr: 127.0.0.1@{2}
stub-zone:
    name: "refused.test"
    stub-addr: 127.0.0.1@{2}
)",
                                             folder_.path().string(), unbound_port_, port()));
        unbound_ = std::make_unique<test::Child>(
            std::vector<std::string>{"/usr/sbin/unbound", "-d", "-c", config.string()},
            std::map<std::string, std::string>{}, folder_.path() / "unbound.log");
    }

    void SetUp() override
    {
        ASSERT_TRUE(test::wait_for_port(*unbound_, unbound_port_))
            << test::read_file(folder_.path() / "unbound.log");
        dns::ResolverOptions options;
        options.forward = fmt::format("127.0.0.1@{}", unbound_port_);
        resolver_ = dns::make_resolver(loop_.get_executor(), options).value();
    }
    dns::Lookup look_up(std::string name, RecordType type)
    {
        auto lookup = test::run(loop_, resolver_->lookup(name, type));
        EXPECT_TRUE(lookup) << name << ": " << (lookup ? "" : lookup.error().message());
        return lookup.value_or(dns::Lookup());
    }

    std::uint16_t unbound_port_;
    std::unique_ptr<test::Child> unbound_;
    std::unique_ptr<dns::Resolver> resolver_;
};

TEST_F(Recursive, TheCheckingResolverSeesOurZonesThroughUnboundWith0x20)
{
    auto addresses = look_up("k7q.platform.test", RecordType::a);
    std::ranges::sort(addresses.records);
    EXPECT_EQ(addresses.records, (std::vector<std::string>{"192.0.2.10", "192.0.2.11"}));
    EXPECT_EQ(addresses.canonical_name, "k7q.platform.test");
    EXPECT_TRUE(addresses.exists());
    EXPECT_FALSE(addresses.secure || addresses.bogus);
    EXPECT_EQ(look_up("k7q.acme.platform.test", RecordType::txt).records, std::vector<std::string>{"proof"});
    EXPECT_EQ(look_up("nobody.platform.test", RecordType::a).rcode, Rcode::nxdomain);
    EXPECT_EQ(look_up("b.c.platform.test", RecordType::a).rcode, Rcode::noerror);
    EXPECT_FALSE(look_up("b.c.platform.test", RecordType::a).exists());
    EXPECT_EQ(look_up("k7q.platform.test", RecordType::caa).rcode, Rcode::noerror);
    EXPECT_EQ(look_up("platform.test", RecordType::ns).records.size(), 2U);
}

TEST_F(Recursive, TheCheckingResolverSeesAChangeAtOnce)
{
    for (int i = 0; i < 5; ++i) {
        apply({nameserver::sample::txt("k7q.acme.platform.test", {fmt::format("v{}", i)})}, 43 + i);
        EXPECT_EQ(look_up("k7q.acme.platform.test", RecordType::txt).records,
                  std::vector<std::string>{fmt::format("v{}", i)});
    }
}

TEST_F(Recursive, AZoneWhoseServersRefuseIsServfailWithAReason)
{
    const auto lookup = look_up("x.refused.test", RecordType::a);
    EXPECT_EQ(lookup.rcode, Rcode::servfail);
    EXPECT_FALSE(lookup.why.empty());
}

base::Task<> many(dns::Resolver& resolver, int& right)
{
    base::TaskGroup group(co_await asio::this_coro::executor);
    struct One {
        static asio::awaitable<void> look(dns::Resolver& from, std::string name, int& count)
        {
            const auto lookup = co_await from.lookup(std::move(name), RecordType::a);
            count += lookup && lookup->rcode == Rcode::nxdomain ? 1 : 0;
        }
    };
    for (int i = 0; i < 200; ++i) {
        group.spawn("look", One::look(resolver, fmt::format("n{}.platform.test", i), right));
    }
    co_await group.join();
    co_return base::Result<>();
}

TEST_F(Recursive, ManyLookUpsGoOnAtOnce)
{
    int right = 0;
    EXPECT_TRUE(test::run(loop_, many(*resolver_, right)));
    EXPECT_EQ(right, 200);
}

TEST(Resolver, GivesUpAtItsLimitAndMayEndWithLookUpsUnderWay)
{
    asio::io_context loop(1);
    asio::ip::udp::socket silent(loop, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
    dns::ResolverOptions options;
    options.forward = fmt::format("127.0.0.1@{}", silent.local_endpoint().port());
    options.limit = std::chrono::milliseconds(100);
    auto resolver = dns::make_resolver(loop.get_executor(), options).value();
    const auto lookup = test::run(loop, resolver->lookup("x.example", RecordType::a));
    ASSERT_FALSE(lookup);
    EXPECT_EQ(lookup.error().kind(), base::Errc::timeout);

    bool ended = false;
    asio::co_spawn(loop, resolver->lookup("y.example", RecordType::a),
                   [&ended](std::exception_ptr, auto) { ended = true; });
    loop.poll();
    resolver.reset();
    loop.run_for(std::chrono::seconds(5));
    EXPECT_TRUE(ended);
}

TEST(Resolver, RefusesAForwarderThatIsNoAddress)
{
    asio::io_context loop(1);
    dns::ResolverOptions options;
    options.forward = "nonsense";
    EXPECT_FALSE(dns::make_resolver(loop.get_executor(), options));
}

}  // namespace
