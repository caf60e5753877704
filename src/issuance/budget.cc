#include "issuance/budget.h"

#include "base/random.h"
#include "issuance/account_limits.h"
#include "issuance/store_ledger.h"
#include "issuance/token_bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace issuance {

namespace {

using std::chrono::milliseconds;

// From the reservation to the CA's clock: what happens so near the end of a window may come after it.
constexpr std::chrono::minutes window_margin{2};
// Failures in a row after which a name goes on slowly, and after which not even a person hurries it. The CA
// pauses it at 1152.
constexpr double failures_allowed = 100;
constexpr double failures_allowed_to_people = 500;
constexpr std::chrono::days oldest_reservation{30};
constexpr std::size_t tidied = 1'000;

// A bucket that an order needs; only those with `take` are drawn from, and only those with `check` hold it
// back.
struct Need {
    Need(BucketKey k, std::optional<Limit> l) : key(std::move(k)), limit(std::move(l)) {}
    BucketKey key;
    std::optional<Limit> limit;  // none: only blocked_until counts
    bool check = true;
    bool take = false;
    double floor = 0;  // what it leaves to others
};

struct Draft {
    model::Reservation reservation;
    std::vector<model::Bucket> drawn;
    milliseconds longest{0};
    std::string scarcest;
};

double floor_of(const Limit& limit, const BudgetRequest& request)
{
    if (limit.kind == LimitKind::consecutive_failures) {
        const double allowed = request.forced ? failures_allowed_to_people : failures_allowed;
        return std::max(limit.capacity - allowed - 1, 0.0);
    }
    const bool kept = limit.kind == LimitKind::new_orders || limit.kind == LimitKind::registered_domain ||
                      limit.kind == LimitKind::exact_set;
    return kept && request.queue_class == model::QueueClass::bulk
               ? std::floor(limit.capacity * kept_from_bulk)
               : 0;
}

void add_need(std::vector<Need>& needs, const AccountLimits& limits, const BudgetRequest& request,
              LimitKind kind, const std::string& subject, bool take)
{
    Need need(limits.key(kind, subject), limits.of(kind, subject));
    need.take = take && need.limit.has_value();
    need.floor = need.limit ? floor_of(*need.limit, request) : 0;
    needs.push_back(std::move(need));
    // The CA goes on counting for all accounts, but an account with a number of its own is not held to it.
    if (limits.is_own(kind, subject)) {
        Need shared(BucketKey(limits.ca(), kind, subject), std::nullopt);
        const auto& published = limits_of(request.directory_url);
        const auto found = std::ranges::find(published, kind, &Limit::kind);
        if (found != published.end()) {
            shared.limit = *found;
            shared.check = false;
            shared.take = true;
            needs.push_back(std::move(shared));
        }
    }
}

std::vector<Need> needs_of(const AccountLimits& limits, const BudgetRequest& request, base::Time now)
{
    std::vector<Need> needs;
    needs.emplace_back(BucketKey(request.account, LimitKind::anything), std::nullopt);
    if (!Budget::is_exempt(request, now)) {
        if (!request.exact_renewal) {
            add_need(needs, limits, request, LimitKind::new_orders, "", true);
            for (const auto& domain : registered_domains(request.identifiers)) {
                add_need(needs, limits, request, LimitKind::registered_domain, domain, true);
            }
        }
        add_need(needs, limits, request, LimitKind::exact_set, set_subject(request.identifiers), true);
        for (const auto& identifier : request.identifiers) {
            add_need(needs, limits, request, LimitKind::failed_validations, identifier, false);
        }
    }
    for (const auto& identifier : request.identifiers) {
        add_need(needs, limits, request, LimitKind::consecutive_failures, identifier, false);
    }
    return needs;
}

void draw(Draft& draft, model::Bucket bucket)
{
    take(bucket);
    draft.reservation.buckets.push_back(bucket.key);
    draft.drawn.push_back(std::move(bucket));
}

void note_wait(Draft& draft, milliseconds wait, const std::string& key)
{
    if (wait > draft.longest) {
        draft.longest = wait;
        draft.scarcest = key;
    }
}

base::Result<> look_at(const Ledger& ledger, const std::vector<Need>& needs, Draft& draft, base::Time now)
{
    for (const auto& need : needs) {
        TRY(bucket, load_bucket(ledger, need.key, need.limit, now));
        if (need.check) {
            note_wait(draft, wait_for(bucket, need.floor, now), bucket.key);
        }
        if (need.take) {
            draw(draft, std::move(bucket));
        } else if (need.limit && need.key.kind == LimitKind::consecutive_failures) {
            draft.reservation.failures.push_back(bucket.key);
        }
    }
    return {};
}

base::Result<std::string> commit(Ledger& ledger, Draft& draft, base::Time now)
{
    if (draft.longest > milliseconds(0)) {
        return base::fail(base::Error(base::Errc::rate_limited,
                                      fmt::format("the limit {} has nothing left", draft.scarcest))
                              .with_code("ca_rate_limited")
                              .with_retry_after(std::chrono::ceil<std::chrono::seconds>(draft.longest)));
    }
    draft.reservation.id = base::new_id("res");
    draft.reservation.created_at = now;
    for (const auto& bucket : draft.drawn) {
        CHECKED(ledger.put(bucket));
    }
    CHECKED(ledger.put(draft.reservation));
    return draft.reservation.id;
}

// An order is counted when it is made, everything else with the certificate.
bool is_counted(const model::Bucket& bucket, Settlement settlement)
{
    switch (settlement) {
        case Settlement::issued:
            return true;
        case Settlement::ordered:
            return is_counted_at_once(bucket.limit);
        case Settlement::refunded:
            break;
    }
    return false;
}

}  // namespace

