#include "diagnosis/status.h"

#include "diagnosis/problems.h"
#include "diagnosis/renewal_notice.h"

#include <algorithm>
#include <array>

namespace diagnosis {

namespace {

using model::Condition;
using model::ConditionStatus;
using model::EndpointState;
using model::EndpointStatus;

// What the rules below look at, worked out once.
struct View {
    const model::Endpoint& endpoint;
    const StatusFacts& facts;
    base::Time now;
    const model::Certificate* best = nullptr;     // serving, with the latest end
    const model::Certificate* managed = nullptr;  // the same among managed and uploaded ones
    bool had_one = false;                         // an expired certificate is still here
    bool drifted = false;                         // an external name does not lead to us
    bool owned = true;                            // its names are its own
    model::Problem blocking;                      // why nothing can prove it
};

const model::Certificate* later(const model::Certificate* a, const model::Certificate& b)
{
    return a == nullptr || b.not_after > a->not_after ? &b : a;
}

View look(const model::Endpoint& endpoint, const StatusFacts& facts, base::Time now)
{
    View view{endpoint, facts, now, nullptr, nullptr, false, false, true, {}};
    for (const auto& certificate : facts.certificates) {
        if (serves(certificate, endpoint, now)) {
            view.best = later(view.best, certificate);
            if (certificate.source != model::CertificateSource::transitional) {
                view.managed = later(view.managed, certificate);
            }
        } else if (certificate.not_after <= now) {
            view.had_one = true;
        }
    }
    view.drifted = endpoint.kind == model::EndpointKind::external &&
                   condition_of(endpoint.status.conditions, "DnsRouting").status == ConditionStatus::no;
    view.owned = condition_of(endpoint.status.conditions, "Ownership").status != ConditionStatus::no;
    view.blocking = blocking_problem(endpoint, endpoint.status.conditions);
    return view;
}

// The order is past its first steps, or nothing has gone wrong yet.
bool under_way(const model::Order& order)
{
    return order.problem.none() ||
           (order.status != model::OrderStatus::queued && order.status != model::OrderStatus::preflight);
}

bool was_complete(const model::Endpoint& endpoint)
{
    return endpoint.status.state == EndpointState::active || endpoint.status.state == EndpointState::degraded;
}

// Says since when, and until when it is still renewed.
model::Problem moved_problem(const View& view)
{
    const auto& old = view.endpoint.status.reason;
    if (!view.facts.moved_notice && old.code == "moved_away") {
        return old;
    }
    const auto routing = condition_of(view.endpoint.status.conditions, "DnsRouting");
    const auto since = old.code == "moved_away" ? view.endpoint.status.since : view.now;
    ProblemFacts facts;
    facts.name = view.endpoint.name().display();
    facts.until = base::to_rfc3339(since);
    facts.detail = routing.problem.message;
    for (const auto& record : view.endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::routing && facts.expected.empty()) {
            facts.host = record.host;
            facts.expected = record.type + " " + record.value;
        }
    }
    if (view.facts.moved_notice) {
        const auto end = since + *view.facts.moved_notice;
        facts.detail += view.now < end ? " Renewals stop on " + base::to_rfc3339(end) + "."
                                       : " Renewals have stopped; they go on when it is back.";
    }
    return problem("moved_away", facts);
}

// What our own probe alone speaks against may still pass at the CA: people are told of it when it is about to
// matter, not all the time.
bool is_unprovable(const View& view)
{
    const auto& conditions = view.endpoint.status.conditions;
    if (view.blocking.none() || !sure_challenges(view.endpoint, conditions, true).empty()) {
        return false;
    }
    const auto early = look_before_renewal(view.facts.certificates);
    const bool near = !early || *early <= view.now;
    return near || provable_challenges(view.endpoint, conditions, true).empty();
}

void judge_serving(const View& view, EndpointStatus& status)
{
    const auto& order = view.facts.order;
    if (view.managed != nullptr && moved_away(view.endpoint)) {
        status.state = EndpointState::degraded;
        status.reason = moved_problem(view);
        return;
    }
    if (view.managed == nullptr) {
        // Only a transitional certificate: the move is not finished.
        status.state = !view.blocking.none() ? EndpointState::pending_dns : EndpointState::issuing;
        status.reason = !view.blocking.none() ? view.blocking : order ? order->problem : model::Problem();
        return;
    }
    if (order && order->attempt > 0 && !order->problem.none()) {
        ProblemFacts facts;
        facts.until = base::to_rfc3339(view.best->not_after);
        facts.detail = order->problem.message;
        status.state = EndpointState::degraded;
        status.reason = problem("renewal_failing", facts);
        status.reason.actor = order->problem.actor;
        status.reason.fix = order->problem.fix;
        return;
    }
    const auto routing = condition_of(view.endpoint.status.conditions, "DnsRouting");
    if (view.drifted || is_unprovable(view)) {
        status.state = was_complete(view.endpoint) ? EndpointState::degraded : EndpointState::pending_dns;
        status.reason = view.drifted ? routing.problem : view.blocking;
        return;
    }
    const auto reachable = condition_of(view.endpoint.status.conditions, "Reachable");
    if (reachable.status == ConditionStatus::no && reachable.problem.code == "served_cert_mismatch") {
        status.state = EndpointState::degraded;
        status.reason = reachable.problem;
        return;
    }
    status.state = EndpointState::active;
}

void judge_waiting(const View& view, EndpointStatus& status)
{
    const auto& order = view.facts.order;
    if (order && under_way(*order)) {
        status.state = EndpointState::issuing;
        return;
    }
    if (!view.blocking.none()) {
        status.reason = view.blocking;
        // What was served here is another account's now.
        const bool lost =
            !view.owned && view.best != nullptr &&
            (was_complete(view.endpoint) || view.endpoint.status.state == EndpointState::action_required);
        status.state = view.had_one || lost ? EndpointState::action_required : EndpointState::pending_dns;
        return;
    }
    if (order && !order->problem.none()) {
        const bool ours_to_wait =
            order->problem.actor == model::Actor::none || order->problem.actor == model::Actor::ca;
        status.reason = order->problem;
        status.state = ours_to_wait ? EndpointState::issuing : EndpointState::action_required;
        return;
    }
    status.state = condition_of(view.endpoint.status.conditions, "DnsRouting").observed_at == base::Time{}
                       ? EndpointState::pending_dns
                       : EndpointState::issuing;
    if (status.state == EndpointState::pending_dns) {
        status.reason = view.endpoint.status.reason;
    }
}

// Nobody has acted for a long time: stop trying, keep looking.
void park(const View& view, EndpointStatus& status)
{
    const auto& old = view.endpoint.status;
    const bool waits =
        status.state == EndpointState::pending_dns || status.state == EndpointState::action_required;
    if (!waits || status.serving || view.blocking.none()) {
        return;
    }
    const bool long_since =
        old.state == status.state && old.since != base::Time{} && view.now - old.since >= park_after;
    if (old.state == EndpointState::parked || long_since) {
        status.state = EndpointState::parked;
    }
}

void set_condition(std::vector<Condition>& conditions, Condition condition)
{
    const auto found = std::ranges::find(conditions, condition.type, &Condition::type);
    if (found == conditions.end()) {
        conditions.push_back(std::move(condition));
        return;
    }
    if (found->status != condition.status || found->problem != condition.problem) {
        *found = std::move(condition);
    }
}

void set_certificate_condition(const View& view, EndpointStatus& status)
{
    Condition certificate;
    certificate.type = "Certificate";
    certificate.observed_at = view.now;
    certificate.status = view.best != nullptr ? ConditionStatus::yes : ConditionStatus::no;
    if (view.best == nullptr && view.had_one) {
        ProblemFacts facts;
        facts.name = view.endpoint.name().display();
        for (const auto& each : view.facts.certificates) {
            facts.until = std::max(facts.until, base::to_rfc3339(each.not_after));
        }
        certificate.problem = problem("certificate_expired", facts);
    }
    set_condition(status.conditions, std::move(certificate));
    Condition deployed;
    deployed.type = "Deployed";
    deployed.observed_at = view.now;
    const bool under_way_still = view.facts.order && view.facts.order->status == model::OrderStatus::issued;
    deployed.status = view.best == nullptr ? ConditionStatus::no
                      : under_way_still    ? ConditionStatus::unknown
                                           : ConditionStatus::yes;
    set_condition(status.conditions, std::move(deployed));
}

void set_schedule(const View& view, EndpointStatus& status)
{
    const auto& order = view.facts.order;
    status.retrying = status.state != EndpointState::active && status.reason.code != "ca_paused";
    if (order && view.blocking.none() && status.retrying) {
        status.next_attempt_at = order->next_action_at;
    } else if (status.retrying) {
        status.next_attempt_at = view.endpoint.next_check_at;
    }
}

}  // namespace

