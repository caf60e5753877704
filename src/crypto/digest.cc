#include "crypto/digest.h"

#include "crypto/openssl.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <cstdlib>

namespace crypto {

namespace {

constexpr std::size_t sha256_size = 32;

}  // namespace

base::Bytes sha256(base::ByteView data)
{
    base::Bytes digest(sha256_size);
    if (EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
        std::abort();  // OpenSSL without SHA-256 cannot serve anybody.
    }
    return digest;
}

base::Bytes hmac_sha256(base::ByteView key, base::ByteView data)
{
    base::Bytes digest(sha256_size);
    const std::uint8_t none = 0;  // OpenSSL takes a null key for "the key of before".
    const auto* key_data = key.empty() ? &none : key.data();
    if (HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()), data.data(), data.size(), digest.data(),
             nullptr) == nullptr) {
        std::abort();
    }
    return digest;
}

bool equal_secret(base::ByteView a, base::ByteView b)
{
    return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace crypto
