// What people and a change of key do to accounts that exist.
#include "base/log.h"
#include "crypto/jose.h"
#include "issuance/accounts.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

constexpr std::size_t certificates_at_once = 200;

std::string next_key_context(const model::CaAccount& account)
{
    return "account/" + account.id + "/next";
}

base::Result<> apply(model::CaAccount& account, const AccountChange& change)
{
    if (change.make_default || change.fallback.value_or(0) > 0) {
        CHECKED(check_usable(account));
    }
    account.fallback = change.fallback.value_or(account.fallback);
    account.profile = change.profile.value_or(account.profile);
    account.preferred_issuer = change.preferred_issuer.value_or(account.preferred_issuer);
    account.key_types = change.key_types.value_or(account.key_types);
    account.trusted = change.trusted.value_or(account.trusted);
    const bool offered = account.profile.empty() || account.profiles.empty() ||
                         std::ranges::find(account.profiles, account.profile) != account.profiles.end();
    if (!offered) {
        return base::fail(
            base::Error(base::Errc::invalid,
                        fmt::format("the CA of '{}' has no profile '{}'; it offers: {}", account.name,
                                    account.profile, fmt::join(account.profiles, ", ")))
                .with_code("ca_profile_unknown")
                .with_fix("Choose one that the CA offers, or none."));
    }
    return {};
}

base::Result<> mark(store::Transaction& tx, model::Certificate certificate, bool trusted)
{
    certificate.trusted = trusted;
    CHECKED(tx.certificates.update(certificate));
    if (!certificate.endpoint.empty()) {
        tx.revisions.append(model::RevisionKind::route, certificate.endpoint, certificate.edge_group);
    }
    return {};
}

std::vector<std::string> names_of(const std::map<std::string, std::string>& profiles)
{
    std::vector<std::string> names;
    for (const auto& [name, description] : profiles) {
        names.push_back(name);
    }
    return names;
}

}  // namespace

base::Task<model::CaAccount> Accounts::change(std::string reference, AccountChange change)
{
    auto write = [reference, change](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(account, find_account(tx, reference));
        CHECKED(apply(account, change));
        if (change.make_default) {
            account.is_default = true;
            account.fallback = 0;
            CHECKED(publish_thumbprint(tx, account.thumbprint));
        }
        CHECKED(tx.accounts.put(account));
        return account;
    };
    CO_TRY(changed, co_await store_.write(std::move(write)));
    if (change.trusted) {
        CO_CHECKED(co_await mark_certificates(changed.id, *change.trusted));
    }
    co_return std::move(changed);
}

base::Task<> Accounts::mark_certificates(std::string account, bool trusted)
{
    std::string after;
    do {
        auto write = [account, after, trusted](store::Transaction& tx) -> base::Result<std::string> {
            TRY(issued, tx.certificates.of_account(account, after, certificates_at_once));
            for (const auto& each : issued) {
                if (each.trusted != trusted) {
                    CHECKED(mark(tx, each, trusted));
                }
            }
            return issued.size() < certificates_at_once ? std::string() : issued.back().id;
        };
        CO_TRY(last, co_await store_.write(std::move(write)));
        after = last;
    } while (!after.empty());
    co_return base::Result<>();
}

base::Task<model::CaAccount> Accounts::register_again(std::string reference)
{
    auto read = [reference](store::Transaction& tx) { return find_account(tx, reference); };
    CO_TRY(account, co_await store_.read(std::move(read)));
    if (account.deactivated) {
        co_return base::fail(check_usable(account).error());
    }
    CO_TRY(client, connected(account));
    CO_CHECKED(co_await register_account(*client, account));
    co_return co_await this->account(account.id);
}

base::Task<model::CaAccount> Accounts::deactivate(std::string reference)
{
    auto read = [reference](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(account, find_account(tx, reference));
        if (account.is_default) {
            return base::fail(
                base::Error(base::Errc::conflict, fmt::format("'{}' is the default account", account.name))
                    .with_code("ca_account_default")
                    .with_fix("Make another one the default first: certwright ca set NAME --default"));
        }
        if (account.rotation != model::KeyRotation::none) {
            return base::fail(base::Error(base::Errc::conflict,
                                          fmt::format("the key of '{}' is being changed", account.name))
                                  .with_code("ca_account_busy")
                                  .with_fix("Wait until that is done: certwright ca show " + account.name));
        }
        return account;
    };
    CO_TRY(account, co_await store_.read(std::move(read)));
    if (!account.deactivated && !account.account_url.empty()) {
        CO_TRY(client, connected(account));
        auto done = co_await client->deactivate_account();
        // What the CA does not know any more needs no deactivation.
        if (!done && done.error().kind() != base::Errc::unauthorized &&
            done.error().kind() != base::Errc::not_found) {
            co_return base::fail(std::move(done).error());
        }
    }
    auto write = [id = account.id](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(row, tx.accounts.get(id));
        row.deactivated = true;
        row.fallback = 0;
        CHECKED(tx.accounts.put(row));
        return row;
    };
    co_return co_await store_.write(std::move(write));
}

base::Task<bool> Accounts::learn_directories()
{
    auto read = [](store::Transaction& tx) { return tx.accounts.list(); };
    CO_TRY(all, co_await store_.read(read));
    bool complete = true;
    for (const auto& each : all) {
        if (each.deactivated) {
            continue;
        }
        CO_TRY(client, connected(each));
        auto directory = co_await client->directory();
        if (!directory) {
            base::log::warning(
                "ca_unreachable",
                {{"account", each.name}, {"ca", each.directory_url}, {"error", directory.error().message()}});
            complete = false;
            continue;
        }
        auto profiles = names_of(directory->profiles);
        if (directory->caa_identities == each.caa_identities && profiles == each.profiles) {
            continue;
        }
        auto write = [id = each.id, identities = directory->caa_identities,
                      profiles](store::Transaction& tx) -> base::Result<> {
            TRY(row, tx.accounts.get(id));
            row.caa_identities = identities;
            row.profiles = profiles;
            return tx.accounts.put(row);
        };
        CO_CHECKED(co_await store_.write(std::move(write)));
    }
    co_return complete;
}

base::Result<Accounts::Keys> Accounts::both_keys(const model::CaAccount& account) const
{
    TRY(secret, sealer_.open(account.sealed_key, key_context(account)));
    TRY(key, crypto::PrivateKey::from_pkcs8(secret));
    TRY(next_secret, sealer_.open(account.sealed_next_key, next_key_context(account)));
    TRY(next, crypto::PrivateKey::from_pkcs8(next_secret));
    return Keys{make_client_(account.directory_url, std::move(key)),
                make_client_(account.directory_url, next), next};
}

void Accounts::seal_next_key(model::CaAccount& account, const crypto::PrivateKey& key) const
{
    account.sealed_next_key = sealer_.seal(key.to_pkcs8(), next_key_context(account));
    account.next_thumbprint = crypto::thumbprint(key);
}

base::Result<> Accounts::take_next_key(store::Transaction& tx, model::CaAccount& account) const
{
    TRY(secret, sealer_.open(account.sealed_next_key, next_key_context(account)));
    account.sealed_key = sealer_.seal(secret, key_context(account));
    account.thumbprint = account.next_thumbprint;
    account.sealed_next_key.clear();
    account.next_thumbprint.clear();
    account.rotation = model::KeyRotation::publishing;
    return account.is_default ? publish_thumbprint(tx, account.thumbprint) : base::Result<>();
}

}  // namespace issuance
