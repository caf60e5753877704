#include "crypto/key.h"

#include "support/certificates.h"

#include <gtest/gtest.h>

namespace {

constexpr std::string_view sec1_with_parameters = R"(
-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
)";

std::string with_crlf(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        result += c == '\n' ? "\r\n" : std::string(1, c);
    }
    return result;
}

}  // namespace

TEST(PrivateKey, SurvivesEveryFormItIsWrittenIn)
{
    for (const auto type : {model::KeyType::ecdsa_p256, model::KeyType::rsa_2048}) {
        const auto key = test::new_key(type);

        const auto from_pem = crypto::PrivateKey::from_pem(key.to_pem());
        const auto from_der = crypto::PrivateKey::from_pkcs8(key.to_pkcs8());

        ASSERT_TRUE(from_pem);
        ASSERT_TRUE(from_der);
        EXPECT_TRUE(*from_pem == key);
        EXPECT_TRUE(*from_der == key);
        EXPECT_EQ(from_der->to_pkcs8(), key.to_pkcs8());
    }
}

TEST(PrivateKey, TwoGeneratedKeysDiffer)
{
    EXPECT_FALSE(test::new_key() == test::new_key());
}

TEST(PrivateKey, ReadsSec1BehindParametersAndCrlf)
{
    EXPECT_TRUE(crypto::PrivateKey::from_pem(sec1_with_parameters));
    EXPECT_TRUE(crypto::PrivateKey::from_pem(with_crlf(test::new_key().to_pem())));
    EXPECT_TRUE(
        crypto::PrivateKey::from_pem("friendlyName: shop\n" + test::new_key().to_pem() + "\nthe end\n"));
}

TEST(PrivateKey, ErrorsSayWhatIsWrongAndWhatToDo)
{
    auto damaged = test::new_key().to_pem();
    damaged.erase(40, 20);
    struct Case {
        std::string name, pem, message;
    };
    const Case cases[] = {
        {"empty", "", "not a private key"},
        {"prose", "my key is in the drawer", "not a private key"},
        {"certificate", test::Authority::root("Root").pem(), "no private key"},
        {"damaged", damaged, "damaged"},
        {"pkcs8 encrypted",
         "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF\n-----END ENCRYPTED PRIVATE KEY-----\n", "passphrase"},
        {"legacy encrypted",
         "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
         "AES-256-CBC,00000000000000000000000000000000\n"
         "\nMIIF\n-----END RSA PRIVATE KEY-----\n",
         "passphrase"},
        {"too long", std::string(100'000, 'x'), "too long"},
    };
    for (const auto& c : cases) {
        const auto key = crypto::PrivateKey::from_pem(c.pem);
        ASSERT_FALSE(key) << c.name;
        EXPECT_EQ(key.error().code(), "unparsable") << c.name;
        EXPECT_TRUE(key.error().message().contains(c.message)) << c.name << ": " << key.error().message();
        EXPECT_FALSE(key.error().fix().empty()) << c.name;
    }
}

TEST(PrivateKey, RefusesKeysThatBrowsersRefuse)
{
    // Ed25519 (RFC 8410 10.3) works in no browser.
    const auto ed25519 = crypto::PrivateKey::from_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n");

    ASSERT_FALSE(ed25519);
    EXPECT_EQ(ed25519.error().code(), "unparsable");
}

TEST(PrivateKey, RefusesOctetsThatAreNotExactlyOneKey)
{
    auto der = test::new_key().to_pkcs8();
    der.push_back(0);

    EXPECT_FALSE(crypto::PrivateKey::from_pkcs8(der));
    EXPECT_FALSE(crypto::PrivateKey::from_pkcs8({}));
}
