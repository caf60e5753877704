#include "base/random.h"
#include "diagnosis/agreement.h"
#include "diagnosis/foreign_network.h"
#include "diagnosis/problems.h"
#include "diagnosis/record_check.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace diagnosis {

namespace {

using model::RecordStatus;

// What DNS says of one name.
struct Seen {
    base::Result<dns::Lookup> cname;
    base::Result<dns::Lookup> a;
    base::Result<dns::Lookup> aaaa;
};

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const auto& part : parts) {
        text += (text.empty() ? "" : ", ") + part;
    }
    return text;
}

std::string canonical_address(const std::string& text)
{
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(text, error);
    return error ? text : address.to_string();
}

std::vector<std::string> foreign(const std::vector<std::string>& found, const std::vector<std::string>& ours)
{
    std::vector<std::string> others;
    for (const auto& each : found) {
        if (std::ranges::find(ours, canonical_address(each)) == ours.end()) {
            others.push_back(each);
        }
    }
    return others;
}

bool is_apex(const std::string& name)
{
    const auto parsed = model::DomainName::parse(name);
    return parsed && parsed->is_apex();
}

// Not here, but in front of us or at another server?
RecordVerdict elsewhere(ProblemFacts facts, const std::string& network)
{
    if (network.empty()) {
        return verdict(RecordStatus::wrong, "dns_wrong_target", facts);
    }
    facts.detail = network;
    return verdict(RecordStatus::wrong, "dns_proxied", facts);
}

RecordVerdict judge_cname(const Seen& seen, const model::RequiredRecord& record,
                          const std::vector<std::string>& ours)
{
    ProblemFacts facts = facts_of(record);
    const auto& targets = seen.cname->records;
    facts.found = joined(targets);
    const auto& target = targets.front();
    const bool direct = target == record.value;
    const bool chained = seen.a && seen.a->canonical_name == record.value;
    std::vector<std::string> addresses;
    for (const auto* lookup : {&seen.a, &seen.aaaa}) {
        if (*lookup) {
            addresses.insert(addresses.end(), (*lookup)->records.begin(), (*lookup)->records.end());
        }
    }
    const bool same_place = !addresses.empty() && foreign(addresses, ours).empty();
    if (direct || chained || same_place) {
        RecordVerdict good;
        good.status = RecordStatus::ok;
        if (is_apex(record.name)) {
            good.problem = problem("dns_cname_at_apex", facts);
        }
        return good;
    }
    if (target.starts_with("http:") || target.starts_with("https:")) {
        return verdict(RecordStatus::wrong, "dns_value_has_scheme", facts);
    }
    const auto by_target = network_of_target(seen.a ? seen.a->canonical_name : target);
    return elsewhere(facts, by_target.empty() ? network_of_addresses(addresses) : by_target);
}

RecordVerdict judge_addresses(const std::vector<std::string>& a, const std::vector<std::string>& aaaa,
                              const model::RequiredRecord& record, const std::vector<std::string>& ours)
{
    const auto other_a = foreign(a, ours);
    const auto other_aaaa = foreign(aaaa, ours);
    ProblemFacts facts = facts_of(record);
    const bool some_ours = other_a.size() < a.size() || other_aaaa.size() < aaaa.size();
    if (other_a.empty() && other_aaaa.empty()) {
        RecordVerdict good;
        good.status = RecordStatus::ok;
        return good;
    }
    if (some_ours && !other_aaaa.empty()) {
        facts.found = joined(other_aaaa);
        std::vector<std::string> ours_v6;
        std::ranges::copy_if(ours, std::back_inserter(ours_v6),
                             [](const std::string& each) { return each.contains(':'); });
        facts.expected = ours_v6.empty() ? record.value : joined(ours_v6);
        return verdict(RecordStatus::conflict, "dns_conflict_aaaa", facts);
    }
    if (some_ours) {
        facts.found = joined(other_a);
        return verdict(RecordStatus::conflict, "dns_conflict_extra_a", facts);
    }
    std::vector<std::string> all = a;
    all.insert(all.end(), aaaa.begin(), aaaa.end());
    facts.found = joined(all);
    auto wrong = elsewhere(facts, network_of_addresses(all));
    if (is_apex(record.name) && wrong.problem.code == "dns_wrong_target") {
        wrong.problem.fix =
            "Replace them with A/AAAA records " + joined(ours) + ", or an ALIAS to " + record.value;
    }
    return wrong;
}

