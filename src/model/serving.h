// Which of an endpoint's certificates visitors get: one rule for the edges and for what people are shown.
#pragma once

#include "model/certificate.h"
#include "model/endpoint.h"

#include <vector>

namespace model {

// Those of `certificates` that are live and not expired, in the order in which they are served: uploaded,
// then managed, then transitional (DESIGN 5.1); of equals ECDSA before RSA, then the newest. A transitional
// one only until others cover every name. One that is not valid yet comes last: it may be our clock's
// mistake, and nothing tells us when its time has come.
std::vector<const Certificate*> serving_order(const Endpoint& endpoint,
                                              const std::vector<Certificate>& certificates, base::Time now);

}  // namespace model
