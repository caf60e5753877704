#include "diagnosis/dns_check.h"

#include "diagnosis/problems.h"
#include "diagnosis/record_check.h"

#include <algorithm>

namespace diagnosis {

namespace {

using model::Condition;
using model::ConditionStatus;
using model::RecordPurpose;
using model::RecordStatus;

ConditionStatus condition_status(RecordStatus status)
{
    switch (status) {
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
    for (auto& record : findings.records) {
        if (record.purpose == RecordPurpose::routing) {
            auto seen = co_await check_routing(resolver, record, context.addresses);
            record.status = seen.status;
            record.found = seen.found;
            // An internal name may be private, split-horizon or absent: that says nothing.
            const bool optional = !record.required && seen.status != RecordStatus::ok;
            fold(routing, optional ? ConditionStatus::unknown : condition_status(seen.status),
                 optional ? model::Problem() : seen.problem);
        } else if (record.purpose == RecordPurpose::challenge) {
            auto seen = co_await check_delegation(resolver, record);
            record.status = seen.status;
            record.found = seen.found;
            fold(delegation, condition_status(seen.status), seen.problem);
        }
    }
    for (const auto& name : endpoint.names) {
        CaaQuestion question;
        question.name = std::string(name.base());
        question.wildcard = name.wildcard();
        question.cas = context.cas;
        auto seen = co_await check_caa(resolver, std::move(question));
        fold(caa, seen.status, seen.problem);
    }
    findings.conditions.push_back(std::move(routing));
    findings.conditions.push_back(std::move(delegation));
    findings.conditions.push_back(std::move(caa));
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

std::vector<model::ChallengeType> provable_challenges(const model::Endpoint& endpoint,
                                                      const std::vector<model::Condition>& conditions,
                                                      bool lenient)
{
    const auto good = [&](std::string_view type) {
        const auto status = condition_of(conditions, type).status;
        return status == ConditionStatus::yes || (lenient && status == ConditionStatus::unknown);
    };
    if (condition_of(conditions, "CaaAllows").status == ConditionStatus::no) {
        return {};
    }
    auto usable = model::usable_challenges(endpoint, good("ChallengeDelegation"));
    if (!good("DnsRouting")) {
        std::erase(usable, model::ChallengeType::http_01);
        std::erase(usable, model::ChallengeType::tls_alpn_01);
    }
    // A closed port 80 that we saw ourselves is worth a try only when nothing else is left.
    const bool closed = condition_of(conditions, "Reachable").status == ConditionStatus::no;
    if (const auto http = std::ranges::find(usable, model::ChallengeType::http_01);
        closed && http != usable.end()) {
        std::rotate(http, std::next(http), usable.end());
    }
    return usable;
}

model::Problem blocking_problem(const model::Endpoint& endpoint,
                                const std::vector<model::Condition>& conditions)
{
    if (!provable_challenges(endpoint, conditions, false).empty()) {
        return {};
    }
    const auto caa = condition_of(conditions, "CaaAllows");
    if (caa.status == ConditionStatus::no) {
        return caa.problem;
    }
    const auto delegation = condition_of(conditions, "ChallengeDelegation");
    const auto routing = condition_of(conditions, "DnsRouting");
    if (model::needs_delegation(endpoint) || routing.problem.none()) {
        return delegation.problem;
    }
    return routing.problem;
}

}  // namespace diagnosis
