#include "diagnosis/ownership.h"

#include "diagnosis/ownership_check.h"
#include "diagnosis/status.h"

#include <fmt/format.h>

#include <algorithm>

namespace diagnosis {

namespace {

using model::Condition;
using model::ConditionStatus;
using model::Endpoint;
using model::RecordPurpose;
using model::RecordStatus;

void set_ownership(Endpoint& endpoint, model::Problem problem, base::Time now)
{
    Condition made;
    made.type = "Ownership";
    made.status = problem.none() ? ConditionStatus::yes : ConditionStatus::no;
    made.problem = std::move(problem);
    made.observed_at = now;
    auto& conditions = endpoint.status.conditions;
    const auto found = std::ranges::find(conditions, made.type, &Condition::type);
    if (found == conditions.end()) {
        conditions.push_back(std::move(made));
    } else {
        *found = std::move(made);
    }
}

ProblemFacts facts_about(const Endpoint& endpoint, const model::DomainName& name)
{
    ProblemFacts facts;
    if (const auto* txt = ownership_record(endpoint, name)) {
        facts = facts_of(*txt);
        for (const auto& each : txt->found) {
            const auto value = each.substr(each.find(' ') + 1);
            if (value != txt->value) {
                facts.found += (facts.found.empty() ? "" : ", ") + value;
            }
        }
    }
    facts.name = name.display();
    return facts;
}

// Why the endpoint does not have `name`; `taken`: another account does.
model::Problem why_not(const Endpoint& endpoint, const model::DomainName& name, bool taken)
{
    auto facts = facts_about(endpoint, name);
    const auto* txt = ownership_record(endpoint, name);
    // What another account has by the operator's word only the operator gives away.
    const bool proved = txt != nullptr && txt->status == RecordStatus::ok;
    if (txt == nullptr || endpoint.vouched || (taken && proved)) {
        return problem("name_in_use_here", facts);
    }
    if (txt->status == RecordStatus::wrong || txt->status == RecordStatus::conflict) {
        return problem("ownership_mismatch", facts);
    }
    if (taken) {
        return problem("name_in_use", facts);
    }
    const auto& records = endpoint.required_records;
    const auto routing = std::ranges::find_if(records, [&](const model::RequiredRecord& each) {
        return each.purpose == RecordPurpose::routing && each.type == "CNAME" && each.name == name.text();
    });
    if (!name.is_apex() && routing != records.end()) {
        facts.detail =
            fmt::format(" (or lead the name here with: {} CNAME {})", routing->host, routing->value);
    }
    return problem("ownership_missing", facts);
}

// `endpoint` has lost names to another account: what it once proved counts no more, and its certificates are
// not renewed.
base::Result<> demote(store::Transaction& tx, Endpoint endpoint, const model::DomainName& name,
                      base::Time now)
{
    for (auto& each : endpoint.required_records) {
        if (each.purpose == RecordPurpose::ownership) {
            each.required = true;
            each.status = RecordStatus::unknown;
            each.found.clear();
        }
    }
    TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
    for (auto& each : certificates) {
        if (each.renew_at) {
            each.renew_at.reset();
            CHECKED(tx.certificates.update(each));
        }
    }
    set_ownership(endpoint, why_not(endpoint, name, true), now);
    if (endpoint.next_check_at) {
        endpoint.next_check_at = now;
    }
    CHECKED(tx.endpoints.update(endpoint));
    tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
    model::Event event;
    event.tenant = endpoint.tenant;
    event.subject = endpoint.id;
    event.type = "endpoint.ownership_lost";
    event.message = fmt::format("{} was proved to belong to another account.", name.display());
    event.data["name"] = name.text();
    event.created_at = now;
    CHECKED(tx.events.append(event));
    return refresh_status(tx, endpoint.id, now);
}

struct Round {
    store::Transaction& tx;
    const Endpoint& endpoint;
    bool can_serve = false;
    base::Time now;
};

// Whether `endpoint` has `name` now, or will without anybody doing anything.
enum class Claim { held, taken_over, coming, refused };

base::Result<Claim> contest(const Round& round, const model::DomainName& name, Proof proof,
                            const std::string& holder_id)
{
    const auto& endpoint = round.endpoint;
    TRY(holder, round.tx.endpoints.get(holder_id));
    if (endpoint.vouched || holder.vouched || holder.tenant == endpoint.tenant || proof != Proof::txt) {
        return Claim::refused;
    }
    if (holder.status.serving && !round.can_serve) {
        return Claim::coming;
    }
    CHECKED(round.tx.names.take_over(endpoint.id, name));
    CHECKED(demote(round.tx, std::move(holder), name, round.now));
    return Claim::taken_over;
}

base::Result<Claim> settle_name(const Round& round, const model::DomainName& name, bool& taken)
{
    const auto proof = proof_of(round.endpoint, name);
    TRY(holder, round.tx.names.holder(name));
    taken = holder.has_value();
    if (!round.endpoint.vouched && proof == Proof::none) {
        return Claim::refused;
    }
    if (!holder) {
        TRY(held, round.tx.names.hold(round.endpoint.id, name));
        if (held) {
            CHECKED(round.tx.names.check_others(round.endpoint.id, name, round.now));
        }
        return held ? Claim::held : Claim::refused;
    }
    return contest(round, name, proof, *holder);
}

}  // namespace

base::Result<> settle_ownership(store::Transaction& tx, Endpoint& endpoint,
                                const std::vector<model::Certificate>& live, base::Time now)
{
    TRY(held, tx.names.held_by(endpoint.id));
    const bool can_serve =
        std::ranges::any_of(live, [&](const auto& each) { return serves(each, endpoint, now); });
    const Endpoint claimant = endpoint;
    const Round round{tx, claimant, can_serve, now};
    model::Problem problem;
    bool changed = false;
    for (const auto& name : endpoint.names) {
        if (std::ranges::find(held, name.text()) != held.end()) {
            continue;
        }
        bool taken = false;
        TRY(claim, settle_name(round, name, taken));
        changed = changed || claim == Claim::held || claim == Claim::taken_over;
        if (claim == Claim::refused && problem.none()) {
            problem = why_not(endpoint, name, taken);
        }
        if (claim == Claim::refused && taken) {
            for (auto& each : endpoint.required_records) {
                each.required = each.required || (each.purpose == RecordPurpose::ownership &&
                                                  each.name == model::ownership_owner(name));
            }
        }
    }
    set_ownership(endpoint, std::move(problem), now);
    if (changed) {
        tx.revisions.append(model::RevisionKind::route, endpoint.id, endpoint.edge_group);
    }
    return {};
}

}  // namespace diagnosis
