#include "crypto/certificate.h"

#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/pem.h"
#include "crypto/request_facts.h"
#include "support/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::ElementsAre;

// The certificate of RFC 9773 appendix A.
constexpr std::string_view rfc9773_certificate = R"(
-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

struct Site {
    test::Authority root = test::Authority::root("Test Root");
    test::Authority intermediate = root.subordinate("Test Intermediate");
    crypto::PrivateKey key = test::new_key();
    test::CertificateShape shape;

    Site() { shape.names = {"www.shop.test", "*.shop.test"}; }
    std::string leaf() const { return intermediate.issue(key, shape); }
    std::string chain() const { return leaf() + intermediate.pem(); }
};

base::Time today()
{
    return base::SystemClock().now();
}

base::Time in_days(int days)
{
    return today() + std::chrono::days(days);
}

std::string with_crlf_and_noise(const std::string& pem)
{
    std::string text = "subject=CN = www.shop.test\r\n\r\n";
    for (const char c : pem) {
        text += c == '\n' ? "  \r\n" : std::string(1, c);
    }
    return text + "\r\nthat is all\r\n";
}

}  // namespace

TEST(Chain, AriIdOfTheExampleInRfc9773)
{
    const auto chain = crypto::parse_chain(rfc9773_certificate);

    ASSERT_TRUE(chain) << chain.error().message();
    EXPECT_EQ(chain->leaf.ari_id, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
    EXPECT_EQ(chain->leaf.serial, "87654321");
    EXPECT_EQ(chain->leaf.issuer, "Example CA");
    EXPECT_EQ(chain->leaf.subject_common_name, "example.com");
    EXPECT_TRUE(chain->leaf.identifiers.empty());
}

TEST(Chain, TellsTheFactsOfTheLeaf)
{
    Site site;
    site.shape.names = {"WWW.Shop.test", "*.shop.test", "192.0.2.7", "2001:DB8:0:0::1"};

    const auto chain = crypto::parse_chain(site.chain());

    ASSERT_TRUE(chain) << chain.error().message();
    EXPECT_EQ(chain->der.size(), 2U);
    EXPECT_THAT(chain->leaf.identifiers,
                ElementsAre("www.shop.test", "*.shop.test", "192.0.2.7", "2001:db8::1"));
    EXPECT_EQ(chain->leaf.issuer, "Test Intermediate");
    EXPECT_EQ(chain->leaf.public_der, site.key.public_der());
    EXPECT_EQ(chain->leaf.key_type, model::KeyType::ecdsa_p256);
    EXPECT_EQ(chain->leaf.sha256.size(), 64U);
    EXPECT_FALSE(chain->leaf.ari_id.empty());
    EXPECT_LT(chain->leaf.not_before, today());
    EXPECT_NEAR(std::chrono::duration<double>(chain->leaf.not_after - in_days(30)).count(), 0, 60);
}

TEST(Chain, ReadsPastCrlfBlanksAndTextAround)
{
    const Site site;
    const auto pem = site.chain();

    const auto plain = crypto::parse_chain(pem);
    const auto noisy = crypto::parse_chain(with_crlf_and_noise(pem));
    const auto with_key = crypto::parse_chain(site.key.to_pem() + pem);

    ASSERT_TRUE(plain);
    ASSERT_TRUE(noisy) << noisy.error().message();
    ASSERT_TRUE(with_key);
    EXPECT_EQ(plain->der, noisy->der);
    EXPECT_EQ(plain->der, with_key->der);
    EXPECT_EQ(crypto::to_pem(plain->der), pem);
}

TEST(Chain, CertificatesMustSignOneAnotherInOrder)
{
    const Site site;
    const auto stranger = test::Authority::root("Test Intermediate");  // same name, another key

    for (const auto& pem : {site.intermediate.pem() + site.leaf(), site.leaf() + site.root.pem(),
                            site.leaf() + stranger.pem(), site.leaf() + site.leaf()}) {
        const auto chain = crypto::parse_chain(pem);
        ASSERT_FALSE(chain);
        EXPECT_EQ(chain.error().code(), "chain_incomplete");
        EXPECT_FALSE(chain.error().fix().empty());
    }
    EXPECT_TRUE(crypto::parse_chain(site.chain() + site.root.pem()));
}

TEST(Chain, BrokenPemIsNamedWithItsPlace)
{
    const Site site;
    const auto leaf = site.leaf();
    auto damaged = leaf;
    damaged.replace(200, 4, "AAAA");
    std::string many;
    for (int i = 0; i < 11; ++i) {
        many += leaf;
    }
    struct Case {
        std::string name, pem, message;
    };
    const Case cases[] = {
        {"empty", "", "no certificate"},
        {"prose", "see attachment", "no certificate"},
        {"only a key", site.key.to_pem(), "no certificate"},
        {"no end", leaf.substr(0, leaf.size() - 30), "line 1"},
        {"second begin inside", "\n\n" + leaf.substr(0, 300) + "\n" + leaf, "line 3"},
        {"not base64", "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n", "base64"},
        {"empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "base64"},
        {"not DER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "Certificate 1"},
        {"second is not DER", leaf + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
         "Certificate 2"},
        {"damaged begin", "-----BEGIN CERTIFICATE\nAAAA\n", "BEGIN"},
        {"too many", many, "11 certificates"},
        {"too long", std::string(300'000, 'x'), "too long"},
    };
    for (const auto& c : cases) {
        const auto chain = crypto::parse_chain(c.pem);
        ASSERT_FALSE(chain) << c.name;
        EXPECT_EQ(chain.error().code(), "unparsable") << c.name;
        EXPECT_TRUE(chain.error().message().contains(c.message)) << c.name << ": " << chain.error().message();
        EXPECT_FALSE(chain.error().fix().empty()) << c.name;
    }
}

TEST(CheckUpload, AcceptsAGoodCertificate)
{
    const Site site;

    const auto chain =
        crypto::check_upload(site.chain(), site.key.to_pem(), {"www.shop.test", "a.shop.test"}, today());

    ASSERT_TRUE(chain) << chain.error().message();
    EXPECT_EQ(chain->leaf.public_der, site.key.public_der());
}

TEST(CheckUpload, RefusalsCarryTheirCodeAndFix)
{
    Site site;
    const auto key = site.key.to_pem();
    const auto good = site.chain();
    site.shape.to_days = 0;
    site.shape.from_days = -30;
    const auto expired = site.chain();
    site.shape.from_days = 2;
    site.shape.to_days = 30;
    const auto future = site.chain();
    site.shape.from_days = -1;
    site.shape.issuer_url = true;
    const auto lonely = site.leaf();
    struct Case {
        std::string_view name;
        std::string chain, key;
        std::vector<std::string> names;
        std::string_view code;
    };
    const Case cases[] = {
        {"another key", good, test::new_key().to_pem(), {"www.shop.test"}, "key_mismatch"},
        {"expired", expired, key, {"www.shop.test"}, "cert_upload_expired"},
        {"not yet valid", future, key, {"www.shop.test"}, "cert_upload_expired"},
        {"other name", good, key, {"www.shop.test", "www.else.test"}, "name_not_covered"},
        {"two labels below a wildcard", good, key, {"a.b.shop.test"}, "name_not_covered"},
        {"apex of a wildcard", good, key, {"shop.test"}, "name_not_covered"},
        {"another wildcard", good, key, {"*.www.shop.test"}, "name_not_covered"},
        {"issuer missing", lonely, key, {"www.shop.test"}, "chain_incomplete"},
        {"no key", good, "", {"www.shop.test"}, "unparsable"},
        {"no certificate", "", key, {"www.shop.test"}, "unparsable"},
    };
    for (const auto& c : cases) {
        const auto chain = crypto::check_upload(c.chain, c.key, c.names, today());
        ASSERT_FALSE(chain) << c.name;
        EXPECT_EQ(chain.error().code(), c.code) << c.name << ": " << chain.error().message();
        EXPECT_FALSE(chain.error().fix().empty()) << c.name;
    }
}

TEST(CheckUpload, WildcardCoversItselfAndAddressesAreExact)
{
    Site site;
    site.shape.names = {"*.shop.test", "192.0.2.7"};

    EXPECT_TRUE(crypto::check_upload(site.chain(), site.key.to_pem(), {"*.shop.test", "192.0.2.7"}, today()));
    EXPECT_FALSE(crypto::check_upload(site.chain(), site.key.to_pem(), {"192.0.2.8"}, today()));
}

TEST(SelfSigned, IsForItsNamesAndItsKey)
{
    const auto key = test::new_key();

    const auto pem = crypto::self_signed(key, {"localhost", "127.0.0.1", "::1"}, 7);

    ASSERT_TRUE(pem);
    const auto chain = crypto::check_upload(*pem, key.to_pem(), {"localhost", "127.0.0.1", "::1"}, today());
    ASSERT_TRUE(chain) << chain.error().message();
    EXPECT_FALSE(crypto::check_upload(*pem, key.to_pem(), {"localhost"}, in_days(8)));
}

TEST(Request, HoldsTheNamesAndVerifiesWithItsKey)
{
    const auto key = test::new_key();

    const auto csr = crypto::make_csr(key, {"a.shop.test", "*.shop.test", "192.0.2.7"});

    ASSERT_TRUE(csr);
    const auto* at = csr->data();
    const crypto::detail::OwnedRequest request(d2i_X509_REQ(nullptr, &at, static_cast<long>(csr->size())));
    ASSERT_TRUE(request);
    EXPECT_EQ(X509_REQ_verify(request.get(), key.native()), 1);
    EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.get())), 0);
    auto* extensions = X509_REQ_get_extensions(request.get());
    const crypto::detail::OwnedNames names(
        static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr)));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ASSERT_TRUE(names);
    EXPECT_EQ(sk_GENERAL_NAME_num(names.get()), 3);
}

