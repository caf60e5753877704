#include "crypto/hmac.h"

#include "crypto/openssl.h"

#include <openssl/hmac.h>

#include <array>

namespace crypto {

namespace {

struct Known {
    HmacDigest digest;
    std::string_view text;
    const EVP_MD* (*algorithm)();
};

constexpr std::array<Known, 6> known{{{HmacDigest::md5, "hmac-md5.sig-alg.reg.int", EVP_md5},
                                      {HmacDigest::sha1, "hmac-sha1", EVP_sha1},
                                      {HmacDigest::sha224, "hmac-sha224", EVP_sha224},
                                      {HmacDigest::sha256, "hmac-sha256", EVP_sha256},
                                      {HmacDigest::sha384, "hmac-sha384", EVP_sha384},
                                      {HmacDigest::sha512, "hmac-sha512", EVP_sha512}}};

const Known& of(HmacDigest digest)
{
    return known[static_cast<std::size_t>(digest)];
}

}  // namespace

base::Result<base::Bytes> hmac(HmacDigest digest, base::ByteView key, base::ByteView data)
{
    base::Bytes mac(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    const std::uint8_t none = 0;  // OpenSSL takes a null key for "the key of before".
    const auto* key_data = key.empty() ? &none : key.data();
    if (HMAC(of(digest).algorithm(), key_data, static_cast<int>(key.size()), data.data(), data.size(),
             mac.data(), &size) == nullptr) {
        return base::fail(detail::internal_failure(to_string(digest)));
    }
    mac.resize(size);
    return mac;
}

std::string_view to_string(HmacDigest digest)
{
    return of(digest).text;
}

std::optional<HmacDigest> hmac_digest_from(std::string_view text)
{
    if (text == "hmac-md5") {
        return HmacDigest::md5;
    }
    for (const auto& each : known) {
        if (each.text == text) {
            return each.digest;
        }
    }
    return std::nullopt;
}

}  // namespace crypto
