#include "issuance/limits.h"

#include "crypto/digest.h"
#include "model/enum_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr model::detail::EnumTexts<LimitKind, 8> kinds{{
    {LimitKind::new_orders, "new_orders"},
    {LimitKind::registered_domain, "registered_domain"},
    {LimitKind::exact_set, "exact_set"},
    {LimitKind::failed_validations, "failed_validations"},
    {LimitKind::consecutive_failures, "consecutive_failures"},
    {LimitKind::registrations, "registrations"},
    {LimitKind::learned, "learned"},
    {LimitKind::anything, "anything"},
}};

// Registrations of one IPv6 range (500 in 3 hours) are never reached from one address.
const std::vector<Limit> production{
    {LimitKind::new_orders, 300, hours(3)},
    {LimitKind::registered_domain, 50, days(7)},
    {LimitKind::exact_set, 5, days(7)},
    {LimitKind::failed_validations, 5, hours(1)},
    {LimitKind::consecutive_failures, 1152, days(1152)},
    {LimitKind::registrations, 10, hours(3)},
};
// The per-domain limit of staging (30,000 a second) cannot be reached.
const std::vector<Limit> staging{
    {LimitKind::new_orders, 1500, hours(3)},        {LimitKind::exact_set, 30'000, days(7)},
    {LimitKind::failed_validations, 200, hours(1)}, {LimitKind::consecutive_failures, 3600, hours(6)},
    {LimitKind::registrations, 50, hours(3)},
};
const std::vector<Limit> unknown;

}  // namespace

std::string_view to_string(LimitKind value)
{
    return model::detail::enum_text(kinds, value);
}

base::Result<LimitKind> limit_kind_from(std::string_view text)
{
    return model::detail::enum_from(kinds, "limit", text);
}

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

std::string ca_of(std::string_view directory_url)
{
    const auto scheme = directory_url.find("://");
    auto rest = scheme == std::string_view::npos ? directory_url : directory_url.substr(scheme + 3);
    return std::string(rest.substr(0, rest.find('/')));
}

bool is_shared(LimitKind kind)
{
    return kind == LimitKind::registered_domain || kind == LimitKind::exact_set ||
           kind == LimitKind::registrations;
}

bool is_counted_at_once(std::string_view limit)
{
    return limit == to_string(LimitKind::new_orders) || limit == to_string(LimitKind::learned) ||
           limit == to_string(LimitKind::registrations);
}

bool can_override(LimitKind kind)
{
    return kind != LimitKind::learned && kind != LimitKind::anything;
}

bool has_subjects(LimitKind kind)
{
    return kind == LimitKind::registered_domain || kind == LimitKind::exact_set ||
           kind == LimitKind::failed_validations || kind == LimitKind::consecutive_failures;
}

std::string BucketKey::text() const
{
    const auto limit = owner + "/" + std::string(to_string(kind));
    return subject.empty() ? limit : limit + "/" + subject;
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

std::string set_subject(std::vector<std::string> identifiers)
{
    std::ranges::sort(identifiers);
    if (identifiers.size() == 1) {
        return identifiers.front();
    }
    std::string all;
    for (const auto& each : identifiers) {
        all += each + "\n";
    }
    const auto digest = base::to_hex(crypto::sha256(base::as_bytes(all))).substr(0, 32);
    return fmt::format("{} +{} {}", identifiers.front(), identifiers.size() - 1, digest);
}

}  // namespace issuance
