#include "edge/forwarded_head.h"

#include <gtest/gtest.h>

namespace edge {
namespace {

net::ConnectionFacts from(const std::string& address, bool tls = true)
{
    net::ConnectionFacts facts;
    facts.client = {boost::asio::ip::make_address(address), 5000};
    facts.tls = tls;
    return facts;
}

http::RequestHead request(http::Headers headers)
{
    http::RequestHead head;
    head.method = "GET";
    head.target = "/path?q=1";
    head.authority = "shop.test:8443";
    head.headers = std::move(headers);
    return head;
}

TEST(ForwardedHead, TrailersDecideNothingThatIsDecidedBeforeTheBody)
{
    const auto passed = passed_trailers({{"Grpc-Status", "0"},
                                         {"content-length", "5"},
                                         {"Transfer-Encoding", "chunked"},
                                         {"Host", "other"},
                                         {"Authorization", "x"},
                                         {"X-Forwarded-For", "10.0.0.1"},
                                         {"x_real_ip", "10.0.0.1"},
                                         {"Connection", "close"}});

    ASSERT_EQ(passed.fields().size(), 1U);
    EXPECT_EQ(passed.find("grpc-status"), "0");
}

TEST(ForwardedHead, RemovesWhatBelongsToTheConnectionAndWhatItNames)
{
    const auto head = forwarded_request(request({{"Connection", "keep-alive, X-Secret ,close"},
                                                 {"X-Secret", "1"},
                                                 {"Keep-Alive", "timeout=5"},
                                                 {"TE", "trailers"},
                                                 {"Transfer-Encoding", "chunked"},
                                                 {"Proxy-Authorization", "Basic x"},
                                                 {"Expect", "100-continue"},
                                                 {"Accept", "text/html"}}),
                                        from("192.0.2.7"), "", "id1");

    for (const auto* name : {"Connection", "X-Secret", "Keep-Alive", "TE", "Transfer-Encoding",
                             "Proxy-Authorization", "Expect", "Upgrade"}) {
        EXPECT_FALSE(head.headers.contains(name)) << name;
    }
    EXPECT_EQ(head.headers.find("Accept"), "text/html");
}

TEST(ForwardedHead, TellsTheUpstreamWhoAskedAndDropsWhatTheClientClaimed)
{
    const auto head = forwarded_request(
        request({{"X-Forwarded-For", "10.0.0.1"}, {"x-forwarded-proto", "http"}, {"Forwarded", "for=evil"}}),
        from("192.0.2.7"), "", "id1");

    EXPECT_EQ(head.headers.find("X-Forwarded-For"), "192.0.2.7");
    EXPECT_EQ(head.headers.find("X-Forwarded-Proto"), "https");
    EXPECT_EQ(head.headers.find("X-Forwarded-Host"), "shop.test:8443");
    EXPECT_EQ(head.headers.find("Forwarded"), "for=192.0.2.7;proto=https;host=\"shop.test:8443\"");
    EXPECT_EQ(head.headers.find("X-Request-Id"), "id1");
    EXPECT_EQ(head.authority, "shop.test:8443");
}

TEST(ForwardedHead, WritesAddressesAsPeopleKnowThem)
{
    EXPECT_EQ(forwarded_request(request({}), from("2001:db8::1"), "", "i").headers.find("Forwarded"),
              "for=\"[2001:db8::1]\";proto=https;host=\"shop.test:8443\"");
    EXPECT_EQ(forwarded_request(request({}), from("::ffff:192.0.2.9", false), "", "i")
                  .headers.find("X-Forwarded-For"),
              "192.0.2.9");
}

TEST(ForwardedHead, PutsThePrefixBeforeThePath)
{
    EXPECT_EQ(forwarded_request(request({}), from("192.0.2.7"), "/app", "i").target, "/app/path?q=1");
}

TEST(ForwardedHead, KeepsAnUpgradeOnlyWhenConnectionNamesIt)
{
    const auto asking = request({{"Connection", "keep-alive, Upgrade"}, {"Upgrade", "websocket"}});
    EXPECT_TRUE(wants_upgrade(asking));
    EXPECT_EQ(forwarded_request(asking, from("192.0.2.7"), "", "i").headers.find("Upgrade"), "websocket");

    const auto silent = request({{"Upgrade", "websocket"}});
    EXPECT_FALSE(wants_upgrade(silent));
    EXPECT_FALSE(forwarded_request(silent, from("192.0.2.7"), "", "i").headers.contains("Upgrade"));
}

TEST(ForwardedHead, NeverOffersHttpInsideATunnel)
{
    for (const std::string protocol : {"h2c", "websocket, h2c", "HTTP/2.0", "TLS/1.2"}) {
        const auto asking = request({{"Connection", "Upgrade, HTTP2-Settings"}, {"Upgrade", protocol}});
        EXPECT_FALSE(wants_upgrade(asking)) << protocol;
        EXPECT_FALSE(forwarded_request(asking, from("192.0.2.7"), "", "i").headers.contains("Upgrade"));
    }
}

TEST(ForwardedHead, DropsWhatOriginsCannotTellFromOurFields)
{
    const auto head = forwarded_request(
        request({{"X_Forwarded_For", "10.9.9.9"}, {"x-real_ip", "10.9.9.9"}, {"X_Own", "1"}}),
        from("192.0.2.7"), "", "i");
    EXPECT_FALSE(head.headers.contains("X_Forwarded_For"));
    EXPECT_FALSE(head.headers.contains("x-real_ip"));
    EXPECT_TRUE(head.headers.contains("X_Own"));
}

TEST(ForwardedHead, KnowsPathsThatLeadUpwards)
{
    for (const std::string path : {"/..", "/a/../../b", "/%2e%2E/b", "/.%2e/", "/a%2f..%2Fb", "/a\\..\\b",
                                   "/a%5c..%5cb", "/..;x=1/b", "/%2e.%2fb%zz/c", "/%zz/%2e."}) {
        EXPECT_TRUE(leads_upwards(path)) << path;
    }
    for (const std::string path : {"/", "/a..b/", "/...", "/a/./b", "/.well-known/x", "/%2fa", "/a%zz"}) {
        EXPECT_FALSE(leads_upwards(path)) << path;
    }
}

TEST(ForwardedHead, KeepsRepeatedFieldsOfAnAnswerInOrder)
{
    const auto kept =
        forwarded_answer({{"Set-Cookie", "a=1"}, {"Connection", "close"}, {"Set-Cookie", "b=2"}}, false);

    ASSERT_EQ(kept.fields().size(), 2U);
    EXPECT_EQ(kept.fields()[0].second, "a=1");
    EXPECT_EQ(kept.fields()[1].second, "b=2");
}

}  // namespace
}  // namespace edge