TEST(Request, ShowsItsKeyWithoutBeingDecoded)
{
    const auto key = test::new_key();
    auto csr = crypto::make_csr(key, {"a.shop.test"}).value();

    EXPECT_EQ(crypto::public_key_in(csr).value(), key.public_der());
    while (!csr.empty()) {
        csr.resize(csr.size() - 1);
        EXPECT_EQ(crypto::public_key_in(csr).error().code(), "bad_request") << csr.size();
    }
    EXPECT_FALSE(crypto::public_key_in(base::Bytes{0x30, 0x80, 0, 0}));
}

TEST(Request, RefusesWhatIsNoName)
{
    const auto key = test::new_key();
    for (const auto& bad : {"", "two words", "a\n.test", "münchen.test"}) {
        const auto csr = crypto::make_csr(key, {bad});
        ASSERT_FALSE(csr) << bad;
        EXPECT_EQ(csr.error().code(), "name_invalid") << bad;
    }
}

TEST(Pem, CountsLinesAndKeepsLabels)
{
    const auto blocks = crypto::parse_pem(
        "x\n-----BEGIN A-----\nAAAA\n-----END A-----\n\n-----BEGIN B C-----\nQQ==\n-----END B C-----");

    ASSERT_TRUE(blocks);
    ASSERT_EQ(blocks->size(), 2U);
    EXPECT_EQ((*blocks)[0].line, 2U);
    EXPECT_EQ((*blocks)[1].label, "B C");
    EXPECT_EQ((*blocks)[1].line, 6U);
}

