#include "diagnosis/agreement.h"
#include "diagnosis/problems.h"
#include "diagnosis/record_check.h"

#include <algorithm>
#include <array>

namespace diagnosis {

namespace {

using model::RecordStatus;

// Suffixes under which other services keep delegated challenges.
constexpr std::array<std::string_view, 6> other_services{"dcv.cloudflare.com",
                                                         "acme-dns.io",
                                                         "acm-validations.aws",
                                                         "acme.deno.dev",
                                                         "authorize.certificatemanager.goog",
                                                         "fastly-validations.com"};

bool of_other_service(std::string_view target)
{
    return std::ranges::any_of(other_services,
                               [&](std::string_view suffix) { return target.ends_with(suffix); });
}

boost::asio::awaitable<RecordVerdict> judge_target(dns::Resolver& resolver, model::RequiredRecord record,
                                                   std::vector<std::string> targets)
{
    ProblemFacts facts = facts_of(record);
    const std::string target = targets.front();
    facts.found = target;
    RecordVerdict made;
    if (target == record.value) {
        made.status = RecordStatus::ok;
    } else if (target.starts_with("http:") || target.starts_with("https:")) {
        made = verdict(RecordStatus::wrong, "dns_value_has_scheme", facts);
    } else {
        auto txt = co_await resolver.lookup(record.name, dns::RecordType::txt);
        if (txt && txt->canonical_name == record.value) {
            made.status = RecordStatus::ok;
        } else {
            made =
                verdict(RecordStatus::wrong,
                        of_other_service(target) ? "delegation_other_provider" : "delegation_wrong", facts);
        }
    }
    for (const auto& each : targets) {
        made.found.push_back("CNAME " + each);
    }
    co_return made;
}

boost::asio::awaitable<RecordVerdict> explain_absence(dns::Resolver& resolver, model::RequiredRecord record)
{
    ProblemFacts facts = facts_of(record);
    auto txt = co_await resolver.lookup(record.name, dns::RecordType::txt);
    if (txt && txt->exists()) {
        auto made = verdict(RecordStatus::conflict, "delegation_txt_present", facts);
        for (const auto& each : txt->records) {
            made.found.push_back("TXT " + each);
        }
        co_return made;
    }
    const auto parsed = model::DomainName::parse(record.name.substr(record.name.find('.') + 1));
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
    co_return verdict(RecordStatus::missing, "delegation_missing", facts);
}

boost::asio::awaitable<RecordVerdict> judge_lookup(dns::Resolver& resolver, model::RequiredRecord record)
{
    ProblemFacts facts = facts_of(record);
    auto cname = co_await resolver.lookup(record.name, dns::RecordType::cname);
    if (!cname) {
        facts.detail = cname.error().message();
        co_return verdict(RecordStatus::unknown, "dns_lookup_failed", facts);
    }
    facts.detail = cname->why;
    if (cname->bogus) {
        co_return verdict(RecordStatus::wrong, "dnssec_bogus", facts);
    }
    if (cname->rcode == dns::Rcode::servfail) {
        const bool theirs = co_await dns_is_reachable(resolver, record.name);
        co_return theirs ? verdict(RecordStatus::wrong, "dns_servfail", facts)
                         : verdict(RecordStatus::unknown, "dns_lookup_failed", facts);
    }
    if (cname->exists()) {
        co_return co_await judge_target(resolver, record, cname->records);
    }
    co_return co_await explain_absence(resolver, record);
}

}  // namespace

boost::asio::awaitable<RecordVerdict> check_delegation(dns::Resolver& resolver, Authorities& authorities,
                                                       model::RequiredRecord record)
{
    auto made = co_await judge_lookup(resolver, record);
    const auto& code = made.problem.code;
    if (code == "dns_lookup_failed" || code == "dnssec_bogus") {
        co_return made;
    }
    const auto answers = co_await authorities.ask_each(record.name, dns::RecordType::cname);
    if (auto several = several_targets(answers, record.name, facts_of(record))) {
        co_return std::move(*several);
    }
    const auto agreement = agreement_of(answers, [&](const dns::Message& reply) {
        const auto targets = own_records(reply, record.name, dns::RecordType::cname);
        // A chain of CNAMEs that ends at the right place is right at every server that begins it so.
        return targets.size() == 1 && (targets.front() == record.value ||
                                       (made.status == RecordStatus::ok && made.found.size() == 1 &&
                                        made.found.front() == "CNAME " + targets.front()));
    });
    judge_agreement(agreement, facts_of(record), made);
    co_return made;
}

}  // namespace diagnosis
