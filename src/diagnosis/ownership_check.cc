#include "diagnosis/ownership_check.h"

#include "base/random.h"

#include <algorithm>

namespace diagnosis {

namespace {

using model::RecordPurpose;
using model::RecordStatus;
using model::RequiredRecord;

// TXT values come in quotes from some resolvers' presentation forms.
std::string bare(std::string text)
{
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    return text;
}

bool found_target(const RequiredRecord& record)
{
    return std::ranges::find(record.found, "CNAME " + record.value) != record.found.end();
}

bool is_about(const RequiredRecord& record, const model::DomainName& name)
{
    if (record.type != "CNAME") {
        return false;
    }
    return record.purpose == RecordPurpose::routing
               ? record.name == name.text()
               : record.purpose == RecordPurpose::challenge &&
                     record.name == "_acme-challenge." + std::string(name.base());
}

RecordVerdict judge_values(const std::vector<std::string>& values, const RequiredRecord& record)
{
    RecordVerdict made;
    bool ours = false;
    std::string others;
    for (const auto& each : values) {
        const auto value = bare(each);
        ours = ours || value == record.value;
        if (value.starts_with(model::ownership_prefix)) {
            made.found.push_back("TXT " + value);
            if (value != record.value) {
                others += (others.empty() ? "" : ", ") + value;
            }
        }
    }
    ProblemFacts facts = facts_of(record);
    facts.found = others;
    if (ours) {
        made.status = others.empty() ? RecordStatus::ok : RecordStatus::conflict;
    } else {
        made.status = others.empty() ? RecordStatus::missing : RecordStatus::wrong;
    }
    if (made.status != RecordStatus::ok) {
        made.problem = problem(others.empty() ? "ownership_missing" : "ownership_mismatch", facts);
    }
    return made;
}

}  // namespace

boost::asio::awaitable<RecordVerdict> check_ownership(dns::Resolver& resolver, model::RequiredRecord record)
{
    auto seen = co_await resolver.lookup(record.name, dns::RecordType::txt);
    if (seen && !seen->bogus && seen->rcode != dns::Rcode::servfail) {
        co_return judge_values(seen->records, record);
    }
    RecordVerdict unknown;
    unknown.problem = problem("ownership_missing", facts_of(record));
    co_return unknown;
}

boost::asio::awaitable<RecordVerdict> follow_chain(dns::Resolver& resolver, model::RequiredRecord record,
                                                   RecordVerdict seen)
{
    const bool chained = record.type == "CNAME" && seen.status == RecordStatus::ok && !seen.found.empty() &&
                         seen.found.front().starts_with("CNAME ") &&
                         seen.found.front() != "CNAME " + record.value;
    if (!chained) {
        co_return seen;
    }
    std::string name = record.name;
    if (name.starts_with("*.")) {
        name = base::random_label(12) + name.substr(1);
    }
    const auto end = co_await resolver.lookup(name, dns::RecordType::a);
    if (end && end->canonical_name == record.value) {
        seen.found.push_back("CNAME " + record.value);
    }
    co_return seen;
}

Proof proof_of(const model::Endpoint& endpoint, const model::DomainName& name)
{
    if (const auto* txt = ownership_record(endpoint, name)) {
        if (txt->status == RecordStatus::ok) {
            return Proof::txt;
        }
        if (txt->status == RecordStatus::conflict) {
            return Proof::shared_txt;
        }
    }
    const bool led_here =
        !name.is_apex() && std::ranges::any_of(endpoint.required_records, [&](const RequiredRecord& each) {
            return is_about(each, name) && each.status == RecordStatus::ok &&
                   (each.purpose == RecordPurpose::challenge || found_target(each));
        });
    return led_here ? Proof::cname : Proof::none;
}

const model::RequiredRecord* ownership_record(const model::Endpoint& endpoint, const model::DomainName& name)
{
    const auto owner = model::ownership_owner(name);
    const auto found = std::ranges::find_if(endpoint.required_records, [&](const RequiredRecord& each) {
        return each.purpose == RecordPurpose::ownership && each.name == owner;
    });
    return found == endpoint.required_records.end() ? nullptr : &*found;
}

}  // namespace diagnosis
