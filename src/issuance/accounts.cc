#include "issuance/accounts.h"

#include "base/log.h"
#include "base/random.h"
#include "crypto/jose.h"
#include "issuance/budget.h"

namespace issuance {

namespace {

std::string key_context(const model::CaAccount& account)
{
    return "account/" + account.id;
}

std::string external_context(const model::CaAccount& account)
{
    return "account/" + account.id + "/external";
}

// Responders answer tokens of the default account by its thumbprint (DESIGN 2.1).
base::Result<> publish_thumbprint(store::Transaction& tx, const std::string& thumbprint)
{
    TRY(groups, tx.groups.list());
    for (auto& group : groups) {
        if (group.thumbprint != thumbprint) {
            group.thumbprint = thumbprint;
            CHECKED(tx.groups.put(group));
            tx.revisions.append(model::RevisionKind::group, group.name);
        }
    }
    return {};
}

}  // namespace

Accounts::Accounts(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer,
                   ClientFactory make_client)
    : store_(store), clock_(clock), sealer_(sealer), make_client_(std::move(make_client))
{
}

base::Result<model::CaAccount> Accounts::make_account(const AccountSettings& settings) const
{
    TRY(key, crypto::PrivateKey::generate(model::KeyType::ecdsa_p256));
    model::CaAccount account;
    account.id = base::new_id("ca");
    account.name = "default";
    account.directory_url = settings.directory_url;
    account.contacts = settings.contacts;
    account.sealed_key = sealer_.seal(key.to_pkcs8(), key_context(account));
    account.thumbprint = crypto::thumbprint(key);
    account.is_default = true;
    account.created_at = clock_.now();
    return account;
}

base::Task<model::CaAccount> Accounts::ensure_default(AccountSettings settings)
{
    CO_TRY(fresh, make_account(settings));
    auto ensure = [this, fresh, settings](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(known, tx.accounts.list());
        model::CaAccount chosen = fresh;
        // The first of this CA, but rather the one that somebody made the default.
        for (const auto& each : known) {
            const bool usable = each.directory_url == settings.directory_url && !each.deactivated;
            if (usable && (chosen.id == fresh.id || each.is_default)) {
                chosen = each;
            }
        }
        for (auto& each : known) {
            if (each.is_default && each.id != chosen.id) {
                each.is_default = false;
                each.name = each.directory_url;
                CHECKED(tx.accounts.put(each));
            }
        }
        chosen.is_default = true;
        chosen.name = "default";
        chosen.contacts = settings.contacts;
        if (settings.external) {
            chosen.eab_kid = settings.external->kid;
            chosen.sealed_eab_key = sealer_.seal(settings.external->mac_key, external_context(chosen));
        }
        CHECKED(tx.accounts.put(chosen));
        CHECKED(publish_thumbprint(tx, chosen.thumbprint));
        return chosen;
    };
    co_return co_await store_.write(std::move(ensure));
}

// Stored before the CA hears of it, and the default only once the CA has accepted it. The same name again
// goes on with an account that the CA has not accepted.
base::Task<model::CaAccount> Accounts::add(std::string name, AccountSettings settings, bool make_default)
{
    CO_TRY(fresh, make_account(settings));
    fresh.name = name;
    fresh.is_default = false;
    auto insert = [this, fresh, settings](store::Transaction& tx) -> base::Result<model::CaAccount> {
        TRY(known, tx.accounts.list());
        auto chosen = fresh;
        for (const auto& each : known) {
            if (each.name != fresh.name) {
                continue;
            }
            if (!each.account_url.empty() || each.directory_url != fresh.directory_url) {
                return base::fail(
                    base::Error(base::Errc::conflict, "a CA account is already called '" + each.name + "'")
                        .with_code("ca_account_exists")
                        .with_fix("choose another name"));
            }
            chosen = each;
            chosen.contacts = settings.contacts;
        }
        if (settings.external) {
            chosen.eab_kid = settings.external->kid;
            chosen.sealed_eab_key = sealer_.seal(settings.external->mac_key, external_context(chosen));
        }
        CHECKED(tx.accounts.put(chosen));
        return chosen;
    };
    CO_TRY(stored, co_await store_.write(std::move(insert)));
    CO_TRY(registered, co_await client(stored.id));
    static_cast<void>(registered);
    if (make_default) {
        auto prefer = [id = stored.id](store::Transaction& tx) -> base::Result<> {
            TRY(row, tx.accounts.get(id));
            row.is_default = true;
            CHECKED(tx.accounts.put(row));
            return publish_thumbprint(tx, row.thumbprint);
        };
        CO_CHECKED(co_await store_.write(std::move(prefer)));
    }
    co_return co_await account(stored.id);
}

base::Task<model::CaAccount> Accounts::account(std::string id)
{
    auto read = [id](store::Transaction& tx) { return tx.accounts.get(id); };
    co_return co_await store_.read(read);
}

base::Task<acme::Client*> Accounts::client(std::string id)
{
    CO_TRY(row, co_await account(id));
    auto& slot = clients_[id];
    if (!slot) {
        CO_TRY(secret, sealer_.open(row.sealed_key, key_context(row)));
        CO_TRY(key, crypto::PrivateKey::from_pkcs8(secret));
        slot = make_client_(row.directory_url, std::move(key));
        if (!row.account_url.empty()) {
            slot->use_account(row.account_url);
        }
    }
    auto* const client = slot.get();
    if (row.account_url.empty()) {
        CO_CHECKED(co_await register_account(*client, row));
    }
    co_return client;
}

// The CA counts new accounts from our address; a key that it knows already is no new account.
base::Task<acme::Account> Accounts::register_in_budget(acme::Client& client, model::CaAccount account,
                                                       std::optional<acme::ExternalAccount> external)
{
    const auto now = clock_.now();
    BudgetRequest request;
    request.account = account.id;
    request.directory_url = account.directory_url;
    auto reserve = [request, now](store::Transaction& tx) {
        return Budget::reserve_registration(tx, request.account, request.directory_url, now);
    };
    CO_TRY(reservation, co_await store_.write(std::move(reserve)));
    auto registered = co_await client.register_account(account.contacts, std::move(external));
    const bool answered =
        registered || !registered.error().code().empty() || registered.error().retry_after().has_value();
    const bool counted = registered ? registered->created : !answered;
    std::optional<base::Error> refused;
    if (!registered && registered.error().kind() == base::Errc::rate_limited) {
        refused = registered.error();
    }
    auto settle = [request, reservation, counted, refused, now](store::Transaction& tx) -> base::Result<> {
        CHECKED(Budget::settle(tx, reservation, counted ? Settlement::issued : Settlement::refunded, now));
        return refused ? Budget::block(tx, request, *refused, now) : base::Result<>();
    };
    CO_CHECKED(co_await store_.write(std::move(settle)));
    co_return registered;
}

base::Task<> Accounts::register_account(acme::Client& client, model::CaAccount account)
{
    std::optional<acme::ExternalAccount> external;
    if (!account.eab_kid.empty()) {
        CO_TRY(mac_key, sealer_.open(account.sealed_eab_key, external_context(account)));
        external.emplace();
        external->kid = account.eab_kid;
        external->mac_key = mac_key;
    }
    CO_TRY(registered, co_await register_in_budget(client, account, std::move(external)));
    const std::string url = registered.url;
    auto save = [id = account.id, url](store::Transaction& tx) -> base::Result<> {
        TRY(row, tx.accounts.get(id));
        row.account_url = url;
        return tx.accounts.put(row);
    };
    CO_CHECKED(co_await store_.write(std::move(save)));
    client.use_account(url);
    base::log::info("ca_account_ready", {{"account", account.id}, {"url", url}, {"new", registered.created}});
    co_return base::Result<>();
}

}  // namespace issuance
