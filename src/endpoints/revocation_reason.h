// Why a certificate is revoked, as people write it (RFC 5280 5.3.1; those that a subscriber may give).
#pragma once

#include "base/result.h"

#include <string_view>

namespace endpoints {

enum class RevocationReason {
    unspecified = 0,
    key_compromise = 1,
    affiliation_changed = 3,
    superseded = 4,
    cessation_of_operation = 5
};

std::string_view to_string(RevocationReason value);
base::Result<RevocationReason> revocation_reason_from(std::string_view text);

}  // namespace endpoints
