// The checks of our own ACME server's validator against real servers of the other side.
#include "acme/client.h"
#include "fakes/fake_resolver.h"
#include "http/testing/http1_server.h"
#include "http01_server.h"
#include "relay/checks.h"
#include "support/run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;

}  // namespace

namespace {

// The checks of a real validator, with a DNS that the test writes down.
class Validation : public testing::Test {
protected:
    void SetUp() override
    {
        options_.http_port = web_.port();
        options_.limit = 3s;
        web_.set_thumbprint("thumb");
        request_.identifier = {"dns", "a.test"};
        request_.token = "token";
        request_.thumbprint = "thumb";
        request_.account_url = "https://ca.test/acme/acct/1";
        dns_.set("a.test", dns::RecordType::a, {"127.0.0.1"});
    }
    void TearDown() override { web_.stop(); }

    relay::Problem http_01() { return test::run(loop_, relay::check_http_01(dns_, options_, request_)); }
    relay::Problem caa(const std::vector<std::string>& records, bool wildcard = false)
    {
        request_.wildcard = wildcard;
        request_.challenge = "http-01";
        dns_.set("test", dns::RecordType::caa, records);
        const std::vector<std::string> identities{"ca.test"};
        return test::run(loop_, relay::check_caa_records(dns_, identities, request_));
    }

    asio::io_context loop_{1};
    test::Http01Server web_;
    test::FakeResolver dns_;
    relay::ValidatorOptions options_;
    relay::ValidationRequest request_;
};

}  // namespace

TEST_F(Validation, Http01)
{
    EXPECT_TRUE(http_01().none()) << http_01().detail;
    request_.thumbprint = "other";
    EXPECT_EQ(http_01().type, "unauthorized");
    EXPECT_THAT(http_01().detail, HasSubstr("did not match this challenge"));
    dns_.set("a.test", dns::RecordType::aaaa, {"::1"});  // nobody listens there: IPv4 is tried
    request_.thumbprint = "thumb";
    EXPECT_TRUE(http_01().none()) << http_01().detail;
    dns_.clear("a.test");
    EXPECT_EQ(http_01().type, "dns");
    dns_.fail("a.test");
    EXPECT_THAT(http_01().detail, HasSubstr("SERVFAIL"));
    request_.identifier = {"ip", "127.0.0.1"};
    EXPECT_TRUE(http_01().none());
    options_.http_port = 1;
    EXPECT_EQ(http_01().type, "connection");
    options_.allowed = [](const asio::ip::address&) { return false; };
    EXPECT_EQ(http_01().type, "connection");
}

// As the CA does: IPv4 steps in only where IPv6 cannot be connected to, never for what IPv6 answers.
TEST_F(Validation, Http01OverIpv6)
{
    boost::system::error_code none;
    asio::ip::tcp::acceptor probe(loop_);
    probe.open(asio::ip::tcp::v6(), none);
    probe.bind({asio::ip::address_v6::loopback(), 0}, none);
    if (none) {
        GTEST_SKIP() << "\n*** THIS MACHINE HAS NO IPv6: NOT TESTED ***\n";
    }
    test::Http01Server other({asio::ip::address_v6::loopback(), web_.port()});
    dns_.set("a.test", dns::RecordType::aaaa, {"::1"});
    other.set_thumbprint("thumb");
    web_.set_thumbprint("nobody asks IPv4");
    EXPECT_TRUE(http_01().none()) << http_01().detail;
    EXPECT_EQ(web_.answered(), 0);

    other.set_thumbprint("wrong");
    web_.set_thumbprint("thumb");
    const auto refused = http_01();
    EXPECT_EQ(refused.type, "unauthorized");
    EXPECT_THAT(refused.detail, HasSubstr("::1: The key authorization file"));
    EXPECT_EQ(web_.answered(), 0);

    request_.identifier = {"ip", "::1"};
    other.set_thumbprint("thumb");
    EXPECT_TRUE(http_01().none()) << http_01().detail;
    other.stop();
}

namespace {

// What each perspective finds: a good proof, a wrong one, or nothing.
enum class Sees { good, wrong, nothing };

relay::Problem seen_by(const std::vector<Sees>& perspectives)
{
    relay::ValidationRequest request;
    request.identifier = {"dns", "a.test"};
    request.challenge = "dns-01";
    request.token = "token";
    request.thumbprint = "thumb";
    const auto value = acme::dns_01_value(acme::key_authorization("token", "thumb"));
    std::vector<std::unique_ptr<dns::Resolver>> resolvers;
    for (const auto sees : perspectives) {
        auto resolver = std::make_unique<test::FakeResolver>();
        if (sees != Sees::nothing) {
            resolver->set("_acme-challenge.a.test", dns::RecordType::txt,
                          {sees == Sees::good ? value : "wrong"});
        }
        resolvers.push_back(std::move(resolver));
    }
    relay::NetworkValidator validator(std::move(resolvers), {});
    return test::run(validator.validate(request));
}

}  // namespace

