#include "simulate/authority.h"

#include <algorithm>

namespace simulate {

namespace {

using std::chrono::milliseconds;

relay::CaNumbers numbers_of(const Fleet& fleet)
{
    return fleet.directory_url.contains("staging") ? relay::CaNumbers::staging()
                                                   : relay::CaNumbers::production();
}

relay::LimitNumbers numbers_of(const Quota& quota)
{
    return relay::LimitNumbers::in(quota.count, quota.period);
}

}  // namespace

Authority::Authority(const Fleet& fleet) : fleet_(fleet), limits_(numbers_of(fleet))
{
    if (fleet.orders) {
        limits_.override_orders(account, numbers_of(*fleet.orders));
    }
    if (fleet.per_domain) {
        limits_.override_domains_of(account, numbers_of(*fleet.per_domain));
    }
}

std::optional<base::Time> Authority::out_of_order(base::Time now) const
{
    for (const auto& each : fleet_.outages) {
        const auto begin = fleet_.start + each.after;
        if (begin <= now && now < begin + each.length) {
            return begin + each.length;
        }
    }
    return std::nullopt;
}

base::Result<> Authority::order(const relay::LimitedOrder& order, base::Time now)
{
    const auto refusal = limits_.new_order(order, now);
    note_violations();
    if (!refusal) {
        return {};
    }
    base::Error error(base::Errc::rate_limited, refusal->detail);
    error = std::move(error).with_code("acme:rateLimited");
    if (refusal->retry_after) {
        error = std::move(error).with_retry_after(*refusal->retry_after);
    }
    return base::fail(std::move(error));
}

void Authority::issue(const relay::LimitedOrder& order, base::Time now)
{
    for (const auto& each : order.identifiers) {
        limits_.validation_succeeded(order.account, each);
    }
    limits_.issued(order, now);
    note_violations();
}

void Authority::issue_to_stranger(const std::string& name, base::Time now)
{
    const relay::LimitedOrder theirs{"stranger", {name}, false};
    if (!limits_.new_order(theirs, now)) {
        limits_.issued(theirs, now);
    }
    counted_ = limits_.violation_count();  // Their own affair.
}

// What the last call violated.
void Authority::note_violations()
{
    const auto& all = limits_.violations();
    for (; counted_ < limits_.violation_count(); ++counted_) {
        const bool listed = counted_ < all.size();
        const bool shared = listed && (all[counted_].limit == relay::CaLimit::registered_domain ||
                                       all[counted_].limit == relay::CaLimit::exact_set);
        if (shared && fleet_.strangers_a_day > 0) {
            ++crossed_by_strangers_;
            continue;
        }
        ++violation_count_;
        if (listed) {
            violations_.push_back(all[counted_]);
        }
    }
}

Window Authority::window(base::Time not_after) const
{
    const auto lifetime = fleet_.lifetime;
    const auto centre = not_after - (lifetime < std::chrono::days(10) ? lifetime / 2 : lifetime / 3);
    return {centre - lifetime / 100, centre + lifetime / 100};
}

}  // namespace simulate
