// PublicKey: what others sign with, as a JWK says it (RFC 7517, 7518, 7638). Immutable; safe to share between
// threads.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace crypto {

// What certificate policies judge a key by.
struct KeyFacts {
    bool rsa = false;
    int bits = 0;
    std::string curve;  // "P-256", "P-384", "P-521"; empty: RSA or another kind
};

class PublicKey {
public:
    // EC on P-256, P-384, P-521, and RSA of 2048 to 8192 bits with an odd exponent above 2. Errors: code
    // bad_public_key.
    static base::Result<PublicKey> from_jwk(std::string_view json);

    // "ES256", "ES384", "ES512" or "RS256": the one algorithm that this key signs with.
    std::string_view jws_algorithm() const { return algorithm_; }
    // True when `signature` (RFC 7518 3: r || s, or PKCS#1 v1.5) of `input` is this key's.
    bool verify_jws(base::ByteView input, base::ByteView signature) const;

    // The canonical text, members in lexical order; its SHA-256 is the thumbprint, 43 base64url characters.
    const std::string& jwk() const { return jwk_; }
    std::string thumbprint() const;
    base::Bytes public_der() const;  // SubjectPublicKeyInfo

private:
    PublicKey(std::shared_ptr<evp_pkey_st> key, std::string jwk, std::string_view algorithm)
        : key_(std::move(key)), jwk_(std::move(jwk)), algorithm_(algorithm)
    {
    }

    std::shared_ptr<evp_pkey_st> key_;
    std::string jwk_;
    std::string_view algorithm_;
};

// The MAC of HS256, HS384 or HS512 (RFC 7518 3.2); false for another algorithm.
bool verify_jws_hmac(std::string_view algorithm, base::ByteView mac_key, base::ByteView input,
                     base::ByteView signature);

}  // namespace crypto
