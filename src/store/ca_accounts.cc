// CA accounts, how their CAs do, and revocations.
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

#include <algorithm>

namespace store {

namespace {

const sql::Table& account_table()
{
    static const sql::Table accounts(
        "ca_accounts",
        {"id",         "name",     "directory_url",  "account_url",      "contacts",       "sealed_key",
         "thumbprint", "eab_kid",  "sealed_eab_key", "is_default",       "deactivated",    "created_at",
         "trusted",    "fallback", "profile",        "preferred_issuer", "key_types",      "caa_identities",
         "profiles",   "problem",  "rotation",       "sealed_next_key",  "next_thumbprint"});
    return accounts;
}

model::CaAccount read_account(sql::RowReader row)
{
    model::CaAccount account;
    account.id = row.text();
    account.name = row.text();
    account.directory_url = row.text();
    account.account_url = row.text();
    account.contacts = texts_from(row.text());
    account.sealed_key = row.bytes();
    account.thumbprint = row.text();
    account.eab_kid = row.text();
    account.sealed_eab_key = row.bytes();
    account.is_default = row.flag();
    account.deactivated = row.flag();
    account.created_at = row.time();
    account.trusted = row.flag();
    account.fallback = row.small();
    account.profile = row.text();
    account.preferred_issuer = row.text();
    account.key_types = key_types_from(row.text());
    account.caa_identities = texts_from(row.text());
    account.profiles = texts_from(row.text());
    account.problem = problem_from(row.text());
    account.rotation = known_or(model::key_rotation_from(row.text()), model::KeyRotation::none);
    account.sealed_next_key = row.bytes();
    account.next_thumbprint = row.text();
    return account;
}

const sql::Table& health_table()
{
    static const sql::Table health(
        "ca_health", {"directory_url", "state", "failures", "since", "probe_at", "problem", "limited_until"});
    return health;
}

model::CaHealth read_health(sql::RowReader row)
{
    model::CaHealth health;
    health.directory_url = row.text();
    health.state = known_or(model::ca_state_from(row.text()), model::CaState::healthy);
    health.failures = row.small();
    health.since = row.time();
    health.probe_at = row.time();
    health.problem = problem_from(row.text());
    health.limited_until = row.maybe_time();
    return health;
}

const sql::Table& revocation_table()
{
    static const sql::Table revocations(
        "revocations", {"certificate", "endpoint", "reason", "replace_it", "requested_at", "next_action_at",
                        "attempt", "problem", "revoked_at"});
    return revocations;
}

model::Revocation read_revocation(sql::RowReader row)
{
    model::Revocation revocation;
    revocation.certificate = row.text();
    revocation.endpoint = row.text();
    revocation.reason = row.small();
    revocation.replace = row.flag();
    revocation.requested_at = row.time();
    revocation.next_action_at = row.maybe_time();
    revocation.attempt = row.small();
    revocation.problem = problem_from(row.text());
    revocation.revoked_at = row.maybe_time();
    return revocation;
}

}  // namespace

base::Result<> CaAccounts::put(const model::CaAccount& a)
{
    if (a.is_default) {
        CHECKED(db_.execute("UPDATE ca_accounts SET is_default = 0 WHERE is_default = 1 AND id <> $1",
                            sql::params(a.id)));
    }
    CHECKED(db_.execute(
        account_table().upsert(),
        sql::params(a.id, a.name, a.directory_url, a.account_url, to_json(a.contacts), a.sealed_key,
                    a.thumbprint, a.eab_kid, a.sealed_eab_key, a.is_default, a.deactivated, a.created_at,
                    a.trusted, a.fallback, a.profile, a.preferred_issuer, to_json(a.key_types),
                    to_json(a.caa_identities), to_json(a.profiles), to_json(a.problem),
                    model::to_string(a.rotation), a.sealed_next_key, a.next_thumbprint)));
    return {};
}

base::Result<model::CaAccount> CaAccounts::get(const std::string& id)
{
    return one_record(
        db_.execute(account_table().get() + std::string(db_.dialect().row_lock), sql::params(id)),
        read_account, "CA account", id);
}

base::Result<model::CaAccount> CaAccounts::default_account()
{
    static const auto text = account_table().select() + " WHERE is_default = 1";
    return one_record(db_.execute(text), read_account, "default", "CA account");
}

base::Result<std::vector<model::CaAccount>> CaAccounts::list()
{
    static const auto text = account_table().select() + " ORDER BY created_at, id";
    return records_of(db_.execute(text), read_account);
}

base::Result<std::vector<model::CaAccount>> CaAccounts::of_policy(const std::vector<std::string>& names)
{
    TRY(all, list());
    std::erase_if(all, [](const model::CaAccount& each) { return each.deactivated; });
    std::vector<model::CaAccount> chosen;
    for (const auto& name : names) {
        const auto found = std::ranges::find_if(all, [&](const model::CaAccount& each) {
            return name == "default" ? each.is_default : each.name == name;
        });
        const bool again =
            found != all.end() && std::ranges::find(chosen, found->id, &model::CaAccount::id) != chosen.end();
        if (found != all.end() && !again) {
            chosen.push_back(*found);
        }
    }
    if (!chosen.empty()) {
        return chosen;
    }
    std::erase_if(all, [](const model::CaAccount& each) { return !each.is_default && each.fallback == 0; });
    std::ranges::sort(all, {}, [](const model::CaAccount& each) {
        return std::tuple(!each.is_default, each.fallback, each.created_at, each.id);
    });
    return std::move(all);
}

base::Result<std::int64_t> CaAccounts::orders_under_way(const std::string& account)
{
    TRY(now, db_.now());
    return one_record(
        db_.execute("SELECT COUNT(*) FROM orders WHERE finished = 0 AND account = $1 AND lease_until"
                    " > $2 AND status IN ('reserved', 'ordered', 'answering', 'proving',"
                    " 'finalizing')",
                    sql::params(account, now)),
        [](sql::RowReader row) { return row.integer(); }, "count of", "orders");
}

base::Result<model::CaHealth> CaAccounts::health(const std::string& directory_url)
{
    TRY(found, maybe_record(db_.execute(health_table().get() + std::string(db_.dialect().row_lock),
                                        sql::params(directory_url)),
                            read_health));
    model::CaHealth none;
    none.directory_url = directory_url;
    return found ? std::move(*found) : std::move(none);
}

base::Result<> CaAccounts::put_health(const model::CaHealth& h)
{
    CHECKED(db_.execute(health_table().upsert(),
                        sql::params(h.directory_url, model::to_string(h.state), h.failures, h.since,
                                    h.probe_at, to_json(h.problem), h.limited_until)));
    return {};
}

base::Result<std::vector<model::CaHealth>> CaAccounts::health_list()
{
    static const auto text = health_table().select() + " ORDER BY directory_url";
    return records_of(db_.execute(text), read_health);
}

base::Result<> Revocations::put(const model::Revocation& r)
{
    CHECKED(db_.execute(revocation_table().upsert(),
                        sql::params(r.certificate, r.endpoint, r.reason, r.replace, r.requested_at,
                                    r.next_action_at, r.attempt, to_json(r.problem), r.revoked_at)));
    return {};
}

base::Result<std::optional<model::Revocation>> Revocations::of_certificate(const std::string& certificate)
{
    return maybe_record(
        db_.execute(revocation_table().get() + std::string(db_.dialect().row_lock), sql::params(certificate)),
        read_revocation);
}

base::Result<std::vector<model::Revocation>> Revocations::due(base::Time now, std::size_t limit)
{
    static const auto text = revocation_table().select() +
                             " WHERE next_action_at IS NOT NULL AND next_action_at <= $1"
                             " ORDER BY next_action_at, certificate LIMIT $2";
    return records_of(db_.execute(text, sql::params(now, limit)), read_revocation);
}

base::Result<std::optional<model::Revocation>> Revocations::newest_of_endpoint(const std::string& endpoint)
{
    static const auto text =
        revocation_table().select() + " WHERE endpoint = $1 ORDER BY requested_at DESC LIMIT 1";
    return maybe_record(db_.execute(text, sql::params(endpoint)), read_revocation);
}

}  // namespace store
