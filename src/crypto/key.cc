#include "crypto/key.h"

#include "crypto/openssl.h"
#include "crypto/p256_key.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>

namespace crypto {

namespace {

using detail::OwnedBio;
using detail::OwnedPkey;

constexpr std::size_t largest_pem = 64 * 1024;
constexpr int least_rsa_bits = 2048;  // CA/Browser Forum baseline requirements 6.1.5
constexpr int most_rsa_bits = 8192;   // more costs a server seconds per handshake

base::Error unreadable(std::string message, std::string fix)
{
    ERR_clear_error();
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code("unparsable")
        .with_fix(std::move(fix));
}

// Never asks a terminal for a passphrase.
int no_passphrase(char*, int, int, void*)
{
    return -1;
}

base::Error explain_pem(std::string_view pem)
{
    if (pem.contains("ENCRYPTED")) {
        return unreadable("The private key is encrypted with a passphrase.",
                          "Decrypt it first: openssl pkey -in key.pem -out plain.pem");
    }
    if (pem.contains("PRIVATE KEY-----")) {
        return unreadable("The private key's PEM block is damaged.",
                          "Copy the whole file again, from the BEGIN line to the END line.");
    }
    if (pem.contains("BEGIN CERTIFICATE") || pem.contains("BEGIN PUBLIC KEY")) {
        return unreadable("This PEM holds no private key, only public parts.",
                          "Give the file that begins with BEGIN PRIVATE KEY.");
    }
    return unreadable("This is not a private key in PEM form.",
                      "Give the text between BEGIN PRIVATE KEY and END PRIVATE KEY, with both lines.");
}

base::Result<> check_kind(EVP_PKEY* key)
{
    const int kind = EVP_PKEY_get_base_id(key);
    const int bits = EVP_PKEY_get_bits(key);
    if (kind == EVP_PKEY_RSA && (bits < least_rsa_bits || bits > most_rsa_bits)) {
        return base::fail(
            unreadable(fmt::format("The RSA key has {} bits.", bits),
                       fmt::format("Use a key of {} to {} bits.", least_rsa_bits, most_rsa_bits)));
    }
    std::array<char, 64> group{};
    const bool named =
        kind == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1;
    const std::string_view curve = named ? group.data() : "";
    if (kind != EVP_PKEY_RSA && curve != "prime256v1" && curve != "secp384r1" && curve != "secp521r1") {
        return base::fail(
            unreadable("This kind of key does not work for HTTPS.", "Use RSA or ECDSA on P-256."));
    }
    return {};
}

OwnedBio memory(std::string_view text)
{
    return OwnedBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

PrivateKey::PrivateKey(evp_pkey_st* key) : key_(key, EVP_PKEY_free) {}

base::Result<PrivateKey> PrivateKey::generate(model::KeyType type)
{
    EVP_PKEY* key = nullptr;
    switch (type) {
        case model::KeyType::ecdsa_p256:
            key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
            break;
        case model::KeyType::rsa_2048:
            key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048});
            break;
    }
    if (key == nullptr) {
        return base::fail(detail::internal_failure("cannot generate a key"));
    }
    return PrivateKey(key);
}

base::Result<PrivateKey> PrivateKey::from_pem(std::string_view pem)
{
    if (pem.size() > largest_pem) {
        return base::fail(unreadable("The private key's text is too long.", "Give only the private key."));
    }
    const auto bio = memory(pem);
    OwnedPkey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
    ERR_clear_error();
    if (!key) {
        return base::fail(explain_pem(pem));
    }
    CHECKED(check_kind(key.get()));
    return PrivateKey(key.release());
}

base::Result<PrivateKey> PrivateKey::from_pkcs8(base::ByteView der)
{
    if (auto usual = detail::read_p256(der)) {
        return PrivateKey(usual.release());
    }
    const auto* at = der.data();
    detail::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
        d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
    const bool whole = info && at == der.data() + der.size();
    OwnedPkey key(whole ? EVP_PKCS82PKEY(info.get()) : nullptr);
    ERR_clear_error();
    if (!key) {
        return base::fail(unreadable("These octets are no PKCS#8 private key.", ""));
    }
    CHECKED(check_kind(key.get()));
    return PrivateKey(key.release());
}

std::string PrivateKey::to_pem() const
{
    const OwnedBio bio(BIO_new(BIO_s_mem()));
    if (!bio ||
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        std::abort();  // A key that was read can be written, unless memory is gone.
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

base::Bytes PrivateKey::to_pkcs8() const
{
    if (auto usual = detail::write_p256(key_.get()); !usual.empty()) {
        return usual;
    }
    detail::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key_.get()));
    if (!info) {
        std::abort();
    }
    return detail::encode(i2d_PKCS8_PRIV_KEY_INFO, info.get());
}

base::Bytes PrivateKey::public_der() const
{
    if (auto usual = detail::write_p256_public(key_.get()); !usual.empty()) {
        return usual;
    }
    return detail::encode(i2d_PUBKEY, key_.get());
}

}  // namespace crypto
