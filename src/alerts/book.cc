#include "alerts/book.h"

#include "base/log.h"
#include "base/random.h"

#include <algorithm>
#include <array>

namespace alerts {

namespace {

using model::Alert;

base::Time next_allowed(const Options& options, const Alert& alert, base::Time now)
{
    const auto soon = std::max(now + options.gather, alert.quiet_until.value_or(now));
    return alert.notified_at ? std::max(soon, *alert.notified_at + interval_of(options, alert.rule)) : soon;
}

// A new alert, or one that came back before its end was told, which then never ended.
base::Result<> start(store::Transaction& tx, const Options& options, const Subject& subject,
                     const Finding& finding, base::Time now)
{
    TRY(before, tx.alerts.last_resolved(finding.rule, subject.id));
    const bool same_owner = before && before->tenant == subject.tenant;
    if (same_owner && before->notify_at) {
        before->resolved_at = std::nullopt;
        before->problem = finding.problem;
        before->severity = finding.severity;
        before->deadline = finding.deadline;
        before->seen_at = now;
        ++before->count;
        before->notify_at = next_allowed(options, *before, now);
        return tx.alerts.update(*before);
    }
    Alert alert;
    alert.id = base::new_id("alr");
    alert.tenant = subject.tenant;
    alert.rule = finding.rule;
    alert.subject = subject.id;
    alert.name = subject.name;
    alert.severity = finding.severity;
    alert.problem = finding.problem;
    alert.deadline = finding.deadline;
    alert.opened_at = now;
    alert.seen_at = now;
    if (same_owner) {  // The bound on notices holds for the name, however often its alert comes and goes.
        alert.quiet_until = before->notified_at ? *before->notified_at + interval_of(options, alert.rule)
                                                : before->quiet_until;
    }
    alert.notify_at = next_allowed(options, alert, now);
    base::log::warning("alert_opened", {{"alert", alert.id},
                                        {"rule", alert.rule},
                                        {"name", alert.name},
                                        {"tenant", alert.tenant},
                                        {"code", alert.problem.code},
                                        {"actor", model::to_string(alert.problem.actor)}});
    return tx.alerts.insert(alert);
}

base::Result<> keep(store::Transaction& tx, const Options& options, Alert alert, const Finding& finding,
                    Cause cause, base::Time now)
{
    const bool worse = finding.severity > alert.severity || finding.problem.code != alert.problem.code ||
                       finding.problem.actor != alert.problem.actor;
    const bool same = alert.problem == finding.problem && alert.severity == finding.severity &&
                      alert.deadline == finding.deadline;
    if (same && cause == Cause::look) {
        return {};
    }
    alert.problem = finding.problem;
    alert.severity = finding.severity;
    alert.deadline = finding.deadline;
    alert.seen_at = now;
    alert.count += cause == Cause::event ? 1 : 0;
    if (worse) {
        const auto allowed = next_allowed(options, alert, now);
        alert.notify_at = alert.notify_at ? std::min(*alert.notify_at, allowed) : allowed;
    }
    return tx.alerts.update(alert);
}

// What was never told needs no telling that it is over; nor does what only turned into something else.
base::Result<> finish(store::Transaction& tx, const Options& options, Alert alert, bool quietly,
                      base::Time now)
{
    alert.resolved_at = now;
    alert.notify_at = alert.notified_at && !quietly ? std::optional(now + options.gather) : std::nullopt;
    base::log::info("alert_resolved", {{"alert", alert.id}, {"rule", alert.rule}, {"name", alert.name}});
    return tx.alerts.update(alert);
}

// The first turns into the second: no good news.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> turns{
    {{"expiring", "expired"},
     {"renewal_failing", "expired"},
     {"renewal_blocked", "expired"},
     {"dns_drift", "expired"},
     {"renewal_blocked", "renewal_failing"},
     {"renewal_failing", "renewal_blocked"},
     {"renewal_blocked", "dns_drift"},
     {"dns_drift", "moved_away"},
     {"action_required", "parked"},
     {"ownership_lost", "parked"},
     {"expired", "parked"}}};

bool turned(std::string_view rule, const std::vector<Finding>& findings)
{
    return std::ranges::any_of(findings, [&](const Finding& finding) {
        return std::ranges::find(turns, std::pair(rule, std::string_view(finding.rule))) != turns.end();
    });
}

}  // namespace

std::chrono::milliseconds interval_of(const Options& options, std::string_view rule)
{
    const auto* found = find_rule(rule);
    return found != nullptr && found->of_time ? options.expiry_interval : options.error_interval;
}

base::Result<> settle(store::Transaction& tx, const Options& options, const Subject& subject,
                      const std::vector<Finding>& findings, Cause cause, base::Time now)
{
    TRY(open_ones, tx.alerts.open_of(subject.id));
    const auto foreign = std::ranges::partition(
        open_ones, [&](const Alert& each) { return subject.name.empty() || each.tenant == subject.tenant; });
    for (const auto& alert : foreign) {
        CHECKED(finish(tx, options, alert, false, now));
    }
    open_ones.erase(foreign.begin(), foreign.end());
    for (const auto& finding : findings) {
        const auto known = std::ranges::find(open_ones, finding.rule, &Alert::rule);
        CHECKED(known == open_ones.end() ? start(tx, options, subject, finding, now)
                                         : keep(tx, options, *known, finding, cause, now));
    }
    for (const auto& alert : open_ones) {
        if (std::ranges::find(findings, alert.rule, &Finding::rule) == findings.end()) {
            CHECKED(finish(tx, options, alert, turned(alert.rule, findings), now));
        }
    }
    return {};
}

base::Result<> open(store::Transaction& tx, const Options& options, const Subject& subject,
                    const Finding& finding, Cause cause, base::Time now)
{
    TRY(open_ones, tx.alerts.open_of(subject.id));
    const auto known = std::ranges::find(open_ones, finding.rule, &Alert::rule);
    return known == open_ones.end() ? start(tx, options, subject, finding, now)
                                    : keep(tx, options, *known, finding, cause, now);
}

base::Result<> resolve(store::Transaction& tx, const Options& options, const std::string& subject,
                       const std::vector<std::string>& rules, base::Time now)
{
    TRY(open_ones, tx.alerts.open_of(subject));
    for (const auto& alert : open_ones) {
        if (std::ranges::find(rules, alert.rule) != rules.end()) {
            CHECKED(finish(tx, options, alert, false, now));
        }
    }
    return {};
}

}  // namespace alerts