// Baseline requirements 3.2.2.9: one of two to five remote perspectives may disagree, two of six and more.
TEST(Perspectives, MostMustAgree)
{
    using enum Sees;
    EXPECT_TRUE(seen_by({good}).none());
    EXPECT_TRUE(seen_by({good, good}).none());
    EXPECT_FALSE(seen_by({good, wrong}).none()) << "one of one";
    EXPECT_TRUE(seen_by({good, wrong, good}).none());
    EXPECT_TRUE(seen_by({good, good, good, good, nothing, good}).none());
    EXPECT_TRUE(seen_by({good, wrong, good, good, nothing, good, good}).none());

    const auto two = seen_by({good, wrong, good, wrong, good});
    EXPECT_EQ(two.type, "unauthorized");
    EXPECT_THAT(two.detail, HasSubstr("During secondary validation: Incorrect TXT record"));
    EXPECT_THAT(seen_by({good, nothing, good, good, nothing, good, wrong}).detail,
                HasSubstr("During secondary validation: "));
    const auto primary = seen_by({wrong, good, good});
    EXPECT_EQ(primary.type, "unauthorized");
    EXPECT_THAT(primary.detail, testing::Not(HasSubstr("secondary")));
}

namespace {

// What a web server says, by target; nothing known is 404.
struct Site {
    std::map<std::string, std::pair<int, std::string>> answers;

    static asio::awaitable<void> answer(http::Exchange& exchange, const Site* site)
    {
        const auto found = site->answers.find(exchange.request().target);
        const auto [status, text] =
            found == site->answers.end() ? std::pair(404, std::string()) : found->second;
        http::Headers headers;
        if (status >= 300 && status < 400) {
            headers.add("Location", text);
        }
        const auto sent = co_await http::send_text(exchange, status, "text/plain", text, headers);
        EXPECT_TRUE(sent);
    }
};

}  // namespace

TEST_F(Validation, RedirectsAreFollowedAsTheCaDoes)
{
    const std::string path = "/.well-known/acme-challenge/token";
    Site site;
    test::FunctionHandler handler(
        [&site](http::Exchange& exchange) { return Site::answer(exchange, &site); });
    test::Http1Server server(loop_, handler);
    options_.http_port = server.port();
    dns_.set("b.test", dns::RecordType::a, {"127.0.0.1"});
    const auto good = acme::key_authorization("token", "thumb");
    site.answers["/x?y=1"] = {200, good + "\n"};
    for (const auto* to : {"http://b.test/x?y=1", "http://b.test:80/x?y=1", "/x?y=1", "//b.test/x?y=1"}) {
        site.answers[path] = {302, to};
        EXPECT_TRUE(http_01().none()) << to << ": " << http_01().detail;
    }
    for (const auto* to : {"http://b.test:8080/x?y=1", "ftp://b.test/x", "", "http://u:p@b.test/x?y=1"}) {
        site.answers[path] = {301, to};
        EXPECT_EQ(http_01().type, "connection") << to;
    }
    site.answers[path] = {307, path};
    EXPECT_THAT(http_01().detail, HasSubstr("loop"));
    site.answers[path] = {303, "/x?y=1"};
    EXPECT_EQ(http_01().type, "unauthorized");
    site.answers[path] = {308, "http://nowhere.test/"};
    EXPECT_EQ(http_01().type, "dns");
    for (int i = 0; i < 12; ++i) {
        site.answers[i == 0 ? path : fmt::format("/{}", i)] = {302, fmt::format("/{}", i + 1)};
    }
    EXPECT_THAT(http_01().detail, HasSubstr("Too many redirects"));
    site.answers[path] = {200, good + std::string(200, 'x')};
    EXPECT_EQ(http_01().type, "unauthorized");
}

TEST_F(Validation, Dns01)
{
    const auto check = [this] { return test::run(loop_, relay::check_dns_01(dns_, request_)); };
    EXPECT_EQ(check().type, "dns");  // NXDOMAIN
    dns_.set("_acme-challenge.a.test", dns::RecordType::txt, {"wrong", "worse"});
    EXPECT_EQ(check().detail, "Incorrect TXT record \"wrong\" (and 1 more) found at _acme-challenge.a.test");
    const auto value = acme::dns_01_value(acme::key_authorization("token", "thumb"));
    dns_.set("_acme-challenge.a.test", dns::RecordType::txt, {"wrong", value});
    EXPECT_TRUE(check().none());
}

TEST_F(Validation, CaaClimbsAndObeysItsParameters)
{
    EXPECT_TRUE(caa({}).none());
    EXPECT_TRUE(caa({R"(0 issue "ca.test")"}).none());
    EXPECT_TRUE(
        caa({R"(0 issue "other.test")", R"(0 ISSUE "CA.test; validationmethods=dns-01,http-01")"}).none());
    EXPECT_EQ(caa({R"(0 issue "other.test")"}).type, "caa");
    EXPECT_EQ(caa({R"(0 issue ";")"}).type, "caa");
    EXPECT_EQ(caa({R"(0 issue "ca.test; validationmethods=dns-01")"}).type, "caa");
    EXPECT_TRUE(caa({R"(0 issue "ca.test; accounturi=https://ca.test/acme/acct/1")"}).none());
    EXPECT_EQ(caa({R"(0 issue "ca.test; accounturi=https://ca.test/acme/acct/2")"}).type, "caa");
    EXPECT_TRUE(caa({R"(0 iodef "mailto:a@b.test")"}).none());
    EXPECT_TRUE(caa({R"(0 strange "x")"}).none());
    EXPECT_EQ(caa({R"(128 strange "x")"}).type, "caa");
    EXPECT_EQ(caa({R"(0 issue "ca.test")", R"(0 issuewild ";")"}, true).type, "caa");
    EXPECT_TRUE(caa({R"(0 issue "ca.test")", R"(0 issuewild ";")"}, false).none());
    dns_.fail("test");
    EXPECT_EQ(caa({}).type, "caa");
}
