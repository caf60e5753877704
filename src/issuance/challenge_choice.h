// Which challenge an order tries next: changed by itself when one stops working.
#pragma once

#include "model/endpoint.h"

#include <optional>
#include <vector>

namespace issuance {

// What is known of earlier proofs of the same names.
struct ProofHistory {
    std::optional<model::ChallengeType> proved_by;  // the certificate that is being renewed
    std::optional<model::ChallengeType> last;       // of this order's last attempt
    bool last_failed = false;                       // the CA looked and did not find its proof
};

// `usable`, best first: after a failed proof the one behind it (from the last to the first), so that each has
// its turn; else what this order, then what its predecessor was proved with; else the best one. Empty when
// `usable` is.
std::optional<model::ChallengeType> next_challenge(const std::vector<model::ChallengeType>& usable,
                                                   const ProofHistory& history);

}  // namespace issuance
