#include "crypto/jose.h"

#include "crypto/openssl.h"
#include "support/certificates.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <openssl/ec.h>

namespace {

// The RSA key of RFC 7517 appendix A.2, whose thumbprint RFC 7638 3.1 gives.
constexpr std::string_view rfc7638_key = R"(
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDS/HtqCh5sZxBK
64+Isldmm032ed2tCZtcSmzZqIAVtaEzvwuFbHhxtt8AC1VPzrPC7VErto8UXG6E
NHUvq1Khz8EkQI95tYpFeMFkKIVXifeiSeOEyy2fri1n/Zb7kmwZjgdzmf3IFcCv
CX3eWq3v9E3nDoJ/SHhDJDm/7rlgaNBHT8UNbZC/OpjfrxBAyJwC1pKrOzwolmCd
hv1zt3TOB0BkfO7qoxC9EvmFqOufWf3UJs6lshIPTyo0vKt2S35sVNaEAji8xAWH
pZ5m7R8ziUV3Y1xHCvdc+Swg0dpD4b/EGeIipvDQuzWMXjj5ywUK6v6QSBTxrBqk
nMqeoMqDAgMBAAECggEAX4cTteJY/gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoV
H+HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT
0/YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy/nHNKroADIkJ46pRUohsXywbReAdYaM
wFs9tv8d/cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2j
x4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL+Us2lG
VkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8QKBgQDzeL7si8wZegxcKyS/
vdMqvzrfsWI7tnbvO/yiPqltZRDIs9AFDG09WfAPbRH7rR5MOYPa6Ocy3k+ioyub
xF+Y2FVYO2OMyYIyM6lJeJwUePtc65UhhDKpVaVYSHp03foZVliT3c3wFz29jjXH
LwH1HPM4ZVDNe80S+fs7SdVt+wKBgQDd185H1y5ir7RL6aQUvOAi2AwR8XMHareF
Z6Ey4bSgK6qdve+hsvK6aqNVlA7V0it3CBOcJ2ljMFw59bmvfvQAVeOJZ+380YSK
i+ieLOEqmj1VVLvxPMWDGQh2t5xF7Oxn7WRh3+zWoNvG2QMSB8AhMAb0tScAO6fi
8hxvrJ6XGQKBgBuLD15HOmGvcvKCVvfyC4+MbqabtJc4vx+1U5EvMY+UnV93KBNK
IpmMMSItnpkwLntFDmuXaYBRsgSeHPLUNlReNNl0boCg0z/GpGIRaObQAO+0HvzZ
rbmGXNwt5tyNuBthr0ebEg8VMgDds6vC35/RFJrOq2Nzm/GHoipE4gY9AoGBALPZ
QB/X4IAbKBUfDmnNkfxNoMNvNq09pBjgIbyJZRExNXn6wOoblFLzHwXDKZ/Janlu
r8852GOUkkBe6THQv2oCN5xvCG6dQVG9CVIq2kTalHy4XEG/3fRheA4e3u+Fm0bK
G0aJ7o02DdcQmj+kzutY71q1/i9fLcV8OPeEP3IJAoGAGyM/p6JrXySiz1toFgKb
WV+JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa+Bk0KWNG
DjJHZDdDmFhW3AN7lI+puxk/mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKF
YItdldUKGzO6Ia6zTKhAVRU=
-----END PRIVATE KEY-----
)";

// The key of RFC 7515 appendix A.3, as SEC 1.
constexpr std::string_view rfc7515_key = R"(
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
)";

std::string member(const std::string& jws, std::string_view name)
{
    return std::string(boost::json::parse(jws).as_object().at(name).as_string());
}

// r || s back to ASN.1, then verified with the public key.
bool verifies(const crypto::PrivateKey& key, const std::string& jws)
{
    auto signature = base::from_base64url(member(jws, "signature")).value();
    const auto input = member(jws, "protected") + "." + member(jws, "payload");
    if (crypto::jws_algorithm(key) == "ES256") {
        const crypto::detail::Owned<ECDSA_SIG, ECDSA_SIG_free> pair(ECDSA_SIG_new());
        ECDSA_SIG_set0(pair.get(), BN_bin2bn(signature.data(), 32, nullptr),
                       BN_bin2bn(signature.data() + 32, 32, nullptr));
        signature = crypto::detail::encode(i2d_ECDSA_SIG, pair.get());
    }
    const crypto::detail::OwnedDigest context(EVP_MD_CTX_new());
    const auto text = base::as_bytes(input);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.native()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), text.data(), text.size()) == 1;
}

}  // namespace

TEST(Jose, ThumbprintOfTheExampleInRfc7638)
{
    const auto key = crypto::PrivateKey::from_pem(rfc7638_key);

    ASSERT_TRUE(key);
    EXPECT_EQ(crypto::thumbprint(*key), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    EXPECT_EQ(crypto::jws_algorithm(*key), "RS256");
}

TEST(Jose, JwkOfTheEllipticKeyInRfc7515)
{
    const auto key = crypto::PrivateKey::from_pem(rfc7515_key);

    ASSERT_TRUE(key);
    EXPECT_EQ(crypto::to_jwk(*key),
              R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
              R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
    EXPECT_EQ(crypto::jws_algorithm(*key), "ES256");
}

TEST(Jose, HmacSignatureOfTheExampleInRfc7515)
{
    const auto mac_key = base::from_base64url(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    ASSERT_TRUE(mac_key);

    const auto jws = crypto::sign_jws_hmac(*mac_key, "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
                                           "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                           "\"http://example.com/is_root\":true}");

    EXPECT_EQ(member(jws, "protected"), "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9");
    EXPECT_EQ(member(jws, "signature"), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST(Jose, EllipticSignaturesAreSixtyFourOctetsAndVerify)
{
    const auto key = test::new_key();

    // Numbers with leading zeros come up in one of 128 signatures, so a few hundred see them.
    for (int i = 0; i < 300; ++i) {
        const auto jws = crypto::sign_jws(key, R"({"alg":"ES256"})", std::to_string(i));
        ASSERT_TRUE(jws);
        ASSERT_EQ(base::from_base64url(member(*jws, "signature")).value().size(), 64U);
        ASSERT_TRUE(verifies(key, *jws));
    }
}

TEST(Jose, RsaSignaturesVerify)
{
    const auto key = test::new_key(model::KeyType::rsa_2048);

    const auto jws = crypto::sign_jws(key, R"({"alg":"RS256"})", "");

    ASSERT_TRUE(jws);
    EXPECT_EQ(member(*jws, "payload"), "");
    EXPECT_TRUE(verifies(key, *jws));
}
