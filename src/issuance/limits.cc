#include "issuance/limits.h"

#include "crypto/digest.h"

#include <algorithm>

namespace issuance {

namespace {

using std::chrono::days;
using std::chrono::hours;

const std::vector<Limit> production{
    {LimitKind::new_orders, 300, hours(3)},
    {LimitKind::registered_domain, 50, days(7)},
    {LimitKind::exact_set, 5, days(7)},
    {LimitKind::failed_validations, 5, hours(1)},
};
// The per-domain limit of staging (30,000 a second) cannot be reached.
const std::vector<Limit> staging{
    {LimitKind::new_orders, 1500, hours(3)},
    {LimitKind::exact_set, 30'000, days(7)},
    {LimitKind::failed_validations, 200, hours(1)},
};
const std::vector<Limit> unknown;

}  // namespace

const std::vector<Limit>& limits_of(std::string_view directory_url)
{
    if (directory_url.starts_with("https://acme-v02.api.letsencrypt.org/")) {
        return production;
    }
    if (directory_url.starts_with("https://acme-staging-v02.api.letsencrypt.org/")) {
        return staging;
    }
    return unknown;
}

std::string new_orders_key(const std::string& account)
{
    return account + "/new_orders";
}

std::string domain_key(const std::string& account, const std::string& domain)
{
    return account + "/domain/" + domain;
}

std::string exact_set_key(const std::string& account, std::vector<std::string> identifiers)
{
    std::ranges::sort(identifiers);
    std::string all;
    for (const auto& each : identifiers) {
        all += each + "\n";
    }
    return account + "/set/" + base::to_hex(crypto::sha256(base::as_bytes(all))).substr(0, 32);
}

std::string failures_key(const std::string& account, const std::string& identifier)
{
    return account + "/failures/" + identifier;
}

std::string anything_key(const std::string& account)
{
    return account + "/any";
}

std::vector<std::string> registered_domains(const std::vector<std::string>& identifiers)
{
    std::vector<std::string> domains;
    for (const auto& identifier : identifiers) {
        const auto name = model::DomainName::parse(identifier);
        const std::string domain = name && !name->registrable().empty() ? name->registrable() : identifier;
        if (std::ranges::find(domains, domain) == domains.end()) {
            domains.push_back(domain);
        }
    }
    return domains;
}

}  // namespace issuance
