#include "store/query.h"

namespace store {

namespace {

constexpr std::string_view txt_columns = "SELECT owner, value, order_id, expires_at FROM challenge_txt ";
constexpr std::string_view token_columns =
    "SELECT token, thumbprint, order_id, expires_at, identifier FROM challenge_tokens ";

model::ChallengeTxt read_txt(sql::RowReader row)
{
    model::ChallengeTxt txt;
    txt.owner = row.text();
    txt.value = row.text();
    txt.order = row.text();
    txt.expires_at = row.time();
    return txt;
}

model::ChallengeToken read_token(sql::RowReader row)
{
    model::ChallengeToken token;
    token.token = row.text();
    token.thumbprint = row.text();
    token.order = row.text();
    token.expires_at = row.time();
    token.identifier = row.text();
    return token;
}

}  // namespace

base::Result<> Challenges::add_txt(const model::ChallengeTxt& txt)
{
    CHECKED(
        db_.execute("INSERT INTO challenge_txt (owner, value, order_id, expires_at) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (owner, value) DO UPDATE SET order_id = excluded.order_id, expires_at = "
                    "excluded.expires_at",
                    sql::params(txt.owner, txt.value, txt.order, txt.expires_at)));
    return {};
}

base::Result<> Challenges::remove_txt(const std::string& owner, const std::string& value)
{
    CHECKED(
        db_.execute("DELETE FROM challenge_txt WHERE owner = $1 AND value = $2", sql::params(owner, value)));
    return {};
}

base::Result<std::vector<model::ChallengeTxt>> Challenges::txt_of(const std::string& owner)
{
    static const auto text = std::string(txt_columns) + "WHERE owner = $1 ORDER BY value";
    return records_of(db_.execute(text, sql::params(owner)), read_txt);
}

base::Result<> Challenges::add_token(const model::ChallengeToken& token)
{
    CHECKED(db_.execute(
        "INSERT INTO challenge_tokens (token, thumbprint, order_id, expires_at, identifier) "
        "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (token)"
        " DO UPDATE SET thumbprint = excluded.thumbprint, order_id = excluded.order_id, "
        "expires_at = excluded.expires_at, identifier = excluded.identifier",
        sql::params(token.token, token.thumbprint, token.order, token.expires_at, token.identifier)));
    return {};
}

base::Result<> Challenges::remove_token(const std::string& token)
{
    CHECKED(db_.execute("DELETE FROM challenge_tokens WHERE token = $1", sql::params(token)));
    return {};
}

base::Result<std::optional<model::ChallengeToken>> Challenges::token(const std::string& token)
{
    static const auto text = std::string(token_columns) + "WHERE token = $1";
    return maybe_record(db_.execute(text, sql::params(token)), read_token);
}

base::Result<std::vector<model::ChallengeTxt>> Challenges::txt_of_order(const std::string& order)
{
    static const auto text = std::string(txt_columns) + "WHERE order_id = $1 ORDER BY owner, value";
    return records_of(db_.execute(text, sql::params(order)), read_txt);
}

base::Result<std::int64_t> Challenges::count_txt_of_others(const std::string& order)
{
    return one_record(
        db_.execute("SELECT COUNT(*) FROM challenge_txt WHERE order_id <> $1", sql::params(order)),
        [](sql::RowReader row) { return row.integer(); }, "count", "of TXT values");
}

base::Result<std::vector<model::ChallengeToken>> Challenges::tokens_of_order(const std::string& order)
{
    static const auto text = std::string(token_columns) + "WHERE order_id = $1 ORDER BY token";
    return records_of(db_.execute(text, sql::params(order)), read_token);
}

base::Result<std::vector<std::string>> Challenges::expired_orders(base::Time now, std::size_t limit)
{
    return records_of(
        db_.execute("SELECT order_id FROM challenge_txt WHERE expires_at <= $1 UNION SELECT order_id FROM "
                    "challenge_tokens WHERE expires_at <= $1 ORDER BY order_id LIMIT $2",
                    sql::params(now, limit)),
        [](sql::RowReader row) { return row.text(); });
}

base::Result<std::int64_t> Challenges::count()
{
    return one_record(
        db_.execute("SELECT (SELECT COUNT(*) FROM challenge_txt) + (SELECT COUNT(*) FROM challenge_tokens)"),
        [](sql::RowReader row) { return row.integer(); }, "count", "of challenges");
}

}  // namespace store
