#include "endpoints/upstream_policy.h"

#include <gtest/gtest.h>

namespace endpoints {
namespace {

TEST(UpstreamPolicy, ReturnsTheCanonicalUrl)
{
    const UpstreamPolicy policy;

    EXPECT_EQ(policy.check("HTTP://App.Example.NET:8080/Base", false).value(),
              "http://app.example.net:8080/Base");
    EXPECT_EQ(policy.check("https://[2606:4700::1111]/", false).value(), "https://[2606:4700::1111]/");
    EXPECT_EQ(policy.check("http://1.1.1.1", false).value(), "http://1.1.1.1");
}

TEST(UpstreamPolicy, RefusesWhatIsNotAnUpstream)
{
    const UpstreamPolicy policy;
    for (const auto* url : {"",
                            "app.example.net",
                            "ftp://app.example.net",
                            "http://",
                            "http:///path",
                            "http://user@app.example.net",
                            "http://user:secret@app.example.net",
                            "http://app.example.net/#part",
                            "http://app.example.net/?q=1",
                            "http://app example.net",
                            "http://app.example.net:99999",
                            "http://app.example.net:0",
                            "javascript:alert(1)",
                            "http://127.1",
                            "http://2130706433",
                            "http://0x7f000001",
                            "http://0x7f.0.0.1",
                            "http://[fe80::1%25eth0]/",
                            "//app.example.net",
                            "http://a..b"}) {
        const auto refused = policy.check(url, true);

        ASSERT_FALSE(refused) << url;
        EXPECT_EQ(refused.error().code(), "upstream_invalid") << url;
        EXPECT_FALSE(refused.error().fix().empty()) << url;
    }
}

TEST(UpstreamPolicy, KeepsTenantsAwayFromAddressesThatAreNotPublic)
{
    const UpstreamPolicy policy;
    for (const auto* url :
         {"http://127.0.0.1:3000", "http://10.1.2.3", "http://192.168.0.10", "http://172.16.5.5",
          "http://169.254.169.254/latest/meta-data", "http://[::1]:80", "http://[fd00::1]",
          "http://[fe80::1]", "http://[::ffff:10.0.0.1]", "http://0.0.0.0", "http://localhost:8080",
          "http://LOCALHOST", "http://x.localhost"}) {
        const auto refused = policy.check(url, false);

        ASSERT_FALSE(refused) << url;
        EXPECT_EQ(refused.error().code(), "upstream_forbidden") << url;
        EXPECT_TRUE(policy.check(url, true)) << url << " by the operator";
    }
}

TEST(UpstreamPolicy, LetsTenantsUseWhatTheOperatorGranted)
{
    const UpstreamPolicy policy(net::AddressSet::parse({"10.9.0.0/16"}).value());

    EXPECT_TRUE(policy.check("http://10.9.1.1", false));
    EXPECT_FALSE(policy.check("http://10.8.1.1", false));
    EXPECT_FALSE(policy.check("http://localhost", false));
}

}  // namespace
}  // namespace endpoints
