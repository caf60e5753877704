#include "crypto/sealer.h"

#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/openssl.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <cstdlib>

namespace crypto {

namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t overhead = 1 + nonce_size + tag_size;
constexpr std::size_t largest_secret = 16 * 1024 * 1024;

base::Error cannot_open(std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("A sealed secret cannot be opened: {}.", why))
        .with_code("seal_broken");
}

int length(std::size_t size)
{
    return static_cast<int>(size);
}

bool decrypt(base::ByteView key, base::ByteView sealed, std::string_view context, base::Bytes& secret)
{
    const detail::OwnedCipher cipher(EVP_CIPHER_CTX_new());
    const auto* text = sealed.data() + 1 + nonce_size;
    base::Bytes tag(sealed.end() - tag_size, sealed.end());
    int written = 0;
    std::uint8_t end = 0;
    return cipher &&
           EVP_DecryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key.data(), sealed.data() + 1, nullptr) ==
               1 &&
           EVP_DecryptUpdate(cipher.get(), nullptr, &written, base::as_bytes(context).data(),
                             length(context.size())) == 1 &&
           (secret.empty() ||
            EVP_DecryptUpdate(cipher.get(), secret.data(), &written, text, length(secret.size())) == 1) &&
           EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, length(tag_size), tag.data()) == 1 &&
           EVP_DecryptFinal_ex(cipher.get(), &end, &written) == 1;
}

}  // namespace

base::Bytes Sealer::seal(base::ByteView secret, std::string_view context) const
{
    base::Bytes sealed(secret.size() + overhead);
    sealed[0] = format_version;
    const auto nonce = base::random_bytes(nonce_size);
    std::ranges::copy(nonce, sealed.begin() + 1);
    auto* text = sealed.data() + 1 + nonce_size;
    const detail::OwnedCipher cipher(EVP_CIPHER_CTX_new());
    int written = 0;
    const bool done =
        secret.size() <= largest_secret && cipher &&
        EVP_EncryptInit_ex2(cipher.get(), EVP_aes_256_gcm(), key_.data(), nonce.data(), nullptr) == 1 &&
        EVP_EncryptUpdate(cipher.get(), nullptr, &written, base::as_bytes(context).data(),
                          length(context.size())) == 1 &&
        (secret.empty() ||
         EVP_EncryptUpdate(cipher.get(), text, &written, secret.data(), length(secret.size())) == 1) &&
        EVP_EncryptFinal_ex(cipher.get(), text + secret.size(), &written) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, length(tag_size), text + secret.size()) == 1;
    if (!done) {
        std::abort();  // A secret must never be stored in any other form.
    }
    return sealed;
}

base::Result<base::Bytes> Sealer::open(base::ByteView sealed, std::string_view context) const
{
    if (sealed.size() < overhead || sealed.size() > largest_secret + overhead) {
        return base::fail(cannot_open("it is cut short or too long"));
    }
    if (sealed[0] != format_version) {
        return base::fail(cannot_open(fmt::format("its format {} is unknown here", sealed[0]))
                              .with_fix("Run a version of certwright that knows this format."));
    }
    base::Bytes secret(sealed.size() - overhead);
    if (!decrypt(key_, sealed, context, secret)) {
        ERR_clear_error();
        return base::fail(
            cannot_open(fmt::format("another master key, another place than '{}', or damage", context))
                .with_fix("Start with the master key file that belongs to this data."));
    }
    return secret;
}

std::string Sealer::check_value() const
{
    auto value = hmac_sha256(key_, base::as_bytes("certwright master key check value"));
    value.resize(8);
    return base::to_hex(value);
}

}  // namespace crypto
