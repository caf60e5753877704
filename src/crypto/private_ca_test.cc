#include "crypto/private_ca.h"

#include "crypto/acme_identifier.h"
#include "crypto/certificate.h"
#include "crypto/jose.h"
#include "crypto/public_key.h"
#include "crypto/request_facts.h"
#include "support/certificates.h"
#include "support/child.h"
#include "support/temp_dir.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

namespace {

using namespace std::chrono_literals;

const base::Time now = base::parse_rfc3339("2026-06-01T12:00:00Z").value();

crypto::PrivateCaOptions options(int roots = 1, model::KeyType type = model::KeyType::ecdsa_p256)
{
    crypto::PrivateCaOptions made;
    made.roots = roots;
    made.key_type = type;
    made.now = now;
    return made;
}

crypto::LeafShape shape_for(const crypto::PrivateKey& key, std::vector<std::string> names)
{
    crypto::LeafShape shape;
    shape.identifiers = std::move(names);
    shape.public_der = key.public_der();
    shape.not_before = now - 1h;
    shape.not_after = now + 90 * 24h;
    return shape;
}

}  // namespace

TEST(PrivateCa, SignsLeavesThatEveryChainLeadsTo)
{
    const auto ca = crypto::PrivateCa::create(options(3)).value();
    const auto key = test::new_key();
    const auto leaf = ca.issue(shape_for(key, {"shop.test", "*.shop.test", "127.0.0.1", "2001:db8::1"}));

    ASSERT_TRUE(leaf) << leaf.error().message();
    ASSERT_EQ(ca.chains(), 3U);
    for (std::size_t i = 0; i < ca.chains(); ++i) {
        const auto chain =
            crypto::parse_chain(crypto::to_pem({*leaf}) + ca.intermediate_pem(i) + ca.root_pem(i));
        ASSERT_TRUE(chain) << chain.error().message();
        EXPECT_EQ(chain->leaf.identifiers,
                  (std::vector<std::string>{"shop.test", "*.shop.test", "127.0.0.1", "2001:db8::1"}));
        EXPECT_EQ(chain->leaf.not_before, now - 1h);
        EXPECT_EQ(chain->leaf.not_after, now + 90 * 24h);
        EXPECT_EQ(chain->leaf.public_der, key.public_der());
        EXPECT_FALSE(chain->leaf.ari_id.empty());
    }
}

