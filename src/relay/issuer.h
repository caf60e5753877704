// Issuer: who signs a finalized order.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/task.h"
#include "crypto/private_ca.h"
#include "relay/profile.h"

#include <boost/asio/thread_pool.hpp>

#include <string>
#include <vector>

namespace relay {

struct IssueRequest {
    std::string order;
    std::string account;
    std::vector<std::string> identifiers;
    base::Bytes csr;         // DER, checked
    base::Bytes public_der;  // of the request's key
    std::string profile_name;
    Profile profile;
};

class Issuer {
public:
    virtual ~Issuer() = default;

    // PEM chains, leaf first, the default one first; all with the same leaf. May take long; may be asked
    // again for the same order after a crash. The error's message is told to the client.
    virtual base::Task<std::vector<std::string>> issue(IssueRequest request) = 0;
};

// Signs at once with a private CA, on `pool`. What it is given outlives it.
class PrivateIssuer final : public Issuer {
public:
    PrivateIssuer(const crypto::PrivateCa& ca, const base::Clock& clock, boost::asio::thread_pool& pool)
        : ca_(ca), clock_(clock), pool_(pool)
    {
    }
    base::Task<std::vector<std::string>> issue(IssueRequest request) override;

private:
    const crypto::PrivateCa& ca_;
    const base::Clock& clock_;
    boost::asio::thread_pool& pool_;
};

}  // namespace relay
