#include "diagnosis/ownership.h"
#include "diagnosis/status.h"

#include <fmt/format.h>

#include <algorithm>

namespace diagnosis {

namespace {

using model::ConditionStatus;
using model::EndpointState;

base::Result<> append_event(store::Transaction& tx, const model::Endpoint& endpoint, std::string type,
                            std::string message, base::Time now, std::string code = {})
{
    model::Event event;
    event.tenant = endpoint.tenant;
    event.subject = endpoint.id;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["name"] = endpoint.name().text();
    event.data["state"] = std::string(model::to_string(endpoint.status.state));
    if (const auto& reason = code.empty() ? endpoint.status.reason.code : code; !reason.empty()) {
        event.data["reason"] = reason;
    }
    event.created_at = now;
    return tx.events.append(event);
}

// What was right and is not any more, one event for each.
base::Result<> append_drift(store::Transaction& tx, const model::Endpoint& before,
                            const model::Endpoint& after, base::Time now)
{
    for (const auto* type : {"DnsRouting", "ChallengeDelegation", "CaaAllows", "Reachable"}) {
        const auto was = condition_of(before.status.conditions, type);
        const auto is = condition_of(after.status.conditions, type);
        if (was.status == ConditionStatus::yes && is.status == ConditionStatus::no) {
            CHECKED(append_event(tx, after, "endpoint.dns_drift", is.problem.message, now, is.problem.code));
        }
    }
    return {};
}

base::Result<> append_dns_events(store::Transaction& tx, const model::Endpoint& before,
                                 const model::Endpoint& after, base::Time now)
{
    const auto name = after.name().display();
    const auto routing_was = condition_of(before.status.conditions, "DnsRouting");
    const auto routing_is = condition_of(after.status.conditions, "DnsRouting");
    if (routing_was.status != ConditionStatus::yes && routing_is.status == ConditionStatus::yes) {
        CHECKED(append_event(tx, after, "endpoint.dns_ok", fmt::format("{} leads to us.", name), now));
    }
    CHECKED(append_drift(tx, before, after, now));
    const bool could = !sure_challenges(before, before.status.conditions, false).empty();
    const bool can = !sure_challenges(after, after.status.conditions, false).empty();
    if (!could && can) {
        CHECKED(append_event(tx, after, "endpoint.verified",
                             fmt::format("The DNS of {} lets us get its certificate.", name), now));
    }
    return {};
}

base::Result<> append_state_events(store::Transaction& tx, const model::Endpoint& before,
                                   const model::Endpoint& after, base::Time now)
{
    const auto was = before.status.state;
    const auto is = after.status.state;
    if (was == is) {
        return {};
    }
    const auto name = after.name().display();
    if (is == EndpointState::parked) {
        return append_event(
            tx, after, "endpoint.parked",
            fmt::format("{} waits until its DNS is right; certwright goes on watching that.", name), now);
    }
    if (was == EndpointState::parked) {
        return append_event(tx, after, "endpoint.resumed", fmt::format("{} is tried again.", name), now);
    }
    if (is == EndpointState::active) {
        return append_event(tx, after, "endpoint.active",
                            fmt::format("{} is served with its own certificate.", name), now);
    }
    if (is == EndpointState::degraded || is == EndpointState::action_required) {
        return append_event(tx, after, fmt::format("endpoint.{}", model::to_string(is)),
                            after.status.reason.message, now);
    }
    return {};
}

// A name that is gone for good needs no certificate: after the notice its renewals stop. Back again, it is
// renewed when that is due.
base::Result<> settle_renewals(store::Transaction& tx, const model::Endpoint& before,
                               const model::Endpoint& after, const StatusFacts& facts, base::Time now)
{
    const bool gone = after.status.reason.code == "moved_away";
    const bool back = before.status.reason.code == "moved_away" && !gone;
    const bool stops = gone && facts.moved_notice && now >= after.status.since + *facts.moved_notice;
    if (!stops && !back) {
        return {};
    }
    bool changed = false;
    for (auto each : facts.certificates) {
        if (each.source != model::CertificateSource::managed || each.renew_at.has_value() == back) {
            continue;
        }
        each.renew_at =
            back ? std::optional(model::renewal_time(each.not_before, each.not_after)) : std::nullopt;
        CHECKED(tx.certificates.update(each));
        changed = true;
    }
    if (!changed) {
        return {};
    }
    const auto name = after.name().display();
    return back ? append_event(tx, after, "certificate.renewal.resumed",
                               fmt::format("{} leads to us again; its certificate is renewed.", name), now)
                : append_event(tx, after, "certificate.renewal.stopped", after.status.reason.message, now);
}

// Derives, compares, stores. `after` is `before` with what is new in it.
base::Result<model::Endpoint> settle(store::Transaction& tx, const model::Endpoint& before,
                                     model::Endpoint after, base::Time now,
                                     std::optional<std::chrono::hours> moved_notice = std::nullopt)
{
    StatusFacts facts;
    facts.moved_notice = moved_notice;
    TRY(certificates, tx.certificates.of_endpoint(after.id));
    TRY(order, tx.orders.unfinished_of(after.id));
    facts.certificates = std::move(certificates);
    facts.order = std::move(order);
    const bool stays = after.status.state != EndpointState::deleting && !after.deleted_at;
    if (stays) {
        CHECKED(settle_ownership(tx, after, facts.certificates, now));
    }
    after.status = derive_status(after, facts, now);
    if (after.status.state != before.status.state) {
        after.checks = 0;
    }
    CHECKED(append_dns_events(tx, before, after, now));
    CHECKED(append_state_events(tx, before, after, now));
    CHECKED(settle_renewals(tx, before, after, facts, now));
    CHECKED(tx.endpoints.update(after));
    const bool stopped =
        after.status.state == EndpointState::suspended || after.status.state == EndpointState::deleting;
    const bool was_stopped =
        before.status.state == EndpointState::suspended || before.status.state == EndpointState::deleting;
    if (stopped != was_stopped || after.status.serving != before.status.serving) {
        tx.revisions.append(model::RevisionKind::route, after.id, after.edge_group);
    }
    return after;
}

bool same_records(const std::vector<model::RequiredRecord>& a, const std::vector<model::RequiredRecord>& b)
{
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
        // A TXT record becomes required when another account has the name, which no look at DNS depends on.
        return x.name == y.name && x.value == y.value && x.purpose == y.purpose &&
               (x.required == y.required || x.purpose == model::RecordPurpose::ownership);
    });
}

}  // namespace

