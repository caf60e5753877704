// What a simulation has seen, at the end of each day and of all.
#include "simulate/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace simulate {

namespace {

using std::chrono::days;
using std::chrono::hours;
using Span = std::chrono::duration<double, std::milli>;

constexpr Span one_day = days(1);
constexpr std::size_t violations_shown = 20;

}  // namespace

void Simulation::end_day()
{
    today_.waiting = devices_.size() - forecast_.onboarded;
    today_.budget_used =
        static_cast<double>(counted_today_) / (orders_.capacity * (one_day / Span(orders_.period)));
    // A copy, because a heap cannot be looked through.
    for (auto due = renewals_; !due.empty() && due.top().ready <= now_; due.pop()) {
        today_.late += is_stale(due.top()) ? 0 : 1;
    }
    counted_today_ = 0;
    forecast_.days.push_back(std::exchange(today_, {}));
    at(now_ + days(1), What::day_ends);
}

void Simulation::finish_report()
{
    count_violations();
    reckon();
    // What the limit gives to work that leaves a share of it to others: what is there at the start, and what
    // comes.
    const auto over = forecast_.onboarded_at.value_or(now_) - fleet_.start;
    const double given = orders_.capacity * (1 - issuance::kept_from_bulk) +
                         orders_.capacity * (Span(over) / Span(orders_.period));
    forecast_.order_budget_used = std::min(static_cast<double>(counted_) / given, 1.0);
    forecast_.held_back_by = on_domains_ > on_account_ ? "certificates per registered domain"
                             : on_account_.count() > 0 ? "new orders per account"
                                                       : "";
}

void Simulation::count_violations()
{
    forecast_.limit_violations = ca_.violation_count();
    forecast_.refused_for_others = ca_.crossed_by_strangers();
    for (const auto& each : ca_.violations()) {
        if (forecast_.violations.size() < violations_shown) {
            forecast_.violations.push_back(fmt::format("{} {} at {}{}", relay::to_string(each.limit),
                                                       each.key, base::to_rfc3339(each.when),
                                                       each.refused ? ", refused" : ""));
        }
    }
}

// When onboarding would be over at the pace of the last days, a month at most.
void Simulation::reckon()
{
    const auto counted = std::min<std::size_t>(forecast_.days.size() / 2, 30);
    if (forecast_.onboarded_at || counted == 0) {
        return;
    }
    const auto lately = std::span(forecast_.days).last(counted);
    std::size_t onboarded = 0;
    for (const auto& each : lately) {
        onboarded += each.first;
    }
    if (onboarded > 0) {
        const double left =
            static_cast<double>(counted * onboarding_.waiting()) / static_cast<double>(onboarded);
        forecast_.reckoned_at = now_ + hours(static_cast<std::int64_t>(24 * left));
    }
}

}  // namespace simulate
