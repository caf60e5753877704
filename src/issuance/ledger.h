// Ledger: where the token buckets of CA limits, and what is reserved of them, are kept. A control node keeps
// them in its store; a simulation in memory.
#pragma once

#include "base/result.h"
#include "model/records.h"

#include <optional>
#include <string>
#include <vector>

namespace issuance {

// Thread rule: the implementation's. Errors are those of whatever it is kept in.
class Ledger {
public:
    virtual ~Ledger() = default;

    virtual base::Result<std::optional<model::Bucket>> bucket(const std::string& key) const = 0;
    virtual base::Result<> put(const model::Bucket& bucket) = 0;
    virtual base::Result<> remove_bucket(const std::string& key) = 0;

    virtual base::Result<std::optional<model::Reservation>> reservation(const std::string& id) const = 0;
    virtual base::Result<> put(const model::Reservation& reservation) = 0;
    virtual base::Result<> remove_reservation(const std::string& id) = 0;

    // What the operator agreed on with the CA for `account`.
    virtual base::Result<std::vector<model::LimitOverride>> overrides(const std::string& account) const = 0;
};

}  // namespace issuance
