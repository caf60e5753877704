// What an edge shows in its handshakes to the real openssl: the key type that the client verifies, and the
// answer of TLS-ALPN-01.
#include "crypto/digest.h"
#include "edge_fixture.h"

#include <gmock/gmock.h>

namespace edge {
namespace {

using model::KeyType;
using testing::HasSubstr;
using testing::Not;

class EdgeHandshake : public EdgeTest {
protected:
    // What openssl says of a handshake for shop.test.
    std::string shake_hands(const std::string& options, std::size_t listener = 0)
    {
        return shell(
            fmt::format("openssl s_client -connect {} -servername shop.test -CAfile {}/ca.pem {} "
                        "</dev/null",
                        net::to_string(edge->https().at(listener)), folder.path().string(), options));
    }
    void announce(const std::string& token)
    {
        apply({{model::RevisionKind::token, token, feed::TokenEntry{"thumb", "shop.test"}}});
    }
};

TEST_F(EdgeHandshake, ServesTheKeyTypeThatTheClientVerifies)
{
    apply({certificate("crt_ec", "ep_a", {"shop.test"}),
           certificate("crt_rsa", "ep_a", {"shop.test"}, KeyType::rsa_2048),
           route("ep_a", {"shop.test"}, {"crt_ec", "crt_rsa"})});
    const std::pair<std::string, std::string> cases[] = {
        {"", "Peer signature type: ECDSA"},
        {"-tls1_2", "Peer signature type: ECDSA"},
        {"-tls1_3 -sigalgs rsa_pss_rsae_sha256", "Peer signature type: RSA-PSS"},
        {"-tls1_3 -sigalgs ECDSA+SHA256", "Peer signature type: ECDSA"},
        {"-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", "Peer signature type: RSA"},
        {"-tls1_2 -sigalgs RSA+SHA256", "Peer signature type: RSA"},
        {"-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", "Peer signature type: ECDSA"},
    };
    for (const auto& [options, signature] : cases) {
        const auto shown = shake_hands(options);
        EXPECT_THAT(shown, HasSubstr(signature)) << options;
        EXPECT_THAT(shown, HasSubstr("Verification: OK")) << options;
    }
}

TEST_F(EdgeHandshake, ServesTheValidOneWhereTheOtherKeyTypeHasExpired)
{
    apply({certificate("crt_ec", "ep_a", {"shop.test"}, KeyType::ecdsa_p256, -1),
           certificate("crt_rsa", "ep_a", {"shop.test"}, KeyType::rsa_2048),
           route("ep_a", {"shop.test"}, {"crt_ec", "crt_rsa"})});
    EXPECT_THAT(shake_hands(""), HasSubstr("Verification: OK"));
    EXPECT_THAT(shake_hands("-tls1_2"), HasSubstr("Verification: OK"));

    apply({certificate("crt_ec", "ep_a", {"shop.test"}),
           certificate("crt_rsa", "ep_a", {"shop.test"}, KeyType::rsa_2048, -1)});
    EXPECT_THAT(shake_hands(""), HasSubstr("Verification: OK"));
}

TEST_F(EdgeHandshake, AnswersTlsAlpn01OverBothFamiliesThoughTheEndpointIsFiltered)
{
    auto closed = route("ep_a", {"shop.test"}, {"crt_a"});
    std::get<feed::RouteEntry>(*closed.entry).ip_filter = {"192.0.2.0/24"};
    apply({certificate("crt_a", "ep_a", {"shop.test"}), closed});
    announce("tok");

    const auto hash = crypto::sha256(base::as_bytes("tok.thumb"));
    for (const std::size_t listener : {0U, 1U}) {
        const auto shown = shake_hands("-alpn acme-tls/1", listener);
        EXPECT_THAT(shown, HasSubstr("ALPN protocol: acme-tls/1"));
        const auto begin = shown.find("-----BEGIN CERTIFICATE-----");
        ASSERT_NE(begin, std::string::npos) << shown;
        const auto leaf = crypto::parse_chain(shown.substr(begin)).value();
        EXPECT_EQ(leaf.leaf.identifiers, std::vector<std::string>{"shop.test"});
        EXPECT_FALSE(std::ranges::search(leaf.der.front(), hash).empty());
    }
    EXPECT_THAT(shake_hands("-alpn http/1.1"), HasSubstr("Verification: OK"));
    std::uint64_t answered = 0;
    for (const auto* counters : edge->counters()) {
        answered += counters->challenges;
    }
    EXPECT_EQ(answered, 2U);
}

TEST_F(EdgeHandshake, RefusesAcmeWhereNoChallengeIsPending)
{
    serve_shop();
    EXPECT_THAT(shake_hands("-alpn acme-tls/1"), HasSubstr("no application protocol"));
    announce("tok");
    EXPECT_THAT(shake_hands("-alpn acme-tls/1"), HasSubstr("ALPN protocol: acme-tls/1"));
    apply({{model::RevisionKind::token, "tok", std::nullopt}});

    EXPECT_THAT(shake_hands("-alpn acme-tls/1"), HasSubstr("no application protocol"));
    EXPECT_THAT(https("shop.test", "/"), HasSubstr("hello\n"));
}

TEST_F(EdgeHandshake, AnAcmeConnectionNeverReachesHttp)
{
    serve_shop();
    announce("tok");

    const auto shown = shell(
        fmt::format("printf 'GET / HTTP/1.1\\r\\nHost: shop.test\\r\\n\\r\\n' | timeout 10 openssl s_client "
                    "-connect 127.0.0.1:{} -servername shop.test -alpn acme-tls/1 -quiet",
                    https()));

    EXPECT_THAT(shown, Not(HasSubstr("HTTP/1.1"))) << "it is closed after the handshake";
    EXPECT_THAT(shown, Not(HasSubstr("exit 124")));
}

}  // namespace
}  // namespace edge
