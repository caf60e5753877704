// AccountLimits: the numbers that hold for one account, the CA's published ones with those of the operator in
// their place.
#pragma once

#include "issuance/ledger.h"
#include "issuance/limits.h"

#include <optional>
#include <string>
#include <vector>

namespace issuance {

class AccountLimits {
public:
    static base::Result<AccountLimits> load(const Ledger& ledger, std::string account,
                                            std::string directory_url);

    // None: nobody counts that here. `subject` matters for registered domains, which may have numbers of
    // their own.
    std::optional<Limit> of(LimitKind kind, const std::string& subject = "") const;
    // Where the limit is counted.
    BucketKey key(LimitKind kind, const std::string& subject = "") const;
    // The operator has a number for the account alone where the CA counts all accounts together.
    bool is_own(LimitKind kind, const std::string& subject = "") const;
    bool is_overridden(LimitKind kind) const;
    // The CA publishes no numbers: it is watched and its pace learned.
    bool is_unknown_ca() const { return limits_of(directory_url_).empty(); }
    const std::string& ca() const { return ca_; }
    const std::string& account() const { return account_; }
    const std::vector<model::LimitOverride>& overrides() const { return overrides_; }

private:
    const model::LimitOverride* find(LimitKind kind, const std::string& subject) const;

    std::string account_;
    std::string directory_url_;
    std::string ca_;
    std::vector<model::LimitOverride> overrides_;
};

}  // namespace issuance
