#include "simulate/report.h"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace simulate {

namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using Span = std::chrono::duration<double, std::milli>;

constexpr const char* override_form = "https://isrg.formstack.com/forms/rate_limit_adjustment_request";

double in_days(milliseconds span)
{
    return span / Span(std::chrono::days(1));
}

std::string date(base::Time when)
{
    return base::to_rfc3339(when).substr(0, 10);
}

// 90000 as "90,000".
std::string grouped(std::size_t count)
{
    auto text = std::to_string(count);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

// For people: "4 min", "6.5 h", "37.5 days".
std::string span_text(milliseconds span)
{
    if (span < std::chrono::minutes(1)) {
        return fmt::format("{:.0f} s", span / Span(std::chrono::seconds(1)));
    }
    if (span < std::chrono::hours(2)) {
        return fmt::format("{:.0f} min", span / Span(std::chrono::minutes(1)));
    }
    if (span < std::chrono::days(2)) {
        return fmt::format("{:.1f} h", span / Span(std::chrono::hours(1)));
    }
    if (span < std::chrono::days(730)) {
        return fmt::format("{:.1f} days", in_days(span));
    }
    return fmt::format("{:.1f} years", in_days(span) / 365.25);
}

std::string names_text(const Fleet& fleet)
{
    if (fleet.public_suffix) {
        return "their zone on the public suffix list";
    }
    return fleet.domains == 1 ? "one registered domain" : grouped(fleet.domains) + " registered domains";
}

std::string onboarding_text(const Fleet& fleet, const Forecast& forecast)
{
    if (forecast.onboarded_at) {
        return fmt::format("done on {}, after {}", date(*forecast.onboarded_at),
                           span_text(*forecast.onboarded_at - fleet.start));
    }
    auto text = fmt::format("NOT done in {} days: {} of {} devices have a certificate", fleet.days,
                            grouped(forecast.onboarded), grouped(fleet.devices));
    if (forecast.reckoned_at) {
        text += fmt::format("\n             at this pace it takes {}",
                            span_text(*forecast.reckoned_at - fleet.start));
    }
    if (!forecast.held_back_by.empty()) {
        text += fmt::format("\n             held back by the limit: {}", forecast.held_back_by);
    }
    return text;
}

std::size_t most_a_day(const Forecast& forecast)
{
    std::size_t most = 0;
    for (const auto& each : forecast.days) {
        most = std::max(most, each.renewed);
    }
    return most;
}

std::string renewals_text(const Forecast& forecast)
{
    if (forecast.renewals == 0) {
        return "none in this time";
    }
    return fmt::format(
        "{}, at most {} a day; {:.1f} % of them exempt from limits (renewal information)",
        grouped(forecast.renewals), grouped(most_a_day(forecast)),
        100.0 * static_cast<double>(forecast.exempt_renewals) / static_cast<double>(forecast.renewals));
}

std::string quota_text(const Quota& quota)
{
    return fmt::format("{} in {}", grouped(static_cast<std::size_t>(quota.count)),
                       quota.period < std::chrono::days(1)
                           ? fmt::format("{:.0f} hours", 24 * in_days(quota.period))
                           : fmt::format("{:.0f} days", in_days(quota.period)));
}

json::value to_json(const std::optional<Quota>& quota)
{
    return quota
               ? json::value(json::object{{"count", quota->count}, {"seconds", quota->period.count() / 1000}})
               : json::value();
}

std::string violations_text(const Forecast& forecast)
{
    if (forecast.limit_violations == 0) {
        return "none violated";
    }
    auto text = fmt::format("{} VIOLATIONS", grouped(forecast.limit_violations));
    for (const auto& each : forecast.violations) {
        text += "\n             " + each;
    }
    return text;
}

}  // namespace

