#include "crypto/jose.h"

#include "crypto/digest.h"
#include "crypto/openssl.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>

#include <cstdlib>

namespace crypto {

namespace {

// RFC 7518 3.4 and 6.2.1.1.
struct Curve {
    std::string_view group;  // OpenSSL's name
    std::string_view name;
    std::string_view algorithm;
    int octets;  // of a coordinate
    const EVP_MD* (*digest)();
};
constexpr Curve curves[] = {{"prime256v1", "P-256", "ES256", 32, EVP_sha256},
                            {"secp384r1", "P-384", "ES384", 48, EVP_sha384},
                            {"secp521r1", "P-521", "ES512", 66, EVP_sha512}};

// Null for an RSA key.
const Curve* curve_of(const PrivateKey& key)
{
    std::array<char, 64> group{};
    if (EVP_PKEY_get_base_id(key.native()) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key.native(), group.data(), group.size(), nullptr) != 1) {
        ERR_clear_error();
        return nullptr;
    }
    const auto* found = std::ranges::find(curves, std::string_view(group.data()), &Curve::group);
    return found == std::end(curves) ? nullptr : found;
}

// A number of the key, big-endian, at least `octets` long.
std::string number(const PrivateKey& key, const char* name, int octets)
{
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key.native(), name, &raw) != 1) {
        std::abort();  // RSA and EC keys always have these.
    }
    const detail::OwnedBignum value(raw);
    base::Bytes bytes(static_cast<std::size_t>(std::max(octets, BN_num_bytes(raw))));
    BN_bn2binpad(raw, bytes.data(), static_cast<int>(bytes.size()));
    return base::to_base64url(bytes);
}

// ASN.1 to r || s (RFC 7518 3.4).
base::Result<base::Bytes> flatten(base::ByteView der, int octets)
{
    const auto* at = der.data();
    const detail::Owned<ECDSA_SIG, ECDSA_SIG_free> parsed(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!parsed) {
        return base::fail(detail::internal_failure("cannot read a signature"));
    }
    const auto half = static_cast<std::size_t>(octets);
    base::Bytes flat(2 * half);
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), flat.data(), octets);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), flat.data() + half, octets);
    return flat;
}

base::Result<base::Bytes> sign(const PrivateKey& key, base::ByteView input)
{
    const auto* curve = curve_of(key);
    const auto* digest = curve != nullptr ? curve->digest() : EVP_sha256();
    const detail::OwnedDigest context(EVP_MD_CTX_new());
    std::size_t size = 0;
    if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.native()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &size, input.data(), input.size()) != 1) {
        return base::fail(detail::internal_failure("cannot sign"));
    }
    base::Bytes signature(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, input.data(), input.size()) != 1) {
        return base::fail(detail::internal_failure("cannot sign"));
    }
    signature.resize(size);
    if (curve == nullptr) {
        return signature;
    }
    return flatten(signature, curve->octets);
}

std::string flattened(std::string_view header, std::string_view payload, base::ByteView signature)
{
    return fmt::format(R"({{"protected":"{}","payload":"{}","signature":"{}"}})", header, payload,
                       base::to_base64url(signature));
}

}  // namespace

std::string to_jwk(const PrivateKey& key)
{
    if (const auto* curve = curve_of(key)) {
        return fmt::format(R"({{"crv":"{}","kty":"EC","x":"{}","y":"{}"}})", curve->name,
                           number(key, OSSL_PKEY_PARAM_EC_PUB_X, curve->octets),
                           number(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->octets));
    }
    return fmt::format(R"({{"e":"{}","kty":"RSA","n":"{}"}})", number(key, OSSL_PKEY_PARAM_RSA_E, 1),
                       number(key, OSSL_PKEY_PARAM_RSA_N, 1));
}

std::string thumbprint(const PrivateKey& key)
{
    return base::to_base64url(sha256(base::as_bytes(to_jwk(key))));
}

std::string_view jws_algorithm(const PrivateKey& key)
{
    const auto* curve = curve_of(key);
    return curve != nullptr ? curve->algorithm : "RS256";
}

base::Result<std::string> sign_jws(const PrivateKey& key, std::string_view protected_json,
                                   std::string_view payload)
{
    const auto header = base::to_base64url(base::as_bytes(protected_json));
    const auto body = base::to_base64url(base::as_bytes(payload));
    const auto input = header + "." + body;
    TRY(signature, sign(key, base::as_bytes(input)));
    return flattened(header, body, signature);
}

std::string sign_jws_hmac(base::ByteView mac_key, std::string_view protected_json, std::string_view payload)
{
    const auto header = base::to_base64url(base::as_bytes(protected_json));
    const auto body = base::to_base64url(base::as_bytes(payload));
    const auto input = header + "." + body;
    return flattened(header, body, hmac_sha256(mac_key, base::as_bytes(input)));
}

}  // namespace crypto