// Nothing is there: is the domain, or was the record made under a doubled name?
boost::asio::awaitable<RecordVerdict> explain_absence(dns::Resolver& resolver, model::RequiredRecord record)
{
    ProblemFacts facts = facts_of(record);
    const auto parsed = model::DomainName::parse(record.name);
    const std::string registrable = parsed ? parsed->registrable() : std::string();
    if (!registrable.empty()) {
        auto soa = co_await resolver.lookup(registrable, dns::RecordType::soa);
        if (soa && soa->rcode == dns::Rcode::nxdomain) {
            facts.found = registrable;
            co_return verdict(RecordStatus::missing, "dns_nxdomain_registration", facts);
        }
        const std::string doubled = record.name + "." + registrable;
        auto found = co_await resolver.lookup(doubled, dns::RecordType::cname);
        if (found && found->exists()) {
            facts.found = doubled;
            co_return verdict(RecordStatus::missing, "dns_name_duplicated", facts);
        }
    }
    auto missing = verdict(RecordStatus::missing, "dns_not_found", facts);
    if (parsed && parsed->is_apex()) {
        missing.problem.fix = "Create an ALIAS (or flattened CNAME) to " + record.value +
                              ", or A/AAAA records with our addresses";
    }
    co_return missing;
}

// A failure of the DNS itself, which comes before what records say.
std::optional<RecordVerdict> judge_failure(const Seen& seen, const model::RequiredRecord& record)
{
    ProblemFacts facts = facts_of(record);
    for (const auto* lookup : {&seen.cname, &seen.a}) {
        if (!*lookup) {
            facts.detail = lookup->error().message();
            return verdict(RecordStatus::unknown, "dns_lookup_failed", facts);
        }
        facts.detail = (*lookup)->why;
        if ((*lookup)->bogus) {
            return verdict(RecordStatus::wrong, "dnssec_bogus", facts);
        }
        if ((*lookup)->rcode == dns::Rcode::servfail) {
            return verdict(RecordStatus::wrong, "dns_servfail", facts);
        }
    }
    return std::nullopt;
}

void note_found(std::vector<std::string>& found, std::string_view type,
                const base::Result<dns::Lookup>& lookup)
{
    if (lookup) {
        for (const auto& each : lookup->records) {
            found.push_back(std::string(type) + " " + each);
        }
    }
}

boost::asio::awaitable<RecordVerdict> judge(dns::Resolver& resolver, Seen seen, model::RequiredRecord record,
                                            std::vector<std::string> addresses)
{
    std::vector<std::string> found;
    note_found(found, "CNAME", seen.cname);
    RecordVerdict made;
    const bool aliased = seen.cname && seen.cname->exists();
    if (!aliased) {
        note_found(found, "A", seen.a);
        note_found(found, "AAAA", seen.aaaa);
    }
    // A CNAME straight to our target is right whatever else could not be looked up behind it.
    if (aliased && seen.cname->records.front() == record.value) {
        made = judge_cname(seen, record, addresses);
    } else if (auto failure = judge_failure(seen, record)) {
        made = std::move(*failure);
        bool in_reach = true;
        if (made.problem.code == "dns_servfail") {
            in_reach = co_await dns_is_reachable(resolver, record.name);
        }
        if (!in_reach) {
            made = verdict(RecordStatus::unknown, "dns_lookup_failed", facts_of(record));
        }
    } else if (aliased) {
        made = judge_cname(seen, record, addresses);
    } else if (found.empty()) {
        made = co_await explain_absence(resolver, record);
    } else {
        const auto aaaa = seen.aaaa ? seen.aaaa->records : std::vector<std::string>();
        made = judge_addresses(seen.a->records, aaaa, record, addresses);
    }
    made.found = std::move(found);
    co_return made;
}

}  // namespace

boost::asio::awaitable<RecordVerdict> check_routing(dns::Resolver& resolver, Authorities& authorities,
                                                    model::RequiredRecord record,
                                                    std::vector<std::string> addresses)
{
    std::string name = record.name;
    if (name.starts_with("*.")) {
        name = base::random_label(12) + name.substr(1);
    }
    Seen seen;
    seen.cname = co_await resolver.lookup(name, dns::RecordType::cname);
    seen.a = co_await resolver.lookup(name, dns::RecordType::a);
    seen.aaaa = co_await resolver.lookup(name, dns::RecordType::aaaa);
    for (auto& each : addresses) {
        each = canonical_address(each);
    }
    auto made = co_await judge(resolver, seen, record, addresses);
    const auto& code = made.problem.code;
    if (code == "dns_lookup_failed" || code == "dnssec_bogus") {
        co_return made;
    }
    // With an A question a server tells its CNAME too.
    const auto answers = co_await authorities.ask_each(name, dns::RecordType::a);
    if (auto several = several_targets(answers, name, facts_of(record))) {
        co_return std::move(*several);
    }
    const auto accepted =
        made.status == RecordStatus::ok && seen.cname ? seen.cname->records : std::vector<std::string>();
    const auto agreement = agreement_of(answers, [&](const dns::Message& reply) {
        const auto targets = own_records(reply, name, dns::RecordType::cname);
        if (!targets.empty()) {
            return targets.front() == record.value || targets == accepted;
        }
        const auto found = own_records(reply, name, dns::RecordType::a);
        const bool only_v6 = made.status == RecordStatus::ok && found.empty() && accepted.empty() && seen.a &&
                             seen.a->records.empty();
        return only_v6 || (!found.empty() && foreign(found, addresses).empty());
    });
    judge_agreement(agreement, facts_of(record), made);
    co_return made;
}

}  // namespace diagnosis