std::string to_text(const Fleet& fleet, const Forecast& forecast)
{
    auto text = fmt::format("{} devices in {}, certificates of {}, {} days from {}\n", grouped(fleet.devices),
                            names_text(fleet), span_text(fleet.lifetime), fleet.days, date(fleet.start));
    text += fmt::format("  Onboarding {}\n", onboarding_text(fleet, forecast));
    text += fmt::format("  Orders     {:.1f} % of what the CA gives to onboarding was used\n",
                        100 * forecast.order_budget_used);
    text += fmt::format("  Renewals   {}\n", renewals_text(forecast));
    if (forecast.renewals > 0) {
        text += fmt::format("  Worst      a renewal was {} late; the least life left was {}\n",
                            span_text(forecast.worst_delay), span_text(forecast.least_life_left));
    }
    text += fmt::format("  Limits     {}\n", violations_text(forecast));
    if (forecast.refused_for_others > 0) {
        text +=
            fmt::format("             {} orders were refused because others had used a domain's limit up\n",
                        grouped(forecast.refused_for_others));
    }
    text += fmt::format("  Expired    {}\n", forecast.expired == 0 ? "none" : grouped(forecast.expired));
    if (!forecast.onboarded_at) {
        text += "What to ask the CA for: the same command with --finish-by DATE.\n";
    }
    if (fleet.public_suffix) {
        text +=
            "A zone belongs on the public suffix list only if whoever runs a device must not share cookies "
            "with\n"
            "the others; listing takes months, is refused when it is for limits alone, and cannot be undone "
            "soon.\n";
    } else if (fleet.domains > 1) {
        text +=
            "Each further domain must be registered, delegated here and kept for as long as its devices "
            "live.\n";
    }
    return text;
}

std::string to_text(const Fleet& fleet, const Ask& ask, base::Time by)
{
    if (!ask.orders && !ask.per_domain) {
        return fmt::format(
            "Nothing need be asked for: {} devices are ready by {} within what the CA gives.\n",
            grouped(fleet.devices), date(by));
    }
    auto text = fmt::format("To be ready by {}, ask for\n", date(by));
    if (ask.orders) {
        text += fmt::format("  new orders per account                     {}\n", quota_text(*ask.orders));
    }
    if (ask.per_domain) {
        text += fmt::format("  certificates per registered domain         {}\n", quota_text(*ask.per_domain));
    }
    text +=
        fmt::format("at {}\n(it takes a few weeks; name the account and the domains). When it is granted:\n",
                    override_form);
    const auto set = [&](const char* limit, const std::optional<Quota>& quota) {
        if (quota) {
            text += fmt::format(
                "  certwright ca set-limit ACCOUNT {} --capacity {} --period {}\n", limit, quota->count,
                quota->period < std::chrono::days(1) ? fmt::format("{:.0f}h", 24 * in_days(quota->period))
                                                     : fmt::format("{:.0f}d", in_days(quota->period)));
        }
    };
    set("new_orders", ask.orders);
    set("registered_domain", ask.per_domain);
    return text;
}

std::string to_json_lines(const Fleet& fleet, const Forecast& forecast, const std::optional<Ask>& ask)
{
    std::string lines;
    for (std::size_t i = 0; i < forecast.days.size(); ++i) {
        const auto& each = forecast.days[i];
        lines += json::serialize(json::object{{"day", i + 1},
                                              {"first_certificates", each.first},
                                              {"renewals", each.renewed},
                                              {"waiting", each.waiting},
                                              {"late_renewals", each.late},
                                              {"order_budget_used", each.budget_used}}) +
                 "\n";
    }
    json::object result{{"devices", fleet.devices}, {"days", fleet.days}, {"onboarded", forecast.onboarded}};
    result["onboarded_day"] =
        forecast.onboarded_at ? json::value(in_days(*forecast.onboarded_at - fleet.start)) : json::value();
    result["onboarded_at"] =
        forecast.onboarded_at ? json::value(base::to_rfc3339(*forecast.onboarded_at)) : json::value();
    result["reckoned_day"] =
        forecast.reckoned_at ? json::value(in_days(*forecast.reckoned_at - fleet.start)) : json::value();
    result["held_back_by"] = forecast.held_back_by;
    result["order_budget_used"] = forecast.order_budget_used;
    result["renewals"] = forecast.renewals;
    result["renewals_exempt"] = forecast.exempt_renewals;
    result["renewals_a_day_at_most"] = most_a_day(forecast);
    result["worst_delay_seconds"] = forecast.worst_delay.count() / 1000;
    result["least_life_left_seconds"] = forecast.least_life_left.count() / 1000;
    result["expired"] = forecast.expired;
    result["limit_violations"] = forecast.limit_violations;
    result["refused_for_others"] = forecast.refused_for_others;
    result["violations"] = json::array(forecast.violations.begin(), forecast.violations.end());
    if (ask) {
        result["ask"] =
            json::object{{"new_orders", to_json(ask->orders)}, {"per_domain", to_json(ask->per_domain)}};
    }
    return lines + json::serialize(result) + "\n";
}

}  // namespace simulate