bool Budget::is_exempt(const BudgetRequest& request, base::Time now)
{
    return request.window && request.window->first <= now && now + window_margin < request.window->second;
}

base::Result<milliseconds> Budget::wait_for_order(const Ledger& ledger, const BudgetRequest& request,
                                                  base::Time now)
{
    TRY(limits, AccountLimits::load(ledger, request.account, request.directory_url));
    milliseconds wait{0};
    for (const auto kind : {LimitKind::anything, LimitKind::new_orders}) {
        const auto limit = limits.of(kind);
        TRY(bucket, load_bucket(ledger, limits.key(kind), limit, now));
        wait = std::max(wait, wait_for(bucket, limit ? floor_of(*limit, request) : 0, now));
    }
    return wait;
}

base::Result<std::string> Budget::reserve(Ledger& ledger, const BudgetRequest& request, base::Time now)
{
    TRY(limits, AccountLimits::load(ledger, request.account, request.directory_url));
    Draft draft;
    CHECKED(look_at(ledger, needs_of(limits, request, now), draft, now));
    if (limits.is_unknown_ca()) {
        TRY(learned, load_learned(ledger, request.account, now));
        if (learned) {
            note_wait(draft, wait_for(*learned, 0, now), learned->key);
            draw(draft, std::move(*learned));
        }
    }
    return commit(ledger, draft, now);
}

base::Result<std::string> Budget::reserve_registration(Ledger& ledger, const std::string& account,
                                                       const std::string& directory_url, base::Time now)
{
    TRY(limits, AccountLimits::load(ledger, account, directory_url));
    Need need(limits.key(LimitKind::registrations), limits.of(LimitKind::registrations));
    need.take = need.limit.has_value();
    Draft draft;
    CHECKED(look_at(ledger, {std::move(need)}, draft, now));
    return commit(ledger, draft, now);
}

base::Result<> Budget::settle(Ledger& ledger, const std::string& reservation, Settlement settlement,
                              base::Time now)
{
    if (reservation.empty()) {
        return {};
    }
    TRY(found, ledger.reservation(reservation));
    if (!found) {
        return {};
    }
    for (const auto& key : found->buckets) {
        TRY(stored, ledger.bucket(key));
        if (!stored) {
            continue;
        }
        const auto kind = limit_kind_from(stored->limit);
        if (!kind) {
            continue;
        }
        TRY(bucket, load_bucket(ledger, BucketKey(stored->owner, *kind, stored->subject), std::nullopt, now));
        if (is_counted(bucket, settlement)) {
            spend(bucket);
        } else {
            give_back(bucket);
        }
        CHECKED(ledger.put(bucket));
    }
    // One success ends a row of failures.
    if (settlement == Settlement::issued) {
        for (const auto& key : found->failures) {
            CHECKED(ledger.remove_bucket(key));
        }
    }
    return ledger.remove_reservation(reservation);
}

base::Result<> Budget::count_failures(Ledger& ledger, const BudgetRequest& request,
                                      const std::vector<std::string>& identifiers, base::Time now)
{
    TRY(limits, AccountLimits::load(ledger, request.account, request.directory_url));
    for (const auto kind : {LimitKind::failed_validations, LimitKind::consecutive_failures}) {
        const auto limit = limits.of(kind);
        if (!limit) {
            continue;
        }
        for (const auto& identifier : identifiers) {
            TRY(bucket, load_bucket(ledger, limits.key(kind, identifier), limit, now));
            bucket.level = std::max(bucket.level - 1, 0.0);
            CHECKED(ledger.put(bucket));
        }
    }
    return {};
}

base::Result<> Budget::tidy(store::Transaction& tx, base::Time now)
{
    TRY(dropped, tx.budgets.drop_full(now, tidied));
    TRY(forgotten, tx.budgets.old_reservations(now - oldest_reservation, tidied));
    StoreLedger ledger(tx);
    for (const auto& each : forgotten) {
        CHECKED(settle(ledger, each, Settlement::issued, now));
    }
    return {};
}

}  // namespace issuance
