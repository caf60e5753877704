// DNS-01 on name servers that are not ours: a real Knot takes the updates, a second one has them by transfer.
#include "dns/ask.h"
#include "fakes/open_gates.h"
#include "responder/dns_probe.h"
#include "responder/store_responder.h"
#include "support/child.h"
#include "support/run.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view secret = "c2VjcmV0LW9mLXRoZS10ZXN0LXNlY3JldC1zZWNyZXQ=";

class Dns01Elsewhere : public ::testing::Test {
protected:
    void SetUp() override
    {
        const auto path = folder_.path().string();
        test::write_file(folder_.path() / "acme.zone",
                         "$ORIGIN acme.example.\n$TTL 5\n@ SOA ns1 hostmaster 1 60 60 3600 1\n@ NS ns1\n@ NS "
                         "ns2\nns1 A 127.0.0.1\nns2 A 127.0.0.1\n");
        start("primary", primary_, primary_port_,
              fmt::format(R"(
    file: "{0}/acme.zone"
    notify: secondary
    acl: [updates, transfers]
    zonefile-sync: -1
    journal-content: changes
)",
                          path));
        start("secondary", secondary_, secondary_port_, R"(
    master: primary
    acl: notifies
)");
        auto opened = store::open_sqlite(folder_.path() / "db", clock_);
        ASSERT_TRUE(opened);
        store_ = std::move(*opened);
        options_.foreign_servers = {at(primary_port_), at(secondary_port_)};
        options_.foreign_limit = 20s;
    }

    static net::Endpoint at(std::uint16_t port) { return {asio::ip::address_v4::loopback(), port}; }

    void start(const std::string& name, std::unique_ptr<test::Child>& child, std::uint16_t port,
               const std::string& zone)
    {
        const auto path = (folder_.path() / name).string();
        std::filesystem::create_directories(path);
        test::write_file(path + "/knot.conf",
                         fmt::format(R"(server:
    rundir: "{0}"
    listen: 127.0.0.1@{1}
database:
    storage: "{0}"
log:
  - target: stderr
    any: info
key:
  - id: certwright
    algorithm: hmac-sha256
    secret: {2}
remote:
  - id: primary
    address: 127.0.0.1@{3}
  - id: secondary
    address: 127.0.0.1@{4}
acl:
  - id: updates
    key: certwright
    action: update
    update-type: [TXT]
  - id: transfers
    address: 127.0.0.1
    action: transfer
  - id: notifies
    address: 127.0.0.1
    action: notify
zone:
  - domain: acme.example
    storage: "{0}"{5})",
                                     path, port, secret, primary_port_, secondary_port_, zone));
        child = std::make_unique<test::Child>(
            std::vector<std::string>{"/usr/sbin/knotd", "-c", path + "/knot.conf"},
            std::map<std::string, std::string>{}, path + ".log");
        ASSERT_TRUE(has_zone(*child, port)) << test::read_file(path + ".log");
    }

    bool has_zone(test::Child& child, std::uint16_t port)
    {
        dns::Query query;
        query.name = dns::Name::parse("acme.example").value();
        query.type = dns::RecordType::soa;
        query.limit = 500ms;
        const auto deadline = std::chrono::steady_clock::now() + 20s;
        while (child.running() && std::chrono::steady_clock::now() < deadline) {
            const auto reply = test::run(loop_, dns::ask(at(port), query));
            if (reply && !reply->answers.empty()) {
                return true;
            }
            test::run(loop_, base::sleep_for(20ms));
        }
        return false;
    }

    std::unique_ptr<responder::Publisher> publisher(std::string_view key)
    {
        responder::Rfc2136Options options;
        options.update.server = at(primary_port_);
        options.update.key = dns::parse_tsig_key(key).value();
        return responder::make_rfc2136_publisher(clock_, std::move(options));
    }

    base::Result<> add(std::string_view key, std::string owner = "k1.acme.example")
    {
        const auto made = publisher(key);
        return test::run(loop_, made->add(std::move(owner), "a-value"));
    }

    // How many TXT values the server has at the owner.
    std::size_t values(std::uint16_t port, std::string owner = "k1.acme.example")
    {
        dns::Query query;
        query.name = dns::Name::parse(owner).value();
        query.type = dns::RecordType::txt;
        return test::run(loop_, dns::ask(at(port), query)).value().answers_of(dns::RecordType::txt).size();
    }

    static responder::Presentation proof(std::string token)
    {
        responder::Presentation what;
        what.order = "ord_1";
        what.type = model::ChallengeType::dns_01;
        what.identifier = "shop.example.com";
        what.token = std::move(token);
        what.thumbprint = "thumb";
        what.txt_owner = "k1.acme.example";
        return what;
    }

    const std::string good_ = fmt::format("hmac-sha256:certwright:{}", secret);
    test::TempDir folder_;
    asio::io_context loop_{1};
    base::SystemClock clock_;
    std::uint16_t primary_port_ = test::free_port();
    std::uint16_t secondary_port_ = test::free_port();
    std::unique_ptr<test::Child> primary_;
    std::unique_ptr<test::Child> secondary_;
    std::unique_ptr<store::Store> store_;
    test::OpenGates gate_;
    std::unique_ptr<responder::TxtProbe> probe_ = responder::make_dns_probe();
    responder::ResponderOptions options_;
};

