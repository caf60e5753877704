// Budget: the ledger of a CA's limits. Work reserves before newOrder and settles when it has ended, so that
// several orders in flight never overshoot what the CA counts only later (ca-facts 1.1).
#pragma once

#include "base/clock.h"
#include "issuance/ledger.h"
#include "issuance/limits.h"
#include "model/order.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace store {
class Transaction;
}

namespace issuance {

struct BudgetRequest {
    std::string account;
    std::string directory_url;
    std::vector<std::string> identifiers;
    model::QueueClass queue_class = model::QueueClass::interactive;
    bool forced = false;  // a person asked
    // The CA issued for the same set in the last 120 days: exempt from new orders and registered domains.
    bool exact_renewal = false;
    // The order will say which certificate it replaces, and in this window of the CA's it is exempt from all
    // limits but the pausing of names (RFC 9773; ca-facts 1.2).
    std::optional<std::pair<base::Time, base::Time>> window;
};

// Bulk work leaves this share of a limit's burst to people and renewals.
inline constexpr double kept_from_bulk = 0.2;

// What a reservation turned into.
enum class Settlement {
    issued,    // all of it is spent
    ordered,   // the CA counted an order, but no certificate came of it
    refunded,  // the CA counted nothing
};

// Stateless: every number is in the ledger, a token bucket a limit and key. The ledger's thread rule holds.
class Budget {
public:
    // Takes from every bucket that the order will be counted in, all or nothing, and returns the
    // reservation's id. Exemptions are judged by `now`, so the request is sent soon after. Long before
    // failures make the CA pause a name, only a person gets on. Errors: rate_limited (code ca_rate_limited)
    // with the time until the scarcest bucket has enough.
    static base::Result<std::string> reserve(Ledger& ledger, const BudgetRequest& request, base::Time now);
    // How long until the account may make one more order of the request's class, whatever its names. Zero:
    // now. What thousands of orders wait for is asked once, not by each of them.
    static base::Result<std::chrono::milliseconds> wait_for_order(const Ledger& ledger,
                                                                  const BudgetRequest& request,
                                                                  base::Time now);
    // Whether the window exempts a request that is sent within the next minutes.
    static bool is_exempt(const BudgetRequest& request, base::Time now);
    // One registration of a new account.
    static base::Result<std::string> reserve_registration(Ledger& ledger, const std::string& account,
                                                          const std::string& directory_url, base::Time now);
    // An unknown or settled reservation is no error.
    static base::Result<> settle(Ledger& ledger, const std::string& reservation, Settlement settlement,
                                 base::Time now);

    // The CA answered 429: nothing of that kind before its Retry-After. `error` is the client's.
    static base::Result<> block(Ledger& ledger, const BudgetRequest& request, const base::Error& error,
                                base::Time now);
    // A validation of each of `identifiers` has failed.
    static base::Result<> count_failures(Ledger& ledger, const BudgetRequest& request,
                                         const std::vector<std::string>& identifiers, base::Time now);

    // Drops what says no more than nothing would, a bounded amount a call.
    static base::Result<> tidy(store::Transaction& tx, base::Time now);
};

}  // namespace issuance