namespace {

std::size_t count_of(const base::Bytes& octets, const base::Bytes& piece)
{
    std::size_t count = 0;
    for (auto from = octets.begin();;) {
        from = std::search(from, octets.end(), piece.begin(), piece.end());
        if (from == octets.end()) {
            return count;
        }
        ++count;
        ++from;
    }
}

base::Bytes joined(base::Bytes first, base::ByteView second)
{
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

TEST(ChallengeCertificate, HasTheNameAndTheHashByteForByte)
{
    const auto key = test::new_key();

    const auto der = crypto::challenge_certificate(key, "www.shop.test", "token.thumbprint").value();

    // Extension: subjectAltName, one dNSName (RFC 5280 4.2.1.6).
    const base::Bytes name_head{0x06, 0x03, 0x55, 0x1d, 0x11, 0x04, 0x11, 0x30, 0x0f, 0x82, 0x0d};
    EXPECT_EQ(count_of(der, joined(name_head, base::as_bytes("www.shop.test"))), 1U);
    EXPECT_EQ(count_of(der, {0x06, 0x03, 0x55, 0x1d, 0x11}), 1U);
    // id-pe-acmeIdentifier, critical, an OCTET STRING of 32 octets inside the extension's (RFC 8737 3).
    const base::Bytes hash_head{0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01,
                                0x1f, 0x01, 0x01, 0xff, 0x04, 0x22, 0x04, 0x20};
    const auto hash = crypto::sha256(base::as_bytes("token.thumbprint"));
    EXPECT_EQ(count_of(der, joined(hash_head, hash)), 1U);
    EXPECT_EQ(count_of(der, {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f}), 1U);
}

TEST(ChallengeCertificate, IsSignedByItselfAndValidNow)
{
    const auto key = test::new_key();
    const auto der = crypto::challenge_certificate(key, "www.shop.test", "token.thumbprint").value();

    const auto certificate = crypto::detail::parse_der(der);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(X509_verify(certificate.get(), key.native()), 1);
    EXPECT_EQ(
        X509_NAME_cmp(X509_get_issuer_name(certificate.get()), X509_get_subject_name(certificate.get())), 0);
    const auto leaf = crypto::parse_chain(crypto::to_pem({der})).value().leaf;
    EXPECT_THAT(leaf.identifiers, ElementsAre("www.shop.test"));
    EXPECT_LT(leaf.not_before, today());
    EXPECT_GT(leaf.not_after, today());
    EXPECT_LT(leaf.not_after, in_days(2));
}
