#include "issuance/budget.h"

#include "base/random.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view new_orders_suffix = "/new_orders";

// A bucket that an order needs; only those with `take` are drawn from.
struct Need {
    std::string key;
    const Limit* limit;  // null: only blocked_until counts
    bool take;
};

// No CA makes us wait longer (acme::retry_after); only a wrong clock can have written more.
constexpr std::chrono::days longest_block{31};

double refilled(const model::Bucket& bucket, base::Time now)
{
    // From a clock that was far ahead: how much time has really passed cannot be known, and the CA still
    // counts.
    if (bucket.updated_at > now + milliseconds(bucket.period_ms)) {
        return bucket.capacity;
    }
    const auto elapsed = std::max<std::int64_t>((now - bucket.updated_at).count(), 0);
    const double gained = bucket.period_ms == 0 ? 0
                                                : static_cast<double>(elapsed) * bucket.capacity /
                                                      static_cast<double>(bucket.period_ms);
    return std::min(bucket.capacity, bucket.level + gained);
}

// The bucket as it is now, full when it was never used. New numbers of a profile apply at once.
base::Result<model::Bucket> load(store::Transaction& tx, const std::string& key, const Limit* limit,
                                 base::Time now)
{
    TRY(stored, tx.budgets.get(key));
    model::Bucket bucket;
    if (stored) {
        bucket = *stored;
        bucket.level = refilled(bucket, now);
        // A clock that goes back and forth must not fill it twice.
        if (bucket.updated_at <= now + milliseconds(bucket.period_ms)) {
            bucket.updated_at = std::max(bucket.updated_at, now);
        } else {
            bucket.updated_at = now;
        }
        if (bucket.blocked_until && *bucket.blocked_until > now + longest_block) {
            bucket.blocked_until.reset();
        }
    } else {
        bucket.key = key;
        bucket.level = limit != nullptr ? limit->capacity : 0;
        bucket.updated_at = now;
    }
    if (limit != nullptr) {
        bucket.capacity = limit->capacity;
        bucket.period_ms = milliseconds(limit->period).count();
        bucket.level = std::min(bucket.level, bucket.capacity);
    }
    return bucket;
}

milliseconds wait_of(const model::Bucket& bucket, const Limit* limit, base::Time now)
{
    milliseconds wait{0};
    if (bucket.blocked_until && *bucket.blocked_until > now) {
        wait = *bucket.blocked_until - now;
    }
    if (limit != nullptr && bucket.level < 1) {
        const double missing = (1 - bucket.level) * static_cast<double>(bucket.period_ms) / bucket.capacity;
        wait = std::max(wait, milliseconds(static_cast<std::int64_t>(missing) + 1));
    }
    return wait;
}

const Limit* limit_for(const BudgetRequest& request, LimitKind kind)
{
    const auto& limits = limits_of(request.directory_url);
    const auto found = std::ranges::find(limits, kind, &Limit::kind);
    return found == limits.end() ? nullptr : &*found;
}

std::vector<Need> needs_of(const BudgetRequest& request)
{
    std::vector<Need> needs;
    const auto add = [&](std::string key, LimitKind kind, bool take) {
        const auto* limit = limit_for(request, kind);
        needs.push_back({std::move(key), limit, take && limit != nullptr});
    };
    needs.push_back({anything_key(request.account), nullptr, false});
    if (!request.exact_renewal) {
        add(new_orders_key(request.account), LimitKind::new_orders, true);
        for (const auto& domain : registered_domains(request.identifiers)) {
            add(domain_key(request.account, domain), LimitKind::registered_domain, true);
        }
    }
    add(exact_set_key(request.account, request.identifiers), LimitKind::exact_set, true);
    for (const auto& identifier : request.identifiers) {
        add(failures_key(request.account, identifier), LimitKind::failed_validations, false);
    }
    return needs;
}

base::Result<> block_key(store::Transaction& tx, const BudgetRequest& request, const std::string& key,
                         LimitKind kind, base::Time until, base::Time now)
{
    TRY(bucket, load(tx, key, limit_for(request, kind), now));
    bucket.blocked_until = std::max(bucket.blocked_until.value_or(until), until);
    return tx.budgets.put(bucket);
}

}  // namespace

