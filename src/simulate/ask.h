// Ask: what to ask a CA for, so that a fleet is onboarded in time.
#pragma once

#include "simulate/fleet.h"

namespace simulate {

struct Ask {
    std::optional<Quota> orders{};      // of the account; none: the published number is enough
    std::optional<Quota> per_domain{};  // for each registered domain
    Forecast forecast{};                // with them
};

// Overrides with which every device has a certificate `within` the start. What the fleet has already is the
// least. Errors: invalid when no number does it (the CA is slower than that, or the time is over).
base::Result<Ask> what_to_ask(Fleet fleet, std::chrono::milliseconds within);

}  // namespace simulate
