// The ledger of a control node: rows of the store, changed with the transaction of whoever reserves.
#pragma once

#include "issuance/ledger.h"
#include "store/store.h"

namespace issuance {

// Within `tx`, which outlives it.
class StoreLedger final : public Ledger {
public:
    explicit StoreLedger(store::Transaction& tx) : budgets_(tx.budgets) {}

    base::Result<std::optional<model::Bucket>> bucket(const std::string& key) const override
    {
        return budgets_.get(key);
    }
    base::Result<> put(const model::Bucket& bucket) override { return budgets_.put(bucket); }
    base::Result<> remove_bucket(const std::string& key) override { return budgets_.remove(key); }

    base::Result<std::optional<model::Reservation>> reservation(const std::string& id) const override
    {
        return budgets_.reservation(id);
    }
    base::Result<> put(const model::Reservation& reservation) override
    {
        return budgets_.put_reservation(reservation);
    }
    base::Result<> remove_reservation(const std::string& id) override
    {
        return budgets_.remove_reservation(id);
    }

    base::Result<std::vector<model::LimitOverride>> overrides(const std::string& account) const override
    {
        return budgets_.overrides(account);
    }

private:
    store::Budgets& budgets_;
};

}  // namespace issuance
