#include "diagnosis/parked_question.h"

#include "base/random.h"
#include "diagnosis/agreement.h"
#include "diagnosis/dns_check.h"

#include <algorithm>

namespace diagnosis {

namespace {

const std::string failing = "(failing)";
const std::string referred = "(referral)";
constexpr std::size_t most_levels = 4;  // of a climb for CAA

std::string askable(const std::string& name)
{
    return name.starts_with("*.") ? base::random_label(12) + name.substr(1) : name;
}

// A record that was looked at stores what was found in the same form.
ParkedQuestion question_for(const model::RequiredRecord& record, std::string_view code)
{
    ParkedQuestion made;
    made.name = askable(record.name);
    made.type = dns::RecordType::a;
    if (record.purpose != model::RecordPurpose::routing) {
        made.type = record.type == "TXT" ? dns::RecordType::txt : dns::RecordType::cname;
    }
    if (code == "dns_conflict_aaaa") {
        made.type = dns::RecordType::aaaa;
    }
    if (code == "dnssec_bogus") {
        made.type = dns::RecordType::soa;  // signed again, a zone has another serial number
        return made;
    }
    made.usual.emplace();
    if (code == "dns_servfail") {
        made.usual->insert(failing);
        return made;
    }
    const auto kept = made.type == dns::RecordType::aaaa  ? "AAAA "
                      : made.type == dns::RecordType::txt ? "TXT "
                                                          : "A ";
    for (const auto& each : record.found) {
        if (each.starts_with("CNAME ") || (made.type != dns::RecordType::cname && each.starts_with(kept))) {
            made.usual->insert(each);
        }
    }
    return made;
}

std::string code_of(const model::Endpoint& endpoint, std::string_view condition)
{
    return condition_of(endpoint.status.conditions, condition).problem.code;
}

}  // namespace

std::vector<ParkedQuestion> parked_questions(const model::Endpoint& endpoint)
{
    std::vector<ParkedQuestion> made;
    const auto caa = condition_of(endpoint.status.conditions, "CaaAllows");
    if (caa.status == model::ConditionStatus::no) {
        // At whatever level the climb has stopped.
        const std::string top = endpoint.name().registrable();
        for (std::string at(endpoint.name().base()); !at.empty() && made.size() < most_levels;) {
            made.push_back({at, dns::RecordType::caa, std::nullopt});
            const auto dot = at.find('.');
            at = at == top || dot == std::string::npos ? std::string() : at.substr(dot + 1);
        }
        return made;
    }
    for (const auto& record : endpoint.required_records) {
        if (record.status == model::RecordStatus::ok) {
            continue;
        }
        const bool routing = record.purpose == model::RecordPurpose::routing;
        if (routing && model::needs_delegation(endpoint)) {
            continue;
        }
        auto question =
            question_for(record, code_of(endpoint, routing ? "DnsRouting" : "ChallengeDelegation"));
        const bool there = std::ranges::any_of(made, [&](const ParkedQuestion& each) {
            return each.name == question.name && each.type == question.type;
        });
        if (!there) {
            made.push_back(std::move(question));
        }
    }
    return made;
}

std::set<std::string> said(const dns::Message& reply, const ParkedQuestion& question)
{
    if (reply.rcode != dns::Rcode::noerror && reply.rcode != dns::Rcode::nxdomain) {
        return {failing};
    }
    std::set<std::string> made;
    for (const auto type : {dns::RecordType::cname, question.type}) {
        for (const auto& each : own_records(reply, question.name, type)) {
            made.insert(dns::to_string(type) + " " + each);
        }
    }
    const bool referral = made.empty() && !reply.authoritative && !reply.authorities.empty();
    return referral ? std::set<std::string>{referred} : made;
}

}  // namespace diagnosis
