// Budget: the ledger of a CA's limits. Work reserves before newOrder and settles when it has ended, so that
// several orders in flight never overshoot what the CA counts only later (ca-facts 1.1).
#pragma once

#include "base/clock.h"
#include "issuance/limits.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace issuance {

struct BudgetRequest {
    std::string account;
    std::string directory_url;
    std::vector<std::string> identifiers;
    bool exact_renewal =
        false;  // the same set was issued before: exempt from new orders and registered domains
};

// What a reservation turned into.
enum class Settlement {
    issued,    // all of it is spent
    ordered,   // the CA counted an order, but no certificate came of it
    refunded,  // the CA counted nothing
};

// Stateless: every number is in store::Budgets, a token bucket a limit and key. Safe from the store's thread
// only.
class Budget {
public:
    // Takes from every bucket that the order will be counted in, all or nothing, and returns the
    // reservation's id. Errors: rate_limited (code ca_rate_limited) with the time until the scarcest bucket
    // has enough.
    static base::Result<std::string> reserve(store::Transaction& tx, const BudgetRequest& request,
                                             base::Time now);
    // An unknown or settled reservation is no error.
    static base::Result<> settle(store::Transaction& tx, const std::string& reservation,
                                 Settlement settlement, base::Time now);

    // The CA answered 429: nothing of that kind before its Retry-After. `error` is the client's.
    static base::Result<> block(store::Transaction& tx, const BudgetRequest& request,
                                const base::Error& error, base::Time now);
    // A validation of each of `identifiers` has failed.
    static base::Result<> count_failures(store::Transaction& tx, const BudgetRequest& request,
                                         const std::vector<std::string>& identifiers, base::Time now);
};

}  // namespace issuance
