#include "responder/authorities.h"

#include "fakes/fake_resolver.h"
#include "net/listener.h"
#include "support/run.h"

#include <gtest/gtest.h>

namespace {

using dns::RecordType;

class AuthoritiesTest : public ::testing::Test {
protected:
    AuthoritiesTest()
    {
        resolver_.set("acme.example", RecordType::soa,
                      {"ns1.acme.example hostmaster.acme.example 1 2 3 4 5"});
        resolver_.set("acme.example", RecordType::ns,
                      {"ns1.acme.example", "ns2.other.test", "ns3.other.test"});
        resolver_.set("ns1.acme.example", RecordType::a, {"192.0.2.1"});
        resolver_.set("ns1.acme.example", RecordType::aaaa, {"2001:db8::1"});
        resolver_.set("ns2.other.test", RecordType::a, {"192.0.2.2"});
        resolver_.silence("ns3.other.test");
    }

    base::Result<responder::Authorities> find(const std::string& owner)
    {
        return test::run(loop_, responder::find_authorities(resolver_, owner));
    }

    boost::asio::io_context loop_{1};
    test::FakeResolver resolver_;
};

TEST_F(AuthoritiesTest, AreEveryAddressOfEveryServerThatHasOne)
{
    const auto found = find("label.acme.example");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->owner, "label.acme.example");
    std::vector<std::string> servers;
    for (const auto& each : found->servers) {
        servers.push_back(net::to_string(each));
    }
    EXPECT_EQ(servers, (std::vector<std::string>{"192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"}));
}

// acme-dns: the challenge zone leads to its one account by a wildcard CNAME.
TEST_F(AuthoritiesTest, AreThoseOfTheNameWhereAliasesEnd)
{
    resolver_.set("*.challenges.test", RecordType::cname, {"account.acme.example"});
    const auto found = find("label.challenges.test");
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->owner, "account.acme.example");
    EXPECT_EQ(found->servers.size(), 3U);
}

TEST_F(AuthoritiesTest, ThatCannotBeFoundAreAFailureWithAFix)
{
    const auto no_zone = find("label.elsewhere.test");
    ASSERT_FALSE(no_zone);
    EXPECT_EQ(no_zone.error().code(), "dns01_authorities");
    resolver_.clear("ns1.acme.example");
    resolver_.clear("ns2.other.test");
    EXPECT_EQ(find("label.acme.example").error().code(), "dns01_authorities");
}

}  // namespace
