// Which CAs an endpoint may ask for.
#include "endpoints/caa_advice.h"
#include "endpoints/lookup.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

constexpr std::size_t most_accounts = 10;
constexpr std::size_t longest_profile = 100;

base::Result<> check_names(store::Transaction& tx, const std::vector<std::string>& policy)
{
    if (policy.size() > most_accounts) {
        return base::fail(base::Error(base::Errc::invalid,
                                      fmt::format("a CA policy names at most {} accounts", most_accounts))
                              .with_code("ca_policy_invalid"));
    }
    TRY(known, tx.accounts.list());
    for (const auto& name : policy) {
        const bool there = std::ranges::any_of(known, [&](const model::CaAccount& each) {
            return !each.deactivated && (name == "default" ? each.is_default : each.name == name);
        });
        if (!there) {
            return base::fail(
                base::Error(base::Errc::invalid,
                            fmt::format("there is no CA account '{}'", name.substr(0, 100)))
                    .with_code("ca_account_not_found")
                    .with_fix("Ask the operator which accounts there are (certwright ca list)."));
        }
    }
    return {};
}

bool offers(const model::CaAccount& account, const std::string& profile)
{
    return account.profiles.empty() || std::ranges::find(account.profiles, profile) != account.profiles.end();
}

}  // namespace

base::Result<std::vector<std::string>> caa_records(store::Transaction& tx, const model::Endpoint& endpoint)
{
    TRY(accounts, tx.accounts.of_policy(endpoint.ca_policy));
    std::vector<std::string> records;
    for (const auto& each : accounts) {
        if (each.caa_identities.empty()) {
            continue;
        }
        const auto account = each.account_url.empty() ? "" : "; accounturi=" + each.account_url;
        records.push_back(fmt::format("0 issue \"{}{}\"", each.caa_identities.front(), account));
    }
    return records;
}

base::Result<> check_ca_policy(store::Transaction& tx, const model::Endpoint& endpoint)
{
    CHECKED(check_names(tx, endpoint.ca_policy));
    if (endpoint.profile.size() > longest_profile) {
        return base::fail(base::Error(base::Errc::invalid, "the name of the profile is too long")
                              .with_code("ca_profile_unknown"));
    }
    TRY(accounts, tx.accounts.of_policy(endpoint.ca_policy));
    for (const auto type : endpoint.key_types) {
        const bool taken =
            accounts.empty() ||
            std::ranges::any_of(accounts, [&](const model::CaAccount& each) { return each.takes(type); });
        if (!taken) {
            return base::fail(
                base::Error(base::Errc::invalid, fmt::format("no account of its CA policy issues for {} keys",
                                                             model::to_string(type)))
                    .with_code("ca_policy_invalid")
                    .with_fix("Name an account that does, or leave this key type out."));
        }
    }
    if (endpoint.profile.empty() || accounts.empty() || offers(accounts.front(), endpoint.profile)) {
        return {};
    }
    return base::fail(
        base::Error(base::Errc::invalid,
                    fmt::format("the CA of '{}' has no profile '{}'; it offers: {}", accounts.front().name,
                                endpoint.profile.substr(0, 100), fmt::join(accounts.front().profiles, ", ")))
            .with_code("ca_profile_unknown")
            .with_fix("Choose one that the CA offers, or none."));
}

}  // namespace endpoints
