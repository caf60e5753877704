// NetworkValidator: looks for the proof itself, as Let's Encrypt does (ca-facts part 4), from one or more
// perspectives.
#pragma once

#include "dns/resolver.h"
#include "net/stream.h"
#include "relay/validator.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace relay {

struct ValidatorOptions {
    std::uint16_t http_port = 80;             // also what redirects to http mean
    std::uint16_t https_port = 443;           // TLS-ALPN-01, and redirects to https
    std::chrono::milliseconds limit{10'000};  // for one connection and what is asked over it
    net::AddressPolicy allowed;               // empty: every address
    std::string user_agent = "certwright-relay (validation)";
    std::vector<std::string> caa_identities;  // empty: CAA is not looked at
};

// Runs on one executor: no locks.
class NetworkValidator final : public Validator {
public:
    // Each resolver is a perspective, the first one the primary; all but one of the others must agree, or all
    // but two where there are six or more.
    NetworkValidator(std::vector<std::unique_ptr<dns::Resolver>> perspectives, ValidatorOptions options)
        : perspectives_(std::move(perspectives)), options_(std::move(options))
    {
    }

    boost::asio::awaitable<Problem> validate(ValidationRequest request) override;
    boost::asio::awaitable<Problem> check_caa(ValidationRequest request) override;

private:
    boost::asio::awaitable<Problem> look(dns::Resolver& resolver, const ValidationRequest& request);

    std::vector<std::unique_ptr<dns::Resolver>> perspectives_;
    ValidatorOptions options_;
};

}  // namespace relay
