// Validator: whether a challenge is met, and whether CAA records allow us (RFC 8555 8, RFC 8659).
#pragma once

#include "base/task.h"
#include "relay/records.h"

#include <string>

namespace relay {

struct ValidationRequest {
    Identifier identifier;  // without "*."
    bool wildcard = false;
    std::string challenge;  // "http-01", "dns-01", "tls-alpn-01"
    std::string token;
    std::string thumbprint;
    std::string account_url;

    std::string key_authorization() const { return token + "." + thumbprint; }
};

class Validator {
public:
    virtual ~Validator() = default;

    // None: met. Bounded by itself.
    virtual boost::asio::awaitable<Problem> validate(ValidationRequest request) = 0;
    // CAA alone, for an authorization that was validated long ago.
    virtual boost::asio::awaitable<Problem> check_caa(ValidationRequest request) = 0;
};

// Believes everybody: for tests of clients that cannot be reached.
class TrustingValidator final : public Validator {
public:
    boost::asio::awaitable<Problem> validate(ValidationRequest) override { co_return Problem(); }
    boost::asio::awaitable<Problem> check_caa(ValidationRequest) override { co_return Problem(); }
};

}  // namespace relay
