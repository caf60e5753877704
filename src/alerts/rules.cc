#include "alerts/rules.h"

#include "diagnosis/dns_check.h"
#include "diagnosis/problems.h"
#include "diagnosis/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace alerts {

namespace {

using model::Actor;
using model::EndpointState;
using model::Severity;

constexpr std::array table{
    Rule{"expired", true, "{name}: the certificate ended on {deadline}", "certificates have ended",
         "certwright doctor {subject}"},
    Rule{"expiring", true, "{name}: the certificate ends on {deadline} and has no successor",
         "certificates end soon and have no successor", "certwright doctor {subject}"},
    Rule{"renewal_failing", false, "{name}: renewal fails, the certificate ends on {deadline}",
         "renewals fail", "certwright doctor {subject}"},
    Rule{"renewal_blocked", false, "{name}: renewal will fail, the certificate ends on {deadline}",
         "renewals will fail", "certwright doctor {subject}"},
    Rule{"served_mismatch", false, "{name}: visitors get a certificate that is not ours",
         "names give visitors a certificate that is not ours", "certwright doctor {subject}"},
    Rule{"dns_drift", false, "{name}: DNS no longer leads to us", "names no longer lead to us",
         "certwright doctor {subject}"},
    Rule{"moved_away", false, "{name} has moved away, its renewals stop",
         "names have moved away, their renewals stop", "certwright doctor {subject}"},
    Rule{"parked", false, "{name} has waited long for its DNS and is parked",
         "names have waited long for their DNS and are parked", "certwright doctor {subject}"},
    Rule{"action_required", false, "{name} has no certificate, and somebody must act",
         "names have no certificate, and somebody must act", "certwright doctor {subject}"},
    Rule{"ownership_lost", false, "{name} belongs to another account here now",
         "names belong to other accounts here now", "certwright doctor {subject}"},
    Rule{"ca_paused", false, "{name}: the CA has paused this name", "names are paused by the CA",
         "certwright endpoint show {subject}"},
    Rule{"account_invalid", false, "CA account {name}: the CA does not accept it",
         "CA accounts are not accepted", "certwright ca list", true},
    Rule{"ca_down", false, "CA account {name}: its CA fails or cannot be reached",
         "CA accounts have a CA that fails or cannot be reached", "certwright ca list", true},
    Rule{"ca_budget_low", false, "CA account {name}: little is left of the CA's limit of new orders",
         "CA accounts have little left of the CA's limit of new orders", "certwright ca limits", true},
    Rule{"edge_unreachable", false, "edge {name} is not heard of", "edges are not heard of",
         "certwright edge list", true},
    Rule{"name_server_unreachable", false, "zone {name}: the world does not find our name server",
         "zones are not found by the world", "certwright status", true},
};

constexpr int failures_that_count = 3;  // of kinds that pass by themselves
constexpr std::chrono::days edge_is_gone{30};

const model::Certificate* serving(const Facts& facts, base::Time now)
{
    const model::Certificate* best = nullptr;
    for (const auto& each : facts.certificates) {
        const bool serves = facts.endpoint ? diagnosis::serves(each, *facts.endpoint, now)
                                           : now >= each.not_before && now < each.not_after;
        if (serves && (best == nullptr || each.not_after > best->not_after)) {
            best = &each;
        }
    }
    return best;
}

// The end of the last certificate that has ended.
std::optional<base::Time> ended(const Facts& facts, base::Time now)
{
    std::optional<base::Time> last;
    for (const auto& each : facts.certificates) {
        if (each.not_after <= now && (!last || each.not_after > *last)) {
            last = each.not_after;
        }
    }
    return last;
}

base::Time at_part_left(const model::Certificate& certificate, double part)
{
    const auto life = certificate.not_after - certificate.not_before;
    const auto left = static_cast<std::int64_t>(static_cast<double>(life.count()) * part);
    return certificate.not_after - std::chrono::milliseconds(left);
}

std::string name_of(const Facts& facts)
{
    return facts.endpoint ? facts.endpoint->name().display() : std::string("the platform");
}

// What stands in the way of a certificate; none when nothing is known to.
model::Problem obstacle(const Facts& facts)
{
    if (facts.order && !facts.order->problem.none()) {
        return facts.order->problem;
    }
    return facts.endpoint ? facts.endpoint->status.reason : model::Problem();
}

bool brought_by_people(const model::Certificate& certificate)
{
    return certificate.source == model::CertificateSource::uploaded ||
           certificate.source == model::CertificateSource::transitional;
}

model::Problem expiring_problem(const Facts& facts, const model::Certificate& certificate)
{
    auto problem = obstacle(facts);
    if (!problem.none()) {
        return problem;
    }
    problem.code = "expiring";
    if (brought_by_people(certificate)) {
        problem.message = fmt::format("The uploaded certificate of {} ends soon.", name_of(facts));
        problem.actor = Actor::customer;
        problem.fix =
            "Upload its successor, or create the records of this name so that certwright obtains one.";
    } else {
        problem.message = fmt::format(
            "The certificate of {} ends soon, and no order for a successor has failed: "
            "none was made, or it still runs.",
            name_of(facts));
        problem.actor = Actor::platform;
        problem.fix =
            "See what holds it up: certwright endpoint show NAME; then look at the log of the control node.";
    }
    return problem;
}

void judge_expiry(const Facts& facts, const Thresholds& thresholds, base::Time now,
                  const model::Certificate* best, Verdict& verdict)
{
    if (best == nullptr) {
        if (const auto end = ended(facts, now)) {
            Finding finding{"expired", Severity::critical, obstacle(facts), end};
            if (finding.problem.none()) {
                diagnosis::ProblemFacts told;
                told.name = name_of(facts);
                told.until = base::to_rfc3339(*end);
                finding.problem = diagnosis::problem("certificate_expired", told);
            }
            verdict.findings.push_back(std::move(finding));
        }
        return;
    }
    const auto warn_at = at_part_left(*best, thresholds.expiring);
    const auto critical_at = at_part_left(*best, thresholds.critical);
    verdict.next_change = now < warn_at ? warn_at : now < critical_at ? critical_at : best->not_after;
    if (now >= warn_at) {
        verdict.findings.push_back({"expiring", now >= critical_at ? Severity::critical : Severity::warning,
                                    expiring_problem(facts, *best), best->not_after});
    }
}

// Faults of the account concern every name; they are told once.
bool judge_account(const model::Order& order, Verdict& verdict)
{
    const auto& code = order.problem.code;
    if (code == "ca_account_invalid") {
        verdict.of_account.push_back({"account_invalid", Severity::critical, order.problem, std::nullopt});
        return true;
    }
    if (code == "ca_unavailable" && order.attempt >= failures_that_count) {
        verdict.of_account.push_back({"ca_down", Severity::warning, order.problem, std::nullopt});
    }
    return code == "ca_unavailable";
}

void judge_order(const Facts& facts, const model::Certificate* best, Verdict& verdict)
{
    if (!facts.order || facts.order->attempt == 0 || facts.order->problem.none()) {
        return;
    }
    const auto& order = *facts.order;
    const auto deadline = best != nullptr ? std::optional(best->not_after) : std::nullopt;
    if (order.problem.code == "ca_paused") {
        verdict.findings.push_back({"ca_paused", Severity::warning, order.problem, deadline});
        return;
    }
    if (judge_account(order, verdict) || best == nullptr) {
        return;  // Without a certificate the state of the endpoint says what is to be done.
    }
    const bool passes = order.problem.actor == Actor::none || order.problem.actor == Actor::ca;
    if (!passes || order.attempt >= failures_that_count) {
        verdict.findings.push_back({"renewal_failing", Severity::warning, order.problem, deadline});
    }
}

bool has(const Verdict& verdict, std::string_view rule)
{
    return std::ranges::find(verdict.findings, rule, &Finding::rule) != verdict.findings.end();
}

// Before a name was complete its DNS is still being made; that is no drift.
bool was_complete(const model::Endpoint& endpoint)
{
    return endpoint.status.state == EndpointState::active || endpoint.status.state == EndpointState::degraded;
}

void judge_serving_endpoint(const model::Endpoint& endpoint, const model::Certificate& best, Verdict& verdict)
{
    const auto& status = endpoint.status;
    const auto reachable = diagnosis::condition_of(status.conditions, "Reachable");
    if (reachable.status == model::ConditionStatus::no && reachable.problem.code == "served_cert_mismatch") {
        verdict.findings.push_back({"served_mismatch", Severity::warning, reachable.problem, std::nullopt});
    }
    if (status.reason.code == "moved_away") {
        verdict.findings.push_back({"moved_away", Severity::warning, status.reason, best.not_after});
        return;
    }
    const auto routing = diagnosis::condition_of(status.conditions, "DnsRouting");
    if (endpoint.kind == model::EndpointKind::external && was_complete(endpoint) &&
        routing.status == model::ConditionStatus::no) {
        verdict.findings.push_back({"dns_drift", Severity::warning, routing.problem, best.not_after});
        return;
    }
    const bool failing = has(verdict, "renewal_failing") || has(verdict, "ca_paused");
    const bool told = status.reason.none() || status.reason.code == "renewal_failing" ||
                      status.reason.code == "served_cert_mismatch";
    if (status.state == EndpointState::degraded && !failing && !told && verdict.of_account.empty()) {
        verdict.findings.push_back({"renewal_blocked", Severity::warning, status.reason, best.not_after});
    }
}

// Another account has proved that what was served here is its own. What its certificates do is of no
// interest. A name that nobody has proved belongs to nobody.
bool has_lost_its_name(const model::Endpoint& endpoint)
{
    const auto ownership = diagnosis::condition_of(endpoint.status.conditions, "Ownership");
    return endpoint.status.state == EndpointState::action_required &&
           ownership.status == model::ConditionStatus::no && ownership.problem.code != "ownership_missing";
}

void judge_waiting_endpoint(const model::Endpoint& endpoint, Verdict& verdict)
{
    const bool expired = has(verdict, "expired");
    const auto& status = endpoint.status;
    if (status.state == EndpointState::parked) {
        verdict.findings.push_back({"parked", Severity::warning, status.reason, std::nullopt});
    } else if (status.state == EndpointState::action_required && !expired && !status.reason.none() &&
               status.reason.code != "ca_paused" && verdict.of_account.empty()) {
        verdict.findings.push_back({"action_required", Severity::warning, status.reason, std::nullopt});
    }
}

// The platform's own certificate has no endpoint whose state would tell.
void judge_waiting_platform(const Facts& facts, Verdict& verdict)
{
    const bool failed = facts.order && facts.order->attempt > 0 && !facts.order->problem.none();
    if (failed && !has(verdict, "expired") && !has(verdict, "ca_paused") && verdict.of_account.empty() &&
        facts.order->problem.code != "ca_unavailable") {
        verdict.findings.push_back(
            {"action_required", Severity::critical, facts.order->problem, std::nullopt});
    }
}

}  // namespace