base::Result<> refresh_status(store::Transaction& tx, const std::string& endpoint, base::Time now)
{
    TRY(before, tx.endpoints.get(endpoint));
    CHECKED(settle(tx, before, before, now));
    return {};
}

base::Result<model::Endpoint> refresh_status(store::Transaction& tx, const model::Endpoint& before,
                                             model::Endpoint after, base::Time now)
{
    return settle(tx, before, std::move(after), now);
}

base::Result<model::Endpoint> record_findings(store::Transaction& tx, const std::string& endpoint,
                                              const DnsFindings& findings, base::Time now,
                                              std::optional<std::chrono::hours> moved_notice)
{
    TRY(before, tx.endpoints.get(endpoint));
    return record_findings(tx, before, findings, now, moved_notice);
}

base::Result<model::Endpoint> record_findings(store::Transaction& tx, const model::Endpoint& before,
                                              const DnsFindings& findings, base::Time now,
                                              std::optional<std::chrono::hours> moved_notice)
{
    const bool stopped =
        before.status.state == EndpointState::suspended || before.status.state == EndpointState::deleting;
    if (stopped || before.deleted_at || !same_records(before.required_records, findings.records)) {
        return before;
    }
    auto after = before;
    for (std::size_t i = 0; i < findings.records.size(); ++i) {
        after.required_records[i].status = findings.records[i].status;
        after.required_records[i].found = findings.records[i].found;
    }
    auto& conditions = after.status.conditions;
    // What could not be looked at this time is not known any more.
    std::erase_if(conditions, [](const model::Condition& each) {
        return each.type == "Reachable" || each.type == "Origin";
    });
    for (const auto& condition : findings.conditions) {
        const auto found = std::ranges::find(conditions, condition.type, &model::Condition::type);
        if (found == conditions.end()) {
            conditions.push_back(condition);
        } else {
            *found = condition;
        }
    }
    return settle(tx, before, std::move(after), now, moved_notice);
}

}  // namespace diagnosis
