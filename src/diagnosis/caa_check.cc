#include "base/ascii.h"
#include "diagnosis/problems.h"
#include "diagnosis/record_check.h"
#include "http/syntax.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace diagnosis {

namespace {

struct CaaRecord {
    int flags = 0;
    std::string tag;
    std::string value;
};

// `0 issue "letsencrypt.org; accounturi=..."`
CaaRecord parse(std::string_view text)
{
    CaaRecord record;
    const auto flags_end = text.find(' ');
    std::from_chars(text.data(), text.data() + std::min(flags_end, text.size()), record.flags);
    if (flags_end == std::string_view::npos) {
        return record;
    }
    text.remove_prefix(flags_end + 1);
    const auto tag_end = text.find(' ');
    record.tag = base::to_lower(text.substr(0, tag_end));
    if (tag_end == std::string_view::npos) {
        return record;
    }
    record.value = http::trim(text.substr(tag_end + 1));
    if (record.value.size() >= 2 && record.value.front() == '"' && record.value.back() == '"') {
        record.value = record.value.substr(1, record.value.size() - 2);
    }
    return record;
}

// The value of a parameter of an issue property (RFC 8657); none when absent.
std::optional<std::string> parameter(std::string_view value, std::string_view name)
{
    for (auto at = value.find(';'); at != std::string_view::npos; at = value.find(';')) {
        value.remove_prefix(at + 1);
        const auto text = http::trim(value.substr(0, value.find(';')));
        const auto equals = text.find('=');
        if (equals != std::string_view::npos && base::to_lower(http::trim(text.substr(0, equals))) == name) {
            return std::string(http::trim(text.substr(equals + 1)));
        }
    }
    return std::nullopt;
}

std::string identity_of(const CaaRecord& record)
{
    return base::to_lower(http::trim(std::string_view(record.value).substr(0, record.value.find(';'))));
}

std::vector<std::string> list_of(std::string_view text)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        parts.push_back(base::to_lower(http::trim(text.substr(0, comma))));
        text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    }
    return parts;
}

bool known_tag(std::string_view tag)
{
    return tag == "issue" || tag == "issuewild" || tag == "iodef" || tag == "issuemail" ||
           tag == "contactemail" || tag == "contactphone" || tag == "issuevmc";
}

CaaVerdict refused(std::string_view code, ProblemFacts facts)
{
    CaaVerdict made;
    made.status = model::ConditionStatus::no;
    made.problem = problem(code, facts);
    return made;
}

std::string allowed_identities(const std::vector<CaaRecord>& records)
{
    std::vector<std::string> names;
    for (const auto& each : records) {
        if (const auto identity = identity_of(each); !identity.empty()) {
            names.push_back(identity);
        }
    }
    return names.empty() ? "nobody" : fmt::format("{}", fmt::join(names, ", "));
}

// The record that lets `ca` issue, and nobody else in its name.
std::string wanted_record(const CaIdentity& ca)
{
    std::string value = ca.caa_identities.front();
    if (!ca.account_url.empty()) {
        value += "; accounturi=" + ca.account_url;
    }
    return value;
}

// The records of our CA and, where they name an account, of ours.
struct Ours {
    std::vector<CaaRecord> records;
    std::string other_account;
};

Ours ours_among(const std::vector<CaaRecord>& records, const CaIdentity& ca)
{
    Ours ours;
    for (const auto& each : records) {
        if (std::ranges::find(ca.caa_identities, identity_of(each)) == ca.caa_identities.end()) {
            continue;
        }
        const auto account = parameter(each.value, "accounturi");
        if (account && !ca.account_url.empty() && *account != ca.account_url) {
            ours.other_account = *account;
        } else {
            ours.records.push_back(each);
        }
    }
    return ours;
}

// RFC 8657 4: a record without the parameter allows every method.
CaaVerdict judge_methods(const std::vector<CaaRecord>& records, ProblemFacts facts,
                         const CaaQuestion& question)
{
    CaaVerdict allowed;
    allowed.status = model::ConditionStatus::yes;
    std::vector<std::string> listed;
    for (const auto& each : records) {
        const auto methods = parameter(each.value, "validationmethods");
        if (!methods) {
            return allowed;
        }
        std::ranges::copy(list_of(*methods), std::back_inserter(listed));
    }
    std::vector<std::string> wanted;
    std::optional<model::ChallengeType> best;
    bool all = true;
    for (const auto method : question.methods) {
        wanted.emplace_back(model::to_string(method));
        const bool may = std::ranges::find(listed, wanted.back()) != listed.end();
        all = all && may;
        best = may && !best ? method : best;
    }
    facts.detail = fmt::format("{}", fmt::join(listed, ", "));
    facts.expected = fmt::format("{}", fmt::join(wanted, ", "));
    if (!best && !question.methods.empty()) {
        return refused("caa_method_forbidden", std::move(facts));
    }
    if (!all) {
        allowed.problem = problem(caa_only(*best), facts);
    }
    return allowed;
}

