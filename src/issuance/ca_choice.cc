#include "issuance/ca_choice.h"

#include "issuance/ca_health.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

using model::CaAccount;

base::Error no_account(const CaNeed& need)
{
    return base::Error(base::Errc::not_found, fmt::format("no CA account issues {} certificates here",
                                                          model::to_string(need.key_type)))
        .with_code("no_ca_account")
        .with_fix("See the accounts with: certwright ca list; add one with: certwright ca add");
}

base::Error only_untrusted()
{
    return base::Error(base::Errc::not_found,
                       "the name has a trusted certificate, and only accounts of staging CAs may renew it")
        .with_code("ca_only_untrusted")
        .with_fix("Make an account of a trusted CA the default: certwright ca set NAME --default");
}

// The CA that issued the trusted certificate, where the policy names staging CAs alone.
base::Result<std::vector<CaAccount>> former_issuer(store::Transaction& tx, const CaNeed& need)
{
    std::vector<CaAccount> made;
    if (!need.last_account.empty()) {
        auto former = tx.accounts.get(need.last_account);
        if (former && former->trusted && !former->deactivated && former->takes(need.key_type)) {
            made.push_back(std::move(*former));
        }
    }
    if (made.empty()) {
        return base::fail(only_untrusted());
    }
    return made;
}

}  // namespace

CaNeed need_of(const std::optional<model::Endpoint>& endpoint, model::KeyType key_type,
               const std::optional<model::Certificate>& replaced, base::Time now)
{
    CaNeed need;
    if (endpoint) {
        need.policy = endpoint->ca_policy;
        need.profile = endpoint->profile;
    }
    need.key_type = key_type;
    need.trusted = replaced && replaced->trusted && !replaced->account.empty() &&
                   replaced->state == model::CertificateState::live && replaced->not_after > now;
    need.last_account = replaced ? replaced->account : std::string();
    return need;
}

base::Result<std::vector<CaAccount>> candidates(store::Transaction& tx, const CaNeed& need)
{
    TRY(all, tx.accounts.of_policy(need.policy));
    std::erase_if(all, [&](const CaAccount& each) { return !each.takes(need.key_type); });
    if (all.empty()) {
        return base::fail(no_account(need));
    }
    if (need.trusted) {
        std::erase_if(all, [](const CaAccount& each) { return !each.trusted; });
    }
    return all.empty() ? former_issuer(tx, need) : base::Result<std::vector<CaAccount>>(std::move(all));
}

base::Result<CaAccount> choose_account(store::Transaction& tx, const CaNeed& need, base::Time now)
{
    TRY(all, candidates(tx, need));
    for (auto& each : all) {
        TRY(wait, wait_for_ca(tx, each.directory_url, now));
        if (!wait && each.problem.none()) {
            return std::move(each);
        }
    }
    return std::move(all.front());
}

void assign(model::Order& order, const CaAccount& account, const CaNeed& need)
{
    order.account = account.id;
    order.profile = need.profile.empty() ? account.profile : need.profile;
}

}  // namespace issuance
