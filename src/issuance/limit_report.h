// What is left of an account's limits, for people: the numbers behind `certwright ca limits`.
#pragma once

#include "issuance/limits.h"
#include "model/certificate.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace issuance {

// One bucket.
struct LimitUse {
    std::string subject;  // a domain, a name or a set of names; empty where there is one bucket
    double capacity = 0;
    std::chrono::milliseconds period{0};
    double remaining = 0;
    std::int64_t reserved = 0;  // by orders under way
    std::optional<base::Time> blocked_until;
    base::Time next_free_at{};  // now, when one is free
};

struct LimitReport {
    LimitKind kind = LimitKind::new_orders;
    std::optional<Limit> limit;  // none: nobody counts, the CA only blocks
    bool shared = false;         // among all accounts at the CA
    bool overridden = false;
    std::vector<LimitUse> uses;  // those with the least left first; full ones are left out
    bool more = false;
};

// not_found (code ca_account_not_found).
base::Result<model::CaAccount> named_account(store::Transaction& tx, const std::string& id_or_name);

// The operator's number in place of the CA's; `domain`: for that registered domain alone.
base::Result<> set_override(store::Transaction& tx, const model::CaAccount& account, const Limit& limit,
                            const std::string& domain, base::Time now);

// `name`: only buckets about names that begin with it; empty: the scarcest ones. At most `most` a limit.
base::Result<std::vector<LimitReport>> report_limits(store::Transaction& tx, const model::CaAccount& account,
                                                     const std::string& name, std::size_t most,
                                                     base::Time now);

}  // namespace issuance
