#include "crypto/digest.h"

#include <gtest/gtest.h>

TEST(Digest, Sha256MatchesItsStandard)
{
    // FIPS 180-2 appendix B.1.
    EXPECT_EQ(base::to_hex(crypto::sha256(base::as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(base::to_hex(crypto::sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Digest, HmacMatchesRfc4231)
{
    EXPECT_EQ(base::to_hex(crypto::hmac_sha256(base::as_bytes("Jefe"),
                                               base::as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, HmacWithAnEmptyKeyDoesNotReuseTheKeyOfBefore)
{
    const auto before = crypto::hmac_sha256(base::as_bytes("secret"), base::as_bytes("x"));

    const auto empty = crypto::hmac_sha256({}, base::as_bytes("x"));

    EXPECT_NE(empty, before);
    EXPECT_EQ(empty, crypto::hmac_sha256({}, base::as_bytes("x")));
}

TEST(Digest, SecretsAreEqualOnlyWhenEveryOctetIs)
{
    EXPECT_TRUE(crypto::equal_secret({}, {}));
    EXPECT_TRUE(crypto::equal_secret(base::as_bytes("abc"), base::as_bytes("abc")));
    EXPECT_FALSE(crypto::equal_secret(base::as_bytes("abc"), base::as_bytes("abd")));
    EXPECT_FALSE(crypto::equal_secret(base::as_bytes("abc"), base::as_bytes("ab")));
}
