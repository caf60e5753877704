// How long a failed attempt waits (ca-facts: what CAs ask of large integrators).
#pragma once

#include <chrono>

namespace issuance {

// 1, 10, 100 times `first`, then 1440 times (a day when `first` is a minute), with a tenth of jitter either
// way. `attempt` counts failed attempts, from 1.
std::chrono::milliseconds backoff(int attempt, std::chrono::milliseconds first);

}  // namespace issuance