TEST_F(Dns01Elsewhere, EveryServerHasTheValueAndNoneAfterwards)
{
    const auto elsewhere = publisher(good_);
    options_.elsewhere = elsewhere.get();
    const auto responder = responder::make_responder(*store_, clock_, gate_, *probe_, options_);

    for (const auto* token : {"a", "b", "b"}) {
        const auto presented = test::run(loop_, responder->present(proof(token)), 30s);
        ASSERT_TRUE(presented) << presented.error().message();
    }
    EXPECT_EQ(values(primary_port_), 2U);
    EXPECT_EQ(values(secondary_port_), 2U);

    ASSERT_TRUE(test::run(loop_, responder->clean_up("ord_1")));
    ASSERT_TRUE(test::run(loop_, responder->clean_up("ord_1")));
    EXPECT_EQ(values(primary_port_), 0U);
}

// The process that published died: another one, which knows only the store, takes the value back.
TEST_F(Dns01Elsewhere, WhatCannotBeTakenBackNowIsTakenBackLater)
{
    const auto unknown = publisher("hmac-sha256:stranger:AAEC");
    const auto known = publisher(good_);
    options_.elsewhere = known.get();
    auto responder = responder::make_responder(*store_, clock_, gate_, *probe_, options_);
    ASSERT_TRUE(test::run(loop_, responder->present(proof("a")), 30s));

    options_.elsewhere = unknown.get();
    responder = responder::make_responder(*store_, clock_, gate_, *probe_, options_);
    EXPECT_TRUE(test::run(loop_, responder->clean_up("ord_1")));
    EXPECT_EQ(values(primary_port_), 1U);

    options_.elsewhere = known.get();
    responder = responder::make_responder(*store_, clock_, gate_, *probe_, options_);
    ASSERT_TRUE(test::run(loop_, responder->sweep()));
    EXPECT_EQ(values(primary_port_), 0U);
}

TEST_F(Dns01Elsewhere, RefusalsSayWhatIsWrong)
{
    const auto code = [](const base::Result<>& result) { return result ? "" : result.error().code(); };
    EXPECT_EQ(code(add(good_)), "");
    EXPECT_EQ(code(add("hmac-sha256:stranger:AAEC")), "tsig_badkey");
    EXPECT_EQ(code(add("hmac-sha256:certwright:AAEC")), "tsig_badsig");
    EXPECT_EQ(code(add(good_, "elsewhere.example.net")), "dns_update_zone");
}

}  // namespace
