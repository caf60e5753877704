// When another CA may succeed where one failed (peers' error classes): outages, refusals of the name by this
// CA, limits that last, accounts that are not accepted, failures that stay unexplained. Never for what is
// wrong with the name's DNS or its proof.
#pragma once

#include "model/order.h"

#include <chrono>

namespace issuance {

struct FailedAttempt {
    model::Problem problem;
    std::chrono::milliseconds wait{0};  // that the CA asks for
    int attempts = 0;                   // of the order, with this one
    bool breaker = false;               // nothing was sent: the CA is known to fail
    bool patient = false;               // the certificate that is renewed serves for long enough to wait
};

bool another_ca_may_help(const FailedAttempt& failed);

// With more than a quarter of its lifetime left a certificate can wait for its own CA.
bool may_wait(base::Time not_before, base::Time not_after, base::Time now);

}  // namespace issuance
