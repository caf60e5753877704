#include "issuance/accounts.h"

#include "base/log.h"
#include "base/random.h"
#include "crypto/jose.h"
#include "issuance/budget.h"
#include "issuance/ca_directory.h"
#include "issuance/ca_health.h"
#include "issuance/store_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace issuance {

namespace {

constexpr const char* configured_directory = "ca.directory";

std::string external_context(const model::CaAccount& account)
{
    return "account/" + account.id + "/external";
}

base::Result<> make_default(store::Transaction& tx, model::CaAccount& account)
{
    account.is_default = true;
    CHECKED(tx.accounts.put(account));
    return publish_thumbprint(tx, account.thumbprint);
}

// A CA that is not there says nothing that people could read.
base::Error explained(base::Error error, const model::CaAccount& account)
{
    const bool silent = error.kind() == base::Errc::unavailable || error.kind() == base::Errc::timeout;
    if (!silent || !error.code().empty()) {
        return error;
    }
    return std::move(error)
        .with_code("ca_unavailable")
        .with_fix(fmt::format("Check the directory {}, and that this machine reaches it; then: certwright ca "
                              "register {}",
                              account.directory_url, account.name));
}

// The CA's short name, with a number when it is taken.
std::string free_name(const std::vector<model::CaAccount>& known, const model::CaAccount& account)
{
    const auto stem = short_name(account.directory_url);
    for (int number = 1;; ++number) {
        const auto name = number == 1 ? stem : fmt::format("{}-{}", stem, number);
        const bool taken = std::ranges::any_of(
            known, [&](const model::CaAccount& each) { return each.name == name && each.id != account.id; });
        if (!taken) {
            return name;
        }
    }
}

}  // namespace

std::string key_context(const model::CaAccount& account)
{
    return "account/" + account.id;
}

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

base::Result<model::CaAccount> find_account(store::Transaction& tx, const std::string& reference)
{
    TRY(known, tx.accounts.list());
    for (auto& each : known) {
        if (each.id == reference || each.name == reference || (reference == "default" && each.is_default)) {
            return std::move(each);
        }
    }
    return base::fail(base::Error(base::Errc::not_found,
                                  fmt::format("there is no CA account '{}'", reference.substr(0, 100)))
                          .with_code("ca_account_not_found")
                          .with_fix("See what exists with: certwright ca list"));
}

base::Result<> check_usable(const model::CaAccount& account)
{
    if (account.deactivated) {
        return base::fail(
            base::Error(base::Errc::conflict, fmt::format("the CA account '{}' is deactivated", account.name))
                .with_code("ca_account_deactivated")
                .with_fix("Make a new one: certwright ca add"));
    }
    if (account.account_url.empty()) {
        return base::fail(
            base::Error(base::Errc::conflict,
                        fmt::format("the CA has not registered the account '{}' yet", account.name))
                .with_code("ca_account_unregistered")
                .with_fix("Try: certwright ca register " + account.name));
    }
    return {};
}

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
    account.directory_url = settings.directory_url;
    account.contacts = settings.contacts;
    account.sealed_key = sealer_.seal(key.to_pkcs8(), key_context(account));
    account.thumbprint = crypto::thumbprint(key);
    account.trusted = !is_staging(settings.directory_url);
    account.created_at = clock_.now();
    return account;
}

void Accounts::set_external(model::CaAccount& account, const AccountSettings& settings) const
{
    if (settings.external) {
        account.eab_kid = settings.external->kid;
        account.sealed_eab_key = sealer_.seal(settings.external->mac_key, external_context(account));
    }
}

base::Task<model::CaAccount> Accounts::ensure_default(AccountSettings settings)
{
    CO_TRY(fresh, make_account(settings));
    auto ensure = [this, fresh, settings](store::Transaction& tx) { return ensure_in(tx, settings, fresh); };
    co_return co_await store_.write(std::move(ensure));
}

