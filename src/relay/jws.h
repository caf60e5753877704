// Reading signed requests (RFC 7515 flattened JSON; RFC 8555 6.2). Strict: what the RFC forbids is refused.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace relay {

struct Jws {
    std::string algorithm;
    std::string nonce;  // empty when absent
    std::string url;
    std::string key_id;              // "kid"; empty when absent
    std::optional<std::string> jwk;  // JSON text
    std::string payload;             // decoded; empty: POST-as-GET
    std::string signing_input;
    base::Bytes signature;
};

// Errors say what is wrong, for `malformed`. Never verifies.
base::Result<Jws> parse_jws(std::string_view body);

}  // namespace relay
