// From staging to production: trusted certificates for everything that only has untrusted ones.
#pragma once

#include "model/certificate.h"
#include "store/store.h"

namespace issuance {

// Errors: ca_account_untrusted, and those of check_usable.
base::Result<> check_promotable(const model::CaAccount& account);

// Orders a part of them with `account`, as bulk work, so that new names and renewals go first. Returns how
// many orders were queued or taken over from a staging account; none: nothing is left to be ordered. Part of
// the caller's transaction.
base::Result<std::int64_t> promote_batch(store::Transaction& tx, const model::CaAccount& account,
                                         base::Time now);

}  // namespace issuance