bool serves(const model::Certificate& certificate, const model::Endpoint& endpoint, base::Time now)
{
    if (certificate.state != model::CertificateState::live ||
        certificate.source == model::CertificateSource::platform || now < certificate.not_before ||
        now >= certificate.not_after) {
        return false;
    }
    return std::ranges::all_of(endpoint.names, [&](const model::DomainName& name) {
        return std::ranges::any_of(certificate.identifiers, [&](const std::string& identifier) {
            const auto covering = model::DomainName::parse(identifier);
            return identifier == name.text() ||
                   (covering && !name.wildcard() && covering->covers(name.text()));
        });
    });
}

bool moved_away(const model::Endpoint& endpoint)
{
    constexpr std::array<std::string_view, 3> codes{"dns_wrong_target", "dns_not_found",
                                                    "dns_nxdomain_registration"};
    const auto routing = condition_of(endpoint.status.conditions, "DnsRouting");
    return endpoint.kind == model::EndpointKind::external && was_complete(endpoint) &&
           routing.status == ConditionStatus::no &&
           std::ranges::find(codes, routing.problem.code) != codes.end();
}

model::EndpointStatus derive_status(const model::Endpoint& endpoint, const StatusFacts& facts, base::Time now)
{
    const auto& old = endpoint.status;
    if (old.state == EndpointState::suspended || old.state == EndpointState::deleting ||
        endpoint.deleted_at) {
        return old;
    }
    const View view = look(endpoint, facts, now);
    EndpointStatus status;
    status.conditions = old.conditions;
    // A first certificate counts from the moment when the edges have it.
    const bool deploying = facts.order && facts.order->status == model::OrderStatus::issued &&
                           facts.order->replaces.empty() && view.best != nullptr &&
                           facts.order->certificate == view.best->id && !was_complete(endpoint);
    status.serving = view.best != nullptr && !deploying && view.owned;
    if (deploying && view.owned) {
        status.state = EndpointState::issuing;
    } else if (status.serving) {
        judge_serving(view, status);
    } else {
        judge_waiting(view, status);
        park(view, status);
    }
    set_certificate_condition(view, status);
    set_schedule(view, status);
    // A name that moved away may have been degraded before: the notice counts from the move.
    const bool same = status.state == old.state &&
                      (status.reason.code == "moved_away") == (old.reason.code == "moved_away");
    status.since = same && old.since != base::Time{} ? old.since : now;
    return status;
}

}  // namespace diagnosis
