// TxtProbe over real queries (dns::ask).
#pragma once

#include "responder/gate.h"

#include <memory>

namespace responder {

// Runs on one executor: no locks.
std::unique_ptr<TxtProbe> make_dns_probe(std::chrono::milliseconds limit = std::chrono::milliseconds(1'000));

}  // namespace responder