CaaVerdict judge_for(const CaIdentity& ca, const std::vector<std::string>& set, const std::string& at,
                     const CaaQuestion& question)
{
    CaaVerdict allowed;
    allowed.status = model::ConditionStatus::yes;
    if (ca.caa_identities.empty()) {
        allowed.status = model::ConditionStatus::unknown;
        return allowed;
    }
    ProblemFacts facts;
    facts.name = question.name;
    facts.found = at;
    facts.expected = ca.caa_identities.front();
    std::vector<CaaRecord> issue;
    std::vector<CaaRecord> issue_wild;
    for (const auto& text : set) {
        const auto record = parse(text);
        if (!known_tag(record.tag) && (record.flags & (128 | 1)) != 0) {
            facts.detail = record.tag;
            return refused("caa_critical_unknown", std::move(facts));
        }
        if (record.tag == "issue") {
            issue.push_back(record);
        } else if (record.tag == "issuewild") {
            issue_wild.push_back(record);
        }
    }
    const bool wild = question.wildcard && !issue_wild.empty();
    const auto& relevant = wild ? issue_wild : issue;
    if (relevant.empty()) {
        return allowed;
    }
    const auto ours = ours_among(relevant, ca);
    if (!ours.records.empty()) {
        return judge_methods(ours.records, std::move(facts), question);
    }
    if (!ours.other_account.empty()) {
        facts.expected = ca.account_url;
        facts.detail = ours.other_account;
        return refused("caa_accounturi_mismatch", std::move(facts));
    }
    facts.host = wild ? "issuewild" : "issue";
    facts.detail = allowed_identities(relevant);
    return refused("caa_forbidden", std::move(facts));
}

}  // namespace

CaaVerdict judge_caa(const std::vector<std::string>& set, const std::string& at, const CaaQuestion& question)
{
    CaaVerdict made;
    bool unknown = question.cas.empty();
    for (const auto& ca : question.cas) {
        auto verdict = judge_for(ca, set, at, question);
        if (verdict.status == model::ConditionStatus::yes) {
            return verdict;
        }
        unknown = unknown || verdict.status == model::ConditionStatus::unknown;
        if (made.problem.none()) {
            made.problem = std::move(verdict.problem);
        } else if (!verdict.problem.none()) {
            made.problem.fix += fmt::format("; or for {}: 0 issue \"{}\"", ca.account, wanted_record(ca));
        }
    }
    if (unknown) {
        return CaaVerdict();
    }
    made.status = model::ConditionStatus::no;
    return made;
}

boost::asio::awaitable<CaaVerdict> check_caa(dns::Resolver& resolver, CaaQuestion question)
{
    CaaVerdict made;
    for (std::string at = question.name; !at.empty();) {
        auto found = co_await resolver.lookup(at, dns::RecordType::caa);
        ProblemFacts facts;
        facts.name = question.name;
        facts.found = at;
        if (!found) {
            facts.detail = found.error().message();
            made.problem = problem("dns_lookup_failed", facts);
            co_return made;
        }
        bool in_reach = true;
        if (found->rcode == dns::Rcode::servfail && !found->bogus) {
            in_reach = co_await dns_is_reachable(resolver, at);
        }
        if (!in_reach) {
            facts.detail = found->why;
            made.problem = problem("dns_lookup_failed", facts);
            co_return made;
        }
        if (found->bogus || found->rcode == dns::Rcode::servfail) {
            facts.detail = found->why;
            made.status = model::ConditionStatus::no;
            made.problem = problem("caa_lookup_failed", facts);
            co_return made;
        }
        if (found->exists()) {
            co_return judge_caa(found->records, at, question);
        }
        const auto dot = at.find('.');
        at = dot == std::string::npos ? std::string() : at.substr(dot + 1);
    }
    made.status = model::ConditionStatus::yes;
    co_return made;
}

}  // namespace diagnosis