TEST(PrivateCa, GoesOnFromItsFolder)
{
    const test::TempDir folder;
    const auto made = crypto::PrivateCa::open(folder.path() / "ca", options(2));
    ASSERT_TRUE(made) << made.error().message();
    const auto again = crypto::PrivateCa::open(folder.path() / "ca", options(5));
    ASSERT_TRUE(again) << again.error().message();

    EXPECT_EQ(again->chains(), 2U);
    EXPECT_EQ(again->root_pem(1), made->root_pem(1));
    const auto leaf = again->issue(shape_for(test::new_key(), {"a.test"}));
    EXPECT_TRUE(
        crypto::parse_chain(crypto::to_pem({leaf.value()}) + made->intermediate_pem(0) + made->root_pem(0)));
    struct stat facts{};
    ASSERT_EQ(::stat((folder.path() / "ca" / "intermediate.key").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
}

TEST(PrivateCa, OpensslAgreesWithChainAndLeaf)
{
    const test::TempDir folder;
    for (const auto type : {model::KeyType::ecdsa_p256, model::KeyType::rsa_2048}) {
        auto wanted = options(1, type);
        wanted.now = base::SystemClock().now();
        const auto ca = crypto::PrivateCa::create(wanted).value();
        const auto key = test::new_key(type);
        auto shape = shape_for(key, {"shop.test"});
        shape.not_before = wanted.now - 1h;
        shape.not_after = wanted.now + 24h;
        shape.common_name = true;
        shape.key_encipherment = true;
        test::write_file(folder.path() / "root.pem", ca.root_pem(0));
        test::write_file(folder.path() / "middle.pem", ca.intermediate_pem(0));
        test::write_file(folder.path() / "leaf.pem", crypto::to_pem({ca.issue(shape).value()}));
        const auto command = fmt::format(
            "cd {} && openssl verify -x509_strict -purpose sslserver -verify_hostname shop.test -CAfile "
            "root.pem "
            "-untrusted middle.pem leaf.pem >log 2>&1",
            folder.path().string());

        EXPECT_EQ(std::system(command.c_str()), 0) << test::read_file(folder.path() / "log");
    }
}

TEST(RequestFacts, OfOurOwnRequests)
{
    const auto key = test::new_key(model::KeyType::rsa_2048);
    const auto der = crypto::make_csr(key, {"a.test", "*.b.test", "192.0.2.1"}).value();

    const auto facts = crypto::read_request(der);

    ASSERT_TRUE(facts) << facts.error().message();
    EXPECT_EQ(facts->identifiers, (std::vector<std::string>{"a.test", "*.b.test", "192.0.2.1"}));
    EXPECT_FALSE(facts->other_names);
    EXPECT_TRUE(facts->key.rsa);
    EXPECT_EQ(facts->key.bits, 2048);
    EXPECT_EQ(facts->public_der, key.public_der());
    auto broken = der;
    broken.back() ^= 1;
    EXPECT_FALSE(crypto::read_request(broken));
    EXPECT_FALSE(crypto::read_request(base::Bytes{1, 2, 3}));
    EXPECT_FALSE(crypto::read_request({}));
}

TEST(PublicKey, VerifiesWhatOurKeysSign)
{
    for (const auto type : {model::KeyType::ecdsa_p256, model::KeyType::rsa_2048}) {
        const auto key = test::new_key(type);
        const auto other = crypto::PublicKey::from_jwk(crypto::to_jwk(key));
        ASSERT_TRUE(other) << other.error().message();
        EXPECT_EQ(other->jwk(), crypto::to_jwk(key));
        EXPECT_EQ(other->thumbprint(), crypto::thumbprint(key));
        EXPECT_EQ(other->jws_algorithm(), crypto::jws_algorithm(key));
        EXPECT_EQ(other->public_der(), key.public_der());
        const auto jws = crypto::sign_jws(key, "{}", "payload").value();
        const auto from = jws.find("\"signature\":\"") + 13;
        auto signature = base::from_base64url(jws.substr(from, jws.size() - from - 2)).value();
        const std::string input =
            base::to_base64url(base::as_bytes("{}")) + "." + base::to_base64url(base::as_bytes("payload"));

        EXPECT_TRUE(other->verify_jws(base::as_bytes(input), signature));
        EXPECT_FALSE(other->verify_jws(base::as_bytes(input + "x"), signature));
        signature[7] ^= 1;
        EXPECT_FALSE(other->verify_jws(base::as_bytes(input), signature));
        EXPECT_FALSE(other->verify_jws(base::as_bytes(input), {}));
    }
}

TEST(PublicKey, RefusesKeysThatAreNone)
{
    const auto good = crypto::to_jwk(test::new_key());
    auto off_curve = good;
    const auto y = off_curve.find("\"y\":\"") + 6;
    off_curve[y] = off_curve[y] == 'A' ? 'B' : 'A';
    for (const auto& text :
         {std::string("{}"), std::string("[]"), std::string("{"), std::string(R"({"kty":"oct","k":"AAAA"})"),
          std::string(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"), off_curve,
          std::string(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), std::string(10'000, ' ')}) {
        const auto refused = crypto::PublicKey::from_jwk(text);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code(), "bad_public_key");
    }
}

TEST(PublicKey, MacsOfThreeLengths)
{
    const base::Bytes key(32, 7);
    const auto jws = crypto::sign_jws_hmac(key, R"({"alg":"HS256"})", "x");
    const auto from = jws.find("\"signature\":\"") + 13;
    const auto mac = base::from_base64url(jws.substr(from, jws.size() - from - 2)).value();
    const auto input = base::to_base64url(base::as_bytes(R"({"alg":"HS256"})")) + "." +
                       base::to_base64url(base::as_bytes("x"));

    EXPECT_TRUE(crypto::verify_jws_hmac("HS256", key, base::as_bytes(input), mac));
    EXPECT_FALSE(crypto::verify_jws_hmac("HS384", key, base::as_bytes(input), mac));
    EXPECT_FALSE(crypto::verify_jws_hmac("none", key, base::as_bytes(input), mac));
    EXPECT_FALSE(crypto::verify_jws_hmac("HS256", base::Bytes(32, 8), base::as_bytes(input), mac));
    // RFC 4231 test case 2.
    const auto want = base::from_hex(
                          "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                          "8e2240ca5e69e2c78b3239ecfab21649")
                          .value();
    EXPECT_TRUE(crypto::verify_jws_hmac("HS384", base::Bytes{'J', 'e', 'f', 'e'},
                                        base::as_bytes("what do ya want for nothing?"), want));
}

TEST(AcmeCertificate, AnOrdinaryCertificateIsNone)
{
    const auto key = test::new_key();
    const auto pem = crypto::self_signed(key, {"a.test"}, 3).value();
    const auto der = crypto::parse_chain(pem).value().der.front();

    const auto refused = crypto::check_acme_certificate(der, "a.test", "token.thumbprint");

    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().message().contains("acmeIdentifier")) << refused.error().message();
    EXPECT_FALSE(crypto::check_acme_certificate(base::Bytes{1}, "a.test", "t"));
}
