#include "diagnosis/agreement.h"

#include "dns/rdata.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace diagnosis {

namespace {

// What a resolver may see differently only because it is late.
bool may_be_late(const RecordVerdict& verdict)
{
    return verdict.status == model::RecordStatus::missing || verdict.problem.code == "delegation_wrong" ||
           verdict.problem.code == "dns_wrong_target";
}

}  // namespace

void sort_failures(const std::vector<ServerAnswer>& answers, Agreement& agreement)
{
    const auto answered = [&](bool v6) {
        return std::ranges::any_of(answers, [&](const ServerAnswer& each) {
            return each.reply && each.server.address.is_v6() == v6;
        });
    };
    for (const auto& each : answers) {
        const auto failure = failure_of(each);
        if (!failure.empty() && (each.reply || answered(each.server.address.is_v6()))) {
            agreement.failing.push_back(to_text(each.server) + " " + failure);
        }
    }
}

void judge_agreement(const Agreement& agreement, const ProblemFacts& facts, RecordVerdict& verdict)
{
    ProblemFacts told = facts;
    if (agreement.differ()) {
        told.detail =
            fmt::format("{} {} it right; {} {} not.", fmt::join(agreement.right, ", "),
                        agreement.right.size() == 1 ? "has" : "have", fmt::join(agreement.wrong, ", "),
                        agreement.wrong.size() == 1 ? "does" : "do");
        auto found = std::move(verdict.found);
        verdict = diagnosis::verdict(model::RecordStatus::conflict, "dns_inconsistent", told);
        verdict.found = std::move(found);
        return;
    }
    if (agreement.all_right() && may_be_late(verdict)) {
        auto found = std::move(verdict.found);
        verdict = RecordVerdict();
        verdict.status = model::RecordStatus::ok;
        verdict.found = std::move(found);
    }
    const bool some_answer = !agreement.right.empty() || !agreement.wrong.empty();
    if (some_answer && !agreement.failing.empty() && verdict.problem.none()) {
        told.detail = fmt::format("{}", fmt::join(agreement.failing, "; "));
        verdict.problem = problem("dns_lame_server", told);
    }
}

std::optional<RecordVerdict> several_targets(const std::vector<ServerAnswer>& answers,
                                             const std::string& name, ProblemFacts facts)
{
    for (const auto& each : answers) {
        const auto targets =
            each.reply ? own_records(*each.reply, name, dns::RecordType::cname) : std::vector<std::string>();
        if (targets.size() < 2) {
            continue;
        }
        facts.found = fmt::format("{}", fmt::join(targets, ", "));
        auto made = verdict(model::RecordStatus::conflict, "dns_several_values", facts);
        for (const auto& target : targets) {
            made.found.push_back("CNAME " + target);
        }
        return made;
    }
    return std::nullopt;
}

std::vector<std::string> own_records(const dns::Message& reply, const std::string& name, dns::RecordType type)
{
    std::vector<std::string> found;
    const auto owner = dns::Name::parse(name);
    for (const auto& each : reply.answers) {
        if (owner && each.type == type && each.name == *owner) {
            found.push_back(dns::plain_text(type, each.data));
        }
    }
    return found;
}

}  // namespace diagnosis