base::Result<std::string> Budget::reserve(store::Transaction& tx, const BudgetRequest& request,
                                          base::Time now)
{
    model::Reservation reservation;
    reservation.id = base::new_id("res");
    reservation.created_at = now;
    std::vector<model::Bucket> drawn;
    milliseconds longest{0};
    std::string scarcest;
    for (const auto& need : needs_of(request)) {
        TRY(bucket, load(tx, need.key, need.limit, now));
        const auto wait = wait_of(bucket, need.limit, now);
        if (wait > longest) {
            longest = wait;
            scarcest = need.key;
        }
        if (need.take) {
            bucket.level -= 1;
            reservation.buckets.push_back(bucket.key);
            drawn.push_back(std::move(bucket));
        }
    }
    if (longest > milliseconds(0)) {
        return base::fail(
            base::Error(base::Errc::rate_limited, fmt::format("the limit {} has nothing left", scarcest))
                .with_code("ca_rate_limited")
                .with_retry_after(std::chrono::ceil<std::chrono::seconds>(longest)));
    }
    for (const auto& bucket : drawn) {
        CHECKED(tx.budgets.put(bucket));
    }
    CHECKED(tx.budgets.put_reservation(reservation));
    return reservation.id;
}

base::Result<> Budget::settle(store::Transaction& tx, const std::string& reservation, Settlement settlement,
                              base::Time now)
{
    if (reservation.empty()) {
        return {};
    }
    TRY(found, tx.budgets.reservation(reservation));
    if (!found) {
        return {};
    }
    for (const auto& key : found->buckets) {
        const bool counted = settlement == Settlement::issued ||
                             (settlement == Settlement::ordered && key.ends_with(new_orders_suffix));
        if (counted) {
            continue;
        }
        TRY(bucket, load(tx, key, nullptr, now));
        bucket.level = std::min(bucket.level + 1, bucket.capacity);
        CHECKED(tx.budgets.put(bucket));
    }
    return tx.budgets.remove_reservation(reservation);
}

base::Result<> Budget::block(store::Transaction& tx, const BudgetRequest& request, const base::Error& error,
                             base::Time now)
{
    if (!error.retry_after()) {
        return {};
    }
    const auto until = now + *error.retry_after();
    const auto& text = error.message();
    if (text.contains("#new-orders-per-account")) {
        return block_key(tx, request, new_orders_key(request.account), LimitKind::new_orders, until, now);
    }
    if (text.contains("#new-certificates-per-exact-set")) {
        return block_key(tx, request, exact_set_key(request.account, request.identifiers),
                         LimitKind::exact_set, until, now);
    }
    if (text.contains("#new-certificates-per-registered-domain")) {
        for (const auto& domain : registered_domains(request.identifiers)) {
            if (text.contains("\"" + domain + "\"") || request.identifiers.size() == 1) {
                CHECKED(block_key(tx, request, domain_key(request.account, domain),
                                  LimitKind::registered_domain, until, now));
            }
        }
        return {};
    }
    if (text.contains("#authorization-failures-per-")) {
        for (const auto& identifier : request.identifiers) {
            CHECKED(block_key(tx, request, failures_key(request.account, identifier),
                              LimitKind::failed_validations, until, now));
        }
        return {};
    }
    return block_key(tx, request, anything_key(request.account), LimitKind::new_orders, until, now);
}

base::Result<> Budget::count_failures(store::Transaction& tx, const BudgetRequest& request,
                                      const std::vector<std::string>& identifiers, base::Time now)
{
    const auto* limit = limit_for(request, LimitKind::failed_validations);
    if (limit == nullptr) {
        return {};
    }
    for (const auto& identifier : identifiers) {
        TRY(bucket, load(tx, failures_key(request.account, identifier), limit, now));
        bucket.level = std::max(bucket.level - 1, 0.0);
        CHECKED(tx.budgets.put(bucket));
    }
    return {};
}

}  // namespace issuance
