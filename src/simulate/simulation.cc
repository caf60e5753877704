#include "simulate/simulation.h"

#include <fmt/format.h>

#include <algorithm>

namespace simulate {

namespace {

using issuance::Budget;
using model::QueueClass;
using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;

// What begins in the last moments of a day is not rounded into it.
constexpr milliseconds least{1};

issuance::Limit orders_of(const Fleet& fleet)
{
    if (fleet.orders) {
        return {issuance::LimitKind::new_orders, static_cast<double>(fleet.orders->count),
                fleet.orders->period};
    }
    const auto& published = issuance::limits_of(fleet.directory_url);
    const auto found = std::ranges::find(published, issuance::LimitKind::new_orders, &issuance::Limit::kind);
    return found == published.end() ? issuance::Limit{issuance::LimitKind::new_orders, 0, days(1)} : *found;
}

std::vector<model::LimitOverride> overrides_of(const Fleet& fleet)
{
    std::vector<model::LimitOverride> overrides;
    const auto add = [&](const std::optional<Quota>& quota, issuance::LimitKind kind) {
        if (quota) {
            model::LimitOverride made;
            made.account = Authority::account;
            made.limit = issuance::to_string(kind);
            made.capacity = static_cast<double>(quota->count);
            made.period_ms = quota->period.count();
            overrides.push_back(std::move(made));
        }
    };
    add(fleet.orders, issuance::LimitKind::new_orders);
    add(fleet.per_domain, issuance::LimitKind::registered_domain);
    return overrides;
}

}  // namespace

Simulation::Simulation(const Fleet& fleet)
    : fleet_(fleet),
      ca_(fleet),
      ledger_(overrides_of(fleet)),
      onboarding_(fleet.devices, fleet.public_suffix ? 1 : fleet.domains),
      orders_(orders_of(fleet)),
      dice_(fleet.seed),
      now_(fleet.start),
      devices_(fleet.devices)
{
}

base::Result<Forecast> Simulation::run()
{
    const auto end = fleet_.start + days(fleet_.days);
    wake(now_);
    at(now_ + days(1) - least, What::day_ends);
    for (std::size_t i = 0; i < fleet_.call_ins.size(); ++i) {
        at(fleet_.start + fleet_.call_ins[i].after, What::call_in, static_cast<Id>(i));
    }
    if (fleet_.others_a_day > 0) {
        at(now_ + until_next(fleet_.others_a_day), What::person);
    }
    if (fleet_.strangers_a_day > 0) {
        at(now_ + until_next(fleet_.strangers_a_day), What::stranger);
    }
    while (!events_.empty() && events_.top().at < end) {
        const auto event = events_.top();
        events_.pop();
        now_ = event.at;
        CHECKED(handle(event));
    }
    finish_report();
    return std::move(forecast_);
}

void Simulation::at(base::Time when, What what, Id id, std::uint32_t serial)
{
    events_.push({std::max(when, now_), ++made_, what, id, serial});
}

void Simulation::wake(base::Time when)
{
    when = std::max(when, now_);
    if (!awake_at_ || when < *awake_at_) {
        awake_at_ = when;
        at(when, What::orders);
    }
}

base::Result<> Simulation::handle(const Event& event)
{
    switch (event.what) {
        case What::orders:
            if (awake_at_ == event.at) {
                awake_at_.reset();
                return start_orders();
            }
            return {};
        case What::issued:
            return finish(event.id);
        case What::expiry:
            forecast_.expired += devices_[event.id].serial == event.serial ? 1 : 0;
            return {};
        case What::person:
            return add_person();
        case What::stranger:
            ca_.issue_to_stranger(
                fmt::format("s{}.{}", ++added_, fleet_.public_suffix ? "example" : "fleet-0.example"), now_);
            at(now_ + until_next(fleet_.strangers_a_day), What::stranger);
            return {};
        case What::call_in:
            call_in(fleet_.call_ins[event.id]);
            return {};
        case What::day_ends:
            end_day();
            return {};
    }
    return {};
}

base::Result<> Simulation::start_orders()
{
    bool more = true;
    while (more && under_way_.size() < fleet_.in_flight && now_ >= ca_at_) {
        TRY(started, start_next());
        more = started;
    }
    // A full house waits for an order to end, which wakes us.
    if (const auto next = next_try(); next && under_way_.size() < fleet_.in_flight) {
        wake(std::max(*next, now_ + least));
    }
    return {};
}

base::Result<bool> Simulation::start_next()
{
    TRY(renewed, start_renewal());
    return renewed ? base::Result<bool>(true) : start_first();
}

bool Simulation::is_stale(const Renewal& renewal) const
{
    const auto& device = devices_[renewal.id];
    return device.serial != renewal.serial || device.chosen != renewal.chosen;
}

base::Result<bool> Simulation::start_renewal()
{
    while (!renewals_.empty() && is_stale(renewals_.top())) {
        renewals_.pop();
    }
    if (renewals_.empty() || renewals_.top().ready > now_) {
        return false;
    }
    auto renewal = renewals_.top();
    renewals_.pop();
    if (under_way_.contains(renewal.id)) {
        return true;
    }
    TRY(wait, begin(renewal.id, QueueClass::renewal));
    if (wait) {
        renewal.ready = now_ + std::max(*wait, least);
        renewals_.push(renewal);
    }
    return true;
}

base::Result<bool> Simulation::start_first()
{
    if (onboarding_.empty() || now_ < first_at_) {
        return false;
    }
    issuance::BudgetRequest any;
    any.account = Authority::account;
    any.directory_url = fleet_.directory_url;
    any.queue_class = QueueClass::bulk;
    TRY(account_wait, Budget::wait_for_order(ledger_, any, now_));
    if (account_wait > milliseconds(0)) {
        first_at_ = now_ + account_wait;
        on_account_ += account_wait;
        return false;
    }
    const auto id = onboarding_.take(now_);
    if (!id) {
        return false;
    }
    TRY(wait, begin(*id, QueueClass::bulk));
    if (wait) {
        onboarding_.give_back(*id);
        onboarding_.hold(*id, now_ + std::max(*wait, least));
        on_domains_ += ca_at_ > now_ ? milliseconds(0)
                                     : *wait / static_cast<int>(std::max<std::size_t>(fleet_.domains, 1));
    }
    return true;
}

std::optional<base::Time> Simulation::next_try() const
{
    std::optional<base::Time> next;
    const auto consider = [&](base::Time when) { next = std::min(next.value_or(when), when); };
    if (!renewals_.empty()) {
        consider(std::max(renewals_.top().ready, ca_at_));
    }
    if (!onboarding_.empty()) {
        const auto held = onboarding_.held_until();
        const bool by_account = first_at_ > now_ || ca_at_ > now_;
        if (by_account) {
            consider(std::max(first_at_, ca_at_));
        } else if (held) {
            consider(*held);
        }
    }
    return next;
}

std::string Simulation::name_of(Id id) const
{
    return fleet_.public_suffix
               ? fmt::format("d{}.example", id)
               : fmt::format("d{}.fleet-{}.example", id, id % std::max<std::size_t>(fleet_.domains, 1));
}

milliseconds Simulation::some(milliseconds bound)
{
    return bound.count() > 0 ? milliseconds(dice_() % static_cast<std::uint64_t>(bound.count()))
                             : milliseconds(0);
}

milliseconds Simulation::until_next(double a_day)
{
    std::exponential_distribution<double> wait(a_day / static_cast<double>(milliseconds(days(1)).count()));
    return milliseconds(1 + static_cast<std::int64_t>(wait(dice_)));
}

base::Result<Forecast> run(const Fleet& fleet)
{
    return Simulation(fleet).run();
}

}  // namespace simulate
