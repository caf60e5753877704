#include "relay/identifier_policy.h"

#include "model/domain_name.h"

#include <algorithm>

namespace relay {

namespace {

std::vector<std::string> labels_of(const std::string& name)
{
    std::vector<std::string> labels;
    std::size_t from = 0;
    while (from <= name.size()) {
        const auto dot = std::min(name.find('.', from), name.size());
        labels.push_back(name.substr(from, dot - from));
        from = dot + 1;
    }
    return labels;
}

IdentifierPolicy::Verdict rejected(std::string detail)
{
    IdentifierPolicy::Verdict verdict;
    verdict.problem = Problem(400, "rejectedIdentifier", std::move(detail));
    return verdict;
}

}  // namespace

base::Task<IdentifierPolicy::Verdict> PublicNames::judge(Account, Identifier identifier)
{
    if (identifier.type != "dns") {
        co_return Verdict();
    }
    const auto name = model::DomainName::parse(identifier.value);
    const std::string base(name ? name->base() : std::string_view(identifier.value));
    if (name && name->is_public_suffix()) {
        co_return rejected("Domain name is a public suffix");
    }
    for (const auto& domain : blocked_) {
        if (base == domain || base.ends_with("." + domain)) {
            co_return rejected(
                "The ACME server refuses to issue a certificate for this domain name, because it is "
                "forbidden by policy");
        }
    }
    if (is_recursive(base)) {
        co_return rejected(
            "Domain name contains too many subdomain labels indicative of recursive on-demand issuance");
    }
    co_return Verdict();
}

bool PublicNames::is_recursive(const std::string& name) const
{
    constexpr std::size_t least_labels = 4;
    const auto labels = labels_of(name);
    if (labels.size() < least_labels) {
        return false;
    }
    std::size_t row = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        const bool listed = std::ranges::find(repeated_labels_, labels[i]) != repeated_labels_.end();
        row = listed ? row + 1 : 0;
        if (row >= 3 || (row >= 2 && labels[i] == labels[i - 1])) {
            return true;
        }
    }
    return false;
}

}  // namespace relay
