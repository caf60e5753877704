#include "simulate/ask.h"

#include "issuance/budget.h"

#include <algorithm>
#include <cmath>

namespace simulate {

namespace {

using std::chrono::milliseconds;
using Span = std::chrono::duration<double, std::milli>;

constexpr int most_tries = 12;
constexpr double step = 1.08;

// Two digits and then zeros, never less: what people ask for.
std::int64_t rounded_up(double count)
{
    const double unit = std::pow(10.0, std::max(std::floor(std::log10(std::max(count, 1.0))) - 1, 0.0));
    return static_cast<std::int64_t>(std::ceil(count / unit) * unit);
}

// So many of the limit's kind within the time: what is there at the start for bulk work, and what comes.
double capacity_for(double count, milliseconds period, milliseconds within)
{
    return count / (1 - issuance::kept_from_bulk + Span(within) / Span(period));
}

std::optional<Quota> published(const Fleet& fleet, issuance::LimitKind kind)
{
    const auto& limits = issuance::limits_of(fleet.directory_url);
    const auto found = std::ranges::find(limits, kind, &issuance::Limit::kind);
    return found == limits.end()
               ? std::nullopt
               : std::optional(Quota{static_cast<std::int64_t>(found->capacity), found->period});
}

// What is asked in place of `now`; none where that is enough.
std::optional<Quota> wanted(const std::optional<Quota>& now, double count, milliseconds within)
{
    if (!now) {
        return std::nullopt;
    }
    const auto capacity = rounded_up(capacity_for(count, now->period, within));
    return capacity > now->count ? std::optional(Quota{capacity, now->period}) : std::nullopt;
}

}  // namespace

base::Result<Ask> what_to_ask(Fleet fleet, milliseconds within)
{
    if (within <= milliseconds(0)) {
        return base::fail(base::Error(base::Errc::invalid, "that day is over before the rollout begins")
                              .with_fix("Give a later --finish-by, or an earlier --start."));
    }
    const auto orders_now = fleet.orders ? fleet.orders : published(fleet, issuance::LimitKind::new_orders);
    const auto domain_now =
        fleet.per_domain ? fleet.per_domain : published(fleet, issuance::LimitKind::registered_domain);
    const double in_days = within / Span(std::chrono::days(1));
    fleet.days = std::max(fleet.days, static_cast<int>(std::ceil(in_days)) + 1);
    double margin = 1;
    for (int i = 0; i < most_tries; ++i, margin *= step) {
        const double all = margin * (static_cast<double>(fleet.devices) + fleet.others_a_day * in_days);
        const double each =
            margin * (std::ceil(static_cast<double>(fleet.devices) /
                                static_cast<double>(std::max<std::size_t>(fleet.domains, 1))) +
                      fleet.strangers_a_day * in_days);
        Ask ask;
        ask.orders = wanted(orders_now, all, within);
        ask.per_domain = fleet.public_suffix ? std::nullopt : wanted(domain_now, each, within);
        auto trial = fleet;
        trial.orders = ask.orders ? ask.orders : fleet.orders;
        trial.per_domain = ask.per_domain ? ask.per_domain : fleet.per_domain;
        TRY(forecast, run(trial));
        if (forecast.onboarded_at && *forecast.onboarded_at <= fleet.start + within) {
            ask.forecast = std::move(forecast);
            return ask;
        }
    }
    return base::fail(base::Error(base::Errc::invalid, "no override makes this fleet ready by then")
                          .with_fix("Give it more time: the orders that are under way at once and outages of "
                                    "the CA set the pace."));
}

}  // namespace simulate
