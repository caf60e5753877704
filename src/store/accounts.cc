// Tenants and tokens.
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
    return one_record(db_.execute(text + std::string(db_.dialect().row_lock), sql::params(secret_hash, now)),
                      read_token, "such", "token");
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

}  // namespace store
