#include "crypto/p256_key.h"

#include "crypto/key.h"

#include <gtest/gtest.h>

namespace crypto {
namespace {

base::Bytes pkcs8_by_openssl(EVP_PKEY* key)
{
    const detail::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key));
    return detail::encode(i2d_PKCS8_PRIV_KEY_INFO, info.get());
}

bool signs_like(EVP_PKEY* signer, EVP_PKEY* verifier)
{
    const std::array<std::uint8_t, 3> text{1, 2, 3};
    std::array<std::uint8_t, 128> signature{};
    std::size_t size = signature.size();
    const detail::OwnedDigest signing(EVP_MD_CTX_new());
    const detail::OwnedDigest verifying(EVP_MD_CTX_new());
    return EVP_DigestSignInit(signing.get(), nullptr, EVP_sha256(), nullptr, signer) == 1 &&
           EVP_DigestSign(signing.get(), signature.data(), &size, text.data(), text.size()) == 1 &&
           EVP_DigestVerifyInit(verifying.get(), nullptr, EVP_sha256(), nullptr, verifier) == 1 &&
           EVP_DigestVerify(verifying.get(), signature.data(), size, text.data(), text.size()) == 1;
}

TEST(P256Key, WritesTheOctetsThatOpensslWrites)
{
    for (int i = 0; i < 300; ++i) {  // one scalar in 256 begins with a zero octet
        const auto key = PrivateKey::generate(model::KeyType::ecdsa_p256).value();

        ASSERT_EQ(detail::write_p256(key.native()), pkcs8_by_openssl(key.native()));
        ASSERT_EQ(detail::write_p256_public(key.native()), detail::encode(i2d_PUBKEY, key.native()));
    }
}

TEST(P256Key, ReadsTheSameKey)
{
    const auto key = PrivateKey::generate(model::KeyType::ecdsa_p256).value();

    const auto read = detail::read_p256(pkcs8_by_openssl(key.native()));

    ASSERT_TRUE(read);
    EXPECT_EQ(EVP_PKEY_eq(read.get(), key.native()), 1);
    EXPECT_TRUE(signs_like(read.get(), key.native()));
    EXPECT_EQ(detail::write_p256(read.get()), pkcs8_by_openssl(key.native()));
}

TEST(P256Key, LeavesOtherKindsAndFormsToOpenssl)
{
    const auto rsa = PrivateKey::generate(model::KeyType::rsa_2048).value();
    const detail::OwnedPkey p384(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
    for (auto* key : {rsa.native(), p384.get()}) {
        EXPECT_TRUE(detail::write_p256(key).empty());
        EXPECT_TRUE(detail::write_p256_public(key).empty());
        EXPECT_FALSE(detail::read_p256(pkcs8_by_openssl(key)));
    }
    EXPECT_FALSE(detail::read_p256({}));
}

TEST(P256Key, RefusesPointsThatAreNotOnTheCurveAndEveryCutOrLongerForm)
{
    const auto whole = PrivateKey::generate(model::KeyType::ecdsa_p256).value().to_pkcs8();
    auto off_the_curve = whole;
    off_the_curve.back() ^= 1;

    EXPECT_FALSE(detail::read_p256(off_the_curve));
    EXPECT_FALSE(PrivateKey::from_pkcs8(off_the_curve));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(detail::read_p256(base::ByteView(whole).first(size)));
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(detail::read_p256(longer));
    EXPECT_FALSE(PrivateKey::from_pkcs8(longer));
}

}  // namespace
}  // namespace crypto
