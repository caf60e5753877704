#include "store/json_text.h"
#include "store/query.h"
#include "store/session_tables.h"
#include "store/sql/table.h"

namespace store {

namespace {

const sql::Table& session_table()
{
    static const sql::Table sessions("sessions", {"secret_hash", "token", "created_at", "expires_at"});
    return sessions;
}

model::Session read_session(sql::RowReader row)
{
    model::Session session;
    session.secret_hash = row.text();
    session.token = row.text();
    session.created_at = row.time();
    session.expires_at = row.time();
    return session;
}

// Without its hash: a session has no use for it.
model::Token read_live_token(sql::RowReader row)
{
    model::Token token;
    token.id = row.text();
    token.tenant = row.text();
    token.name = row.text();
    token.scopes = texts_from(row.text());
    token.created_at = row.time();
    token.expires_at = row.maybe_time();
    return token;
}

}  // namespace

base::Result<> Sessions::put(const model::Session& s)
{
    CHECKED(db_.execute("DELETE FROM sessions WHERE expires_at <= $1", sql::params(s.created_at)));
    CHECKED(db_.execute("DELETE FROM sign_in_codes WHERE expires_at <= $1", sql::params(s.created_at)));
    CHECKED(db_.execute(session_table().upsert(),
                        sql::params(s.secret_hash, s.token, s.created_at, s.expires_at)));
    CHECKED(db_.execute(
        "DELETE FROM sessions WHERE secret_hash IN (SELECT secret_hash FROM sessions WHERE token = $1"
        " ORDER BY created_at DESC, secret_hash LIMIT 1000 OFFSET $2)",
        sql::params(s.token, static_cast<std::int64_t>(most_of_token))));
    return {};
}

base::Result<std::pair<model::Session, model::Token>> Sessions::find(const std::string& secret_hash,
                                                                     base::Time now)
{
    static const auto text = session_table().select() + " WHERE secret_hash = $1 AND expires_at > $2";
    TRY(session,
        one_record(db_.execute(text, sql::params(secret_hash, now)), read_session, "such", "session"));
    TRY(of, token(session.token, now));
    return std::pair(std::move(session), std::move(of));
}

base::Result<> Sessions::remove(const std::string& secret_hash)
{
    CHECKED(db_.execute("DELETE FROM sessions WHERE secret_hash = $1", sql::params(secret_hash)));
    return {};
}

base::Result<> Sessions::put_code(const model::SignInCode& code)
{
    TRY(now, db_.now());
    CHECKED(db_.execute("DELETE FROM sign_in_codes WHERE expires_at <= $1", sql::params(now)));
    CHECKED(db_.execute("INSERT INTO sign_in_codes (code_hash, token, expires_at) VALUES ($1, $2, $3)",
                        sql::params(code.code_hash, code.token, code.expires_at)));
    CHECKED(db_.execute(
        "DELETE FROM sign_in_codes WHERE code_hash IN (SELECT code_hash FROM sign_in_codes WHERE token = $1"
        " ORDER BY expires_at DESC, code_hash LIMIT 1000 OFFSET $2)",
        sql::params(code.token, static_cast<std::int64_t>(most_of_token))));
    return {};
}

base::Result<model::Token> Sessions::find_code(const std::string& code_hash, base::Time now)
{
    TRY(of, one_record(
                db_.execute("SELECT token FROM sign_in_codes WHERE code_hash = $1 AND expires_at > $2",
                            sql::params(code_hash, now)),
                [](sql::RowReader row) { return row.text(); }, "such", "code"));
    return token(of, now);
}

base::Result<model::Token> Sessions::take_code(const std::string& code_hash, base::Time now)
{
    TRY(of, one_record(
                db_.execute("DELETE FROM sign_in_codes WHERE code_hash = $1 AND expires_at > $2"
                            " RETURNING token",
                            sql::params(code_hash, now)),
                [](sql::RowReader row) { return row.text(); }, "such", "code"));
    return token(of, now);
}

base::Result<model::Token> Sessions::token(const std::string& id, base::Time now)
{
    return one_record(
        db_.execute("SELECT id, tenant, name, scopes, created_at, expires_at FROM tokens WHERE id = $1"
                    " AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
                    sql::params(id, now)),
        read_live_token, "live token", id);
}

}  // namespace store
