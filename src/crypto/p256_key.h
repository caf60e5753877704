// P-256 keys in their usual DER forms, read and written without OpenSSL's decoders and encoders, which are
// made anew for each key: 40 us instead of 780 us with OpenSSL 3.0. Only for the sources of crypto/.
#pragma once

#include "crypto/openssl.h"

namespace crypto::detail {

// PKCS#8 as OpenSSL writes it: RFC 5958 around RFC 5915 with the public key. Null when `der` is anything
// else.
OwnedPkey read_p256(base::ByteView pkcs8);

// The same form; empty when `key` is of another kind. Secret.
base::Bytes write_p256(const EVP_PKEY* key);

// SubjectPublicKeyInfo (RFC 5480) with the uncompressed point; empty when `key` is of another kind.
base::Bytes write_p256_public(const EVP_PKEY* key);

}  // namespace crypto::detail