base::Result<model::CaAccount> Accounts::ensure_in(store::Transaction& tx, const AccountSettings& settings,
                                                   const model::CaAccount& fresh) const
{
    TRY(known, tx.accounts.list());
    TRY(before, tx.settings.get(configured_directory));
    // The first of this CA, but rather the one that somebody made the default.
    model::CaAccount configured = fresh;
    std::optional<model::CaAccount> standing;
    for (const auto& each : known) {
        const bool usable = each.directory_url == settings.directory_url && !each.deactivated;
        if (usable && (configured.id == fresh.id || each.is_default)) {
            configured = each;
        }
        if (each.is_default && !each.deactivated) {
            standing = each;
        }
    }
    configured.contacts = settings.contacts;
    set_external(configured, settings);
    if (configured.name.empty() || configured.name == "default") {
        configured.name = free_name(known, configured);
    }
    if (before != settings.directory_url) {
        CHECKED(tx.settings.put(configured_directory, settings.directory_url));
    }
    const bool kept = standing && before == settings.directory_url;
    if (!kept || standing->id == configured.id) {
        CHECKED(make_default(tx, configured));
        return configured;
    }
    CHECKED(tx.accounts.put(configured));
    CHECKED(publish_thumbprint(tx, standing->thumbprint));
    return std::move(*standing);
}

// Stored before the CA hears of it, and the default only once the CA has accepted it. The same name again
// goes on with an account that the CA has not accepted.
base::Task<model::CaAccount> Accounts::add(std::string name, AccountSettings settings, bool as_default)
{
    CO_TRY(fresh, make_account(settings));
    fresh.name = name;
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
        set_external(chosen, settings);
        CHECKED(tx.accounts.put(chosen));
        return chosen;
    };
    CO_TRY(stored, co_await store_.write(std::move(insert)));
    CO_TRY(registered, co_await client(stored.id));
    static_cast<void>(registered);
    if (as_default) {
        auto prefer = [id = stored.id](store::Transaction& tx) -> base::Result<> {
            TRY(row, tx.accounts.get(id));
            return make_default(tx, row);
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

base::Result<acme::Client*> Accounts::connected(const model::CaAccount& row)
{
    auto& slot = clients_[row.id];
    if (!slot.client || slot.thumbprint != row.thumbprint) {
        TRY(secret, sealer_.open(row.sealed_key, key_context(row)));
        TRY(key, crypto::PrivateKey::from_pkcs8(secret));
        if (slot.client) {
            retired_.push_back(std::move(slot.client));
        }
        slot.client = make_client_(row.directory_url, std::move(key));
        slot.thumbprint = row.thumbprint;
    }
    if (!row.account_url.empty()) {
        slot.client->use_account(row.account_url);
    }
    return slot.client.get();
}

base::Task<acme::Client*> Accounts::client(std::string id)
{
    CO_TRY(row, co_await account(id));
    CO_TRY(client, connected(row));
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
        StoreLedger ledger(tx);
        return Budget::reserve_registration(ledger, request.account, request.directory_url, now);
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
        StoreLedger ledger(tx);
        CHECKED(
            Budget::settle(ledger, reservation, counted ? Settlement::issued : Settlement::refunded, now));
        return refused ? Budget::block(ledger, request, *refused, now) : base::Result<>();
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
    auto attempt = co_await register_in_budget(client, account, std::move(external));
    if (!attempt) {
        co_return base::fail(explained(std::move(attempt).error(), account));
    }
    const auto& registered = *attempt;
    const std::string url = registered.url;
    auto save = [id = account.id, url](store::Transaction& tx) -> base::Result<> {
        TRY(row, tx.accounts.get(id));
        row.account_url = url;
        row.problem = {};
        return tx.accounts.put(row);
    };
    CO_CHECKED(co_await store_.write(std::move(save)));
    client.use_account(url);
    base::log::info("ca_account_ready", {{"account", account.id}, {"url", url}, {"new", registered.created}});
    co_return base::Result<>();
}

}  // namespace issuance
