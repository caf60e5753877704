// Reading certificate requests of others (RFC 2986).
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/public_key.h"

#include <string>
#include <vector>

namespace crypto {

struct RequestFacts {
    std::vector<std::string> identifiers;  // SAN: DNS names in lower case, addresses as canonical text
    bool other_names = false;              // the SAN holds what is neither
    std::vector<std::string> common_names;
    base::Bytes public_der;  // SubjectPublicKeyInfo
    KeyFacts key;
    bool weak_signature = false;  // by MD5 or SHA-1
};

// Errors: code bad_request when `der` is no request or its own signature is wrong.
base::Result<RequestFacts> read_request(base::ByteView der);

// The SubjectPublicKeyInfo of a request of our own, as it lies there: nothing is decoded or verified. Errors:
// code bad_request.
base::Result<base::Bytes> public_key_in(base::ByteView request_der);

}  // namespace crypto
