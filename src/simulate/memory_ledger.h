// A ledger in memory: what a control node keeps in its store.
#pragma once

#include "issuance/ledger.h"

#include <unordered_map>

namespace simulate {

// Runs on one thread.
class MemoryLedger final : public issuance::Ledger {
public:
    explicit MemoryLedger(std::vector<model::LimitOverride> overrides) : overrides_(std::move(overrides)) {}

    base::Result<std::optional<model::Bucket>> bucket(const std::string& key) const override
    {
        return find(buckets_, key);
    }
    base::Result<> put(const model::Bucket& bucket) override
    {
        buckets_.insert_or_assign(bucket.key, bucket);
        return {};
    }
    base::Result<> remove_bucket(const std::string& key) override
    {
        buckets_.erase(key);
        return {};
    }

    base::Result<std::optional<model::Reservation>> reservation(const std::string& id) const override
    {
        return find(reservations_, id);
    }
    base::Result<> put(const model::Reservation& reservation) override
    {
        reservations_.insert_or_assign(reservation.id, reservation);
        return {};
    }
    base::Result<> remove_reservation(const std::string& id) override
    {
        reservations_.erase(id);
        return {};
    }

    // Of every account: there is one.
    base::Result<std::vector<model::LimitOverride>> overrides(const std::string&) const override
    {
        return overrides_;
    }

private:
    template <class Value>
    static std::optional<Value> find(const std::unordered_map<std::string, Value>& values,
                                     const std::string& key)
    {
        const auto found = values.find(key);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    }

    std::vector<model::LimitOverride> overrides_;
    std::unordered_map<std::string, model::Bucket> buckets_;
    std::unordered_map<std::string, model::Reservation> reservations_;
};

}  // namespace simulate
