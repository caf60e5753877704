// JSON Web Keys and flattened JWS as ACME uses them (RFC 7515, 7517, 7638; RFC 8555 6.2).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/key.h"

#include <string>
#include <string_view>

namespace crypto {

// The public key as canonical JWK text (members in lexical order, no spaces).
std::string to_jwk(const PrivateKey& key);
// RFC 7638 thumbprint, 43 base64url characters.
std::string thumbprint(const PrivateKey& key);
// "ES256" or "RS256".
std::string_view jws_algorithm(const PrivateKey& key);
// Flattened JSON serialization; `protected_json` is the protected header, `payload` may be empty
// (POST-as-GET).
base::Result<std::string> sign_jws(const PrivateKey& key, std::string_view protected_json,
                                   std::string_view payload);
// The same with HMAC-SHA256, for external account binding (RFC 8555 7.3.4).
std::string sign_jws_hmac(base::ByteView mac_key, std::string_view protected_json, std::string_view payload);

}  // namespace crypto
