#include "diagnosis/dns_check.h"

#include "diagnosis/ownership_check.h"
#include "diagnosis/problems.h"
#include "diagnosis/reach_check.h"
#include "diagnosis/record_check.h"

#include <algorithm>
#include <map>

namespace diagnosis {

namespace {

using model::Condition;
using model::ConditionStatus;
using model::RecordPurpose;
using model::RecordStatus;

ConditionStatus condition_status(const RecordVerdict& seen)
{
    // The CA may meet a server that has it right: worth a try for a renewal, not for a first certificate.
    if (seen.problem.code == "dns_inconsistent") {
        return ConditionStatus::unknown;
    }
    switch (seen.status) {
        case RecordStatus::ok:
            return ConditionStatus::yes;
        case RecordStatus::unknown:
            return ConditionStatus::unknown;
        case RecordStatus::missing:
        case RecordStatus::wrong:
        case RecordStatus::conflict:
            break;
    }
    return ConditionStatus::no;
}

// The worse of both wins, and brings its reason.
void fold(Condition& all, ConditionStatus status, const model::Problem& why)
{
    const auto rank = [](ConditionStatus each) {
        return each == ConditionStatus::no ? 2 : each == ConditionStatus::unknown ? 1 : 0;
    };
    if (rank(status) > rank(all.status) || (status == all.status && all.problem.none())) {
        all.status = status;
        all.problem = why;
    }
}

// What is asked of an apex: the same as an ALIAS to our target does.
model::RequiredRecord as_alias(model::RequiredRecord record)
{
    if (!record.alternatives.empty()) {
        record.value = record.alternatives.front().value;
    }
    return record;
}

// An address of an apex that is not there, although the name leads to us by others.
bool is_absent(const model::RequiredRecord& record, const RecordVerdict& seen)
{
    const bool aliased = !seen.found.empty() && seen.found.front().starts_with("CNAME ");
    return !record.alternatives.empty() && seen.status == RecordStatus::ok && !aliased &&
           std::ranges::find(seen.found, record.type + " " + record.value) == seen.found.end();
}

Condition start(std::string type, base::Time now)
{
    Condition made;
    made.type = std::move(type);
    made.status = ConditionStatus::yes;
    made.observed_at = now;
    return made;
}

}  // namespace

boost::asio::awaitable<DnsFindings> check_dns(dns::Resolver& resolver, model::Endpoint endpoint,
                                              CheckContext context, base::Time now)
{
    DnsFindings findings;
    Condition routing = start("DnsRouting", now);
    Condition delegation = start("ChallengeDelegation", now);
    Condition caa = start("CaaAllows", now);
    findings.records = endpoint.required_records;
    Authorities authorities(resolver, context.probes);
    std::map<std::string, RecordVerdict> routes;  // the records of an apex are judged together
    for (auto& record : findings.records) {
        if (record.purpose == RecordPurpose::routing) {
            if (!routes.contains(record.name)) {
                const auto asked = as_alias(record);
                auto direct = co_await check_routing(resolver, authorities, asked, context.addresses);
                auto whole = co_await follow_chain(resolver, asked, std::move(direct));
                routes[record.name] = std::move(whole);
            }
            const auto& seen = routes[record.name];
            record.status = is_absent(record, seen) ? RecordStatus::missing : seen.status;
            record.found = seen.found;
            // An internal name may be private, split-horizon or absent: that says nothing.
            const bool optional = !record.required && seen.status != RecordStatus::ok;
            fold(routing, optional ? ConditionStatus::unknown : condition_status(seen),
                 optional ? model::Problem() : seen.problem);
        } else if (record.purpose == RecordPurpose::challenge) {
            auto seen = co_await check_delegation(resolver, authorities, record);
            record.status = seen.status;
            record.found = seen.found;
            fold(delegation, condition_status(seen), seen.problem);
        } else {
            auto seen = co_await check_ownership(resolver, record);
            record.status = seen.status;
            record.found = seen.found;
        }
    }
    const auto methods = model::usable_challenges(endpoint, delegation.status == ConditionStatus::yes);
    for (const auto& name : endpoint.names) {
        CaaQuestion question;
        question.name = std::string(name.base());
        question.wildcard = name.wildcard();
        question.cas = context.cas;
        question.methods = methods;
        auto seen = co_await check_caa(resolver, std::move(question));
        fold(caa, seen.status, seen.problem);
    }
    findings.conditions.push_back(std::move(routing));
    findings.conditions.push_back(std::move(delegation));
    findings.conditions.push_back(std::move(caa));
    co_return findings;
}

boost::asio::awaitable<DnsFindings> check_endpoint(dns::Resolver& resolver, model::Endpoint endpoint,
                                                   CheckContext context, base::Time now)
{
    auto findings = co_await check_dns(resolver, endpoint, context, now);
    auto beyond = co_await check_reach(resolver, std::move(endpoint), std::move(context), findings, now);
    std::ranges::move(beyond, std::back_inserter(findings.conditions));
    co_return findings;
}

model::Condition condition_of(const std::vector<model::Condition>& conditions, std::string_view type)
{
    const auto found = std::ranges::find(conditions, type, &Condition::type);
    if (found != conditions.end()) {
        return *found;
    }
    Condition unknown;
    unknown.type = type;
    return unknown;
}

namespace {

// Our own probe failed: nothing, or something else, answered in our place.
bool is_doubtful(model::ChallengeType type, const std::vector<model::Condition>& conditions)
{
    const auto reachable = condition_of(conditions, "Reachable");
    const auto& code = reachable.problem.code;
    return reachable.status == ConditionStatus::no &&
           (type == model::ChallengeType::http_01       ? code.starts_with("http_")
            : type == model::ChallengeType::tls_alpn_01 ? code == "served_cert_mismatch"
                                                        : false);
}

// By CAA that leaves one method only.
bool is_ruled_out(model::ChallengeType type, const std::vector<model::Condition>& conditions)
{
    const auto left = condition_of(conditions, "CaaAllows").problem.code;
    return left.starts_with("caa_only_") && left != caa_only(type);
}

}  // namespace

std::string caa_only(model::ChallengeType type)
{
    std::string code = "caa_only_" + std::string(model::to_string(type));
    std::ranges::replace(code, '-', '_');
    return code;
}

std::vector<model::ChallengeType> provable_challenges(const model::Endpoint& endpoint,
                                                      const std::vector<model::Condition>& conditions,
                                                      bool lenient)
{
    const auto good = [&](std::string_view type) {
        const auto status = condition_of(conditions, type).status;
        return status == ConditionStatus::yes || (lenient && status == ConditionStatus::unknown);
    };
    for (const auto* barrier : {"Ownership", "CaaAllows"}) {
        if (condition_of(conditions, barrier).status == ConditionStatus::no) {
            return {};
        }
    }
    auto usable = model::usable_challenges(endpoint, good("ChallengeDelegation"));
    if (!good("DnsRouting")) {
        std::erase(usable, model::ChallengeType::http_01);
        std::erase(usable, model::ChallengeType::tls_alpn_01);
    }
    std::erase_if(usable, [&](model::ChallengeType type) { return is_ruled_out(type, conditions); });
    // One at most: a condition has one problem.
    const auto doubtful =
        std::ranges::find_if(usable, [&](auto type) { return is_doubtful(type, conditions); });
    if (doubtful != usable.end()) {
        std::rotate(doubtful, std::next(doubtful), usable.end());
    }
    return usable;
}

std::vector<model::ChallengeType> sure_challenges(const model::Endpoint& endpoint,
                                                  const std::vector<model::Condition>& conditions,
                                                  bool lenient)
{
    auto sure = provable_challenges(endpoint, conditions, lenient);
    std::erase_if(sure, [&](auto type) { return is_doubtful(type, conditions); });
    return sure;
}

model::Problem blocking_problem(const model::Endpoint& endpoint,
                                const std::vector<model::Condition>& conditions)
{
    if (!sure_challenges(endpoint, conditions, false).empty()) {
        return {};
    }
    const auto caa = condition_of(conditions, "CaaAllows");
    if (caa.status == ConditionStatus::no) {
        return caa.problem;
    }
    const auto delegation = condition_of(conditions, "ChallengeDelegation");
    const auto routing = condition_of(conditions, "DnsRouting");
    const auto ownership = condition_of(conditions, "Ownership");
    // A CNAME that is still to be created proves ownership too: then that is what to say.
    const bool by_itself =
        ownership.problem.code == "ownership_missing" && !model::has_apex(endpoint) &&
        (model::needs_delegation(endpoint) ? delegation : routing).status == ConditionStatus::no;
    if (ownership.status == ConditionStatus::no && !by_itself) {
        return ownership.problem;
    }
    if (model::needs_delegation(endpoint)) {
        return delegation.problem;
    }
    if (routing.status != ConditionStatus::yes && !routing.problem.none()) {
        return routing.problem;
    }
    const auto reachable = condition_of(conditions, "Reachable");
    return reachable.status == ConditionStatus::no ? reachable.problem : delegation.problem;
}

}  // namespace diagnosis
