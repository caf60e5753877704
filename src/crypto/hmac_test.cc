#include "crypto/hmac.h"

#include <gtest/gtest.h>

namespace crypto {
namespace {

// RFC 2202 and RFC 4231, test case 2.
TEST(Hmac, AgreesWithTheVectorsOfTheStandards)
{
    const auto mac = [](HmacDigest digest) {
        return base::to_hex(
            hmac(digest, base::as_bytes("Jefe"), base::as_bytes("what do ya want for nothing?")).value());
    };
    EXPECT_EQ(mac(HmacDigest::md5), "750c783e6ab0b503eaa86e310a5db738");
    EXPECT_EQ(mac(HmacDigest::sha1), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_EQ(mac(HmacDigest::sha224), "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44");
    EXPECT_EQ(mac(HmacDigest::sha256), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(
        mac(HmacDigest::sha384),
        "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
    EXPECT_EQ(mac(HmacDigest::sha512),
              "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
              "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

TEST(Hmac, KnowsDigestsByTheNamesOfKeyFiles)
{
    EXPECT_EQ(hmac_digest_from("hmac-sha512"), HmacDigest::sha512);
    EXPECT_EQ(hmac_digest_from("hmac-md5"), HmacDigest::md5);
    EXPECT_EQ(to_string(HmacDigest::sha256), "hmac-sha256");
    EXPECT_FALSE(hmac_digest_from("sha256"));
}

}  // namespace
}  // namespace crypto
