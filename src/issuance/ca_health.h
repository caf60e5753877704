// The circuit breaker of each CA (a directory): several outages in a row stop orders from going there; then
// one order at a time tries, until one gets through. Kept in the store, so that every node and every start
// knows. Functions are part of the caller's transaction.
#pragma once

#include "base/clock.h"
#include "model/certificate.h"
#include "store/store.h"

#include <optional>
#include <string>

namespace issuance {

inline constexpr int outages_to_open = 3;

// After so many outages in a row: until one order tries again.
std::chrono::milliseconds probe_interval(int outages);

// A request of an order was not answered, or with a failure of the CA itself. Opens the breaker when it
// happens too often (event ca.degraded).
base::Result<> note_outage(store::Transaction& tx, const model::CaAccount& account,
                           const model::Problem& problem, base::Time now);
// The CA does its work: closes the breaker (event ca.recovered), and the account has no problem.
base::Result<> note_answer(store::Transaction& tx, const std::string& account, base::Time now);
// The CA does not accept the account (event ca.account_invalid). The account keeps the problem until
// note_answer.
base::Result<> note_account_problem(store::Transaction& tx, const model::CaAccount& account,
                                    const model::Problem& problem, base::Time now);
// A limit of the CA is reached (event ca.rate_limited, once until it ends).
base::Result<> note_limit(store::Transaction& tx, const model::CaAccount& account,
                          const model::Problem& problem, base::Time until, base::Time now);

// How long nothing goes to this CA; none: orders may go there. Looks only.
base::Result<std::optional<std::chrono::milliseconds>> wait_for_ca(store::Transaction& tx,
                                                                   const std::string& directory_url,
                                                                   base::Time now);
// The same for an order that goes there now: of a failing CA whose time has come, it is the one that tries.
base::Result<std::optional<std::chrono::milliseconds>> enter_ca(store::Transaction& tx,
                                                                const std::string& directory_url,
                                                                base::Time now);

}  // namespace issuance