std::span<const Rule> rules()
{
    return table;
}

const Rule* find_rule(std::string_view name)
{
    const auto* found = std::ranges::find(table, name, &Rule::name);
    return found == table.end() ? nullptr : found;
}

Verdict judge(const Facts& facts, const Thresholds& thresholds, base::Time now)
{
    Verdict verdict;
    if (facts.endpoint &&
        (facts.endpoint->deleted_at || facts.endpoint->status.state == EndpointState::suspended ||
         facts.endpoint->status.state == EndpointState::deleting)) {
        return verdict;
    }
    if (facts.endpoint && has_lost_its_name(*facts.endpoint)) {
        verdict.findings.push_back(
            {"ownership_lost", Severity::warning, facts.endpoint->status.reason, std::nullopt});
        return verdict;
    }
    const auto* best = serving(facts, now);
    judge_expiry(facts, thresholds, now, best, verdict);
    judge_order(facts, best, verdict);
    if (facts.endpoint && best != nullptr) {
        judge_serving_endpoint(*facts.endpoint, *best, verdict);
    } else if (facts.endpoint) {
        judge_waiting_endpoint(*facts.endpoint, verdict);
    } else if (best == nullptr) {
        judge_waiting_platform(facts, verdict);
    }
    return verdict;
}

std::optional<Finding> judge_budget(const model::Bucket& orders, base::Time now)
{
    Finding finding{"ca_budget_low", Severity::warning, {}, std::nullopt};
    finding.problem.code = "ca_budget_low";
    finding.problem.actor = Actor::platform;
    finding.problem.fix = "Renewals go on. Wait before adding many names, or ask the CA for a higher limit.";
    if (orders.blocked_until && *orders.blocked_until > now + std::chrono::hours(1)) {
        finding.problem.message =
            fmt::format("The CA takes no new orders before {}.", base::to_rfc3339(*orders.blocked_until));
        finding.deadline = orders.blocked_until;
        return finding;
    }
    if (orders.capacity <= 0 || orders.period_ms <= 0) {
        return std::nullopt;
    }
    const auto since = static_cast<double>((now - orders.updated_at).count());
    const auto refilled = orders.level + orders.capacity * since / static_cast<double>(orders.period_ms);
    const auto level = std::min(orders.capacity, refilled);
    if (level >= orders.capacity / 10) {
        return std::nullopt;
    }
    finding.problem.message = fmt::format(
        "{:.0f} of {:.0f} new orders are left; they come back at {:.0f} an hour.", std::max(0.0, level),
        orders.capacity, orders.capacity * 3'600'000 / static_cast<double>(orders.period_ms));
    return finding;
}

bool is_gone(const model::EdgeNode& edge, base::Time now)
{
    return now - edge.seen_at > edge_is_gone;
}

std::optional<Finding> judge_edge(const model::EdgeNode& edge, std::chrono::milliseconds silent,
                                  base::Time now)
{
    if (now - edge.seen_at < silent || is_gone(edge, now)) {
        return std::nullopt;
    }
    Finding finding{"edge_unreachable", Severity::critical, {}, std::nullopt};
    finding.problem.code = "edge_unreachable";
    finding.problem.message = fmt::format(
        "The edge {} of the group {} was last heard of at {}. It serves what it has, as long as it runs, and "
        "gets no new certificates.",
        edge.name, edge.group, base::to_rfc3339(edge.seen_at));
    finding.problem.actor = Actor::platform;
    finding.problem.fix =
        "See that it runs and reaches the control node. One that is gone for good: certwright edge remove " +
        edge.name;
    return finding;
}

}  // namespace alerts
