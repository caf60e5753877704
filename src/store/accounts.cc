// Tenants, tokens and CA accounts.
#include "store/json_text.h"
#include "store/query.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& tenant_table()
{
    static const sql::Table tenants("tenants", {"id", "name", "created_at"});
    return tenants;
}

model::Tenant read_tenant(sql::RowReader row)
{
    model::Tenant tenant;
    tenant.id = row.text();
    tenant.name = row.text();
    tenant.created_at = row.time();
    return tenant;
}

const sql::Table& token_table()
{
    static const sql::Table tokens("tokens", {"id", "tenant", "name", "secret_hash", "scopes", "created_at",
                                              "expires_at", "revoked_at"});
    return tokens;
}

model::Token read_token(sql::RowReader row)
{
    model::Token token;
    token.id = row.text();
    token.tenant = row.text();
    token.name = row.text();
    token.secret_hash = row.text();
    token.scopes = texts_from(row.text());
    token.created_at = row.time();
    token.expires_at = row.maybe_time();
    token.revoked_at = row.maybe_time();
    return token;
}

const sql::Table& account_table()
{
    static const sql::Table accounts(
        "ca_accounts", {"id", "name", "directory_url", "account_url", "contacts", "sealed_key", "thumbprint",
                        "eab_kid", "sealed_eab_key", "is_default", "deactivated", "created_at"});
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
    return account;
}

base::Result<> done(const base::Result<sql::Rows>& rows)
{
    return rows ? base::Result<>() : base::Result<>(base::fail(rows.error()));
}

}  // namespace

base::Result<> Tenants::put(const model::Tenant& tenant)
{
    return done(db_.execute(tenant_table().upsert(), sql::params(tenant.id, tenant.name, tenant.created_at)));
}

base::Result<model::Tenant> Tenants::get(const std::string& id)
{
    return one_record(db_.execute(tenant_table().get(), sql::params(id)), read_tenant, "tenant", id);
}

base::Result<std::vector<model::Tenant>> Tenants::list()
{
    static const auto text = tenant_table().select() + " ORDER BY id";
    return records_of(db_.execute(text), read_tenant);
}

base::Result<> Tokens::put(const model::Token& t)
{
    return done(db_.execute(token_table().upsert(),
                            sql::params(t.id, t.tenant, t.name, t.secret_hash, to_json(t.scopes),
                                        t.created_at, t.expires_at, t.revoked_at)));
}

base::Result<model::Token> Tokens::find(const std::string& secret_hash, base::Time now)
{
    static const auto text =
        token_table().select() +
        " WHERE secret_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    return one_record(db_.execute(text, sql::params(secret_hash, now)), read_token, "such", "token");
}

base::Result<std::vector<model::Token>> Tokens::list(const std::string& tenant)
{
    static const auto all = token_table().select() + " ORDER BY created_at, id";
    static const auto one = token_table().select() + " WHERE tenant = $1 ORDER BY created_at, id";
    return records_of(tenant.empty() ? db_.execute(all) : db_.execute(one, sql::params(tenant)), read_token);
}

base::Result<> Tokens::revoke(const std::string& id, base::Time now)
{
    return expect_row(
        db_.execute("UPDATE tokens SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 RETURNING id",
                    sql::params(id, now)),
        base::Errc::not_found, fmt::format("no token {}", id));
}

base::Result<> CaAccounts::put(const model::CaAccount& a)
{
    if (a.is_default) {
        CHECKED(db_.execute("UPDATE ca_accounts SET is_default = 0 WHERE is_default = 1 AND id <> $1",
                            sql::params(a.id)));
    }
    return done(db_.execute(
        account_table().upsert(),
        sql::params(a.id, a.name, a.directory_url, a.account_url, to_json(a.contacts), a.sealed_key,
                    a.thumbprint, a.eab_kid, a.sealed_eab_key, a.is_default, a.deactivated, a.created_at)));
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

}  // namespace store
