#include "store/postgres/postgres_connection.h"

#include "store/postgres/postgres_error.h"

#include <fmt/format.h>

#include <libpq-fe.h>

#include <array>
#include <charconv>

namespace postgres {

namespace {

// pg_type.dat: the object identifiers of built-in types never change.
enum : Oid {
    bool_oid = 16,
    bytea_oid = 17,
    int8_oid = 20,
    int2_oid = 21,
    int4_oid = 23,
    float4_oid = 700,
    float8_oid = 701,
    numeric_oid = 1700
};

// Parameters in the form that PQexecPrepared wants. Texts live as long as the object.
class Bound {
public:
    explicit Bound(const sql::Params& values)
    {
        texts_.reserve(values.size());
        for (const auto& value : values) {
            add(value);
        }
    }

    int count() const { return static_cast<int>(pointers_.size()); }
    const char* const* values() const { return pointers_.data(); }
    const int* lengths() const { return lengths_.data(); }
    const int* formats() const { return formats_.data(); }

private:
    void add(const sql::Value& value)
    {
        bool binary = false;
        bool null = false;
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            texts_.push_back(fmt::to_string(*number));
        } else if (const auto* real = std::get_if<double>(&value)) {
            texts_.push_back(fmt::format("{}", *real));
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            texts_.push_back(*text);
        } else if (const auto* bytes = std::get_if<base::Bytes>(&value)) {
            texts_.emplace_back(base::as_text(*bytes));
            binary = true;
        } else {
            texts_.emplace_back();
            null = true;
        }
        pointers_.push_back(null ? nullptr : texts_.back().c_str());
        lengths_.push_back(static_cast<int>(texts_.back().size()));
        formats_.push_back(binary ? 1 : 0);
    }

    std::vector<std::string> texts_;
    std::vector<const char*> pointers_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

bool has_nul(const sql::Params& values)
{
    return std::ranges::any_of(values, [](const sql::Value& value) {
        const auto* text = std::get_if<std::string>(&value);
        return text != nullptr && text->contains('\0');
    });
}

sql::Value value_of(const pg_result* result, int row, int column)
{
    if (PQgetisnull(result, row, column) != 0) {
        return {};
    }
    const std::string_view text(PQgetvalue(result, row, column),
                                static_cast<std::size_t>(PQgetlength(result, row, column)));
    switch (PQftype(result, column)) {
        case int2_oid:
        case int4_oid:
        case int8_oid: {
            std::int64_t number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return number;
        }
        case bool_oid:
            return std::int64_t{text == "t" ? 1 : 0};
        case float4_oid:
        case float8_oid:
        case numeric_oid: {
            double number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return number;
        }
        case bytea_oid: {
            auto bytes = base::from_hex(text.starts_with("\\x") ? text.substr(2) : text);
            return bytes ? std::move(*bytes) : base::Bytes{};
        }
        default:
            return std::string(text);
    }
}

sql::Rows rows_of(const pg_result* result)
{
    const int columns = PQnfields(result);
    sql::Rows rows(static_cast<std::size_t>(PQntuples(result)));
    for (std::size_t row = 0; row < rows.size(); ++row) {
        rows[row].reserve(static_cast<std::size_t>(columns));
        for (int column = 0; column < columns; ++column) {
            rows[row].push_back(value_of(result, static_cast<int>(row), column));
        }
    }
    return rows;
}

}  // namespace

void Finish::operator()(pg_conn* session) const
{
    PQfinish(session);
}

void Clear::operator()(pg_result* result) const
{
    PQclear(result);
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::string& url, sql::Access access)
{
    // A later word wins, so the URL can override each of these bounds.
    const std::array words{"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                           "keepalives_count", "tcp_user_timeout", "application_name",
                           "client_encoding",  "dbname",           static_cast<const char*>(nullptr)};
    const std::array values{
        "5", "10", "3", "3", "15000", "certwright", "UTF8", url.c_str(), static_cast<const char*>(nullptr)};
    std::unique_ptr<Connection> connection(new Connection(access));
    connection->session_.reset(PQconnectdbParams(words.data(), values.data(), 1));
    auto* session = connection->session_.get();
    if (PQstatus(session) != CONNECTION_OK) {
        return base::fail(
            describe("", session != nullptr ? PQerrorMessage(session) : "out of memory", "connect"));
    }
    PQsetNoticeProcessor(session, [](void*, const char*) {}, nullptr);
    return connection;
}

base::Result<> Connection::checked(const Answer& answer, std::string_view doing)
{
    const auto status = PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        return {};
    }
    const char* field = answer ? PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE) : nullptr;
    const bool broken = PQstatus(session_.get()) != CONNECTION_OK;
    const std::string state = field != nullptr ? field : "";
    // Writing in a read transaction is our own fault; in a write one it means that the server has become a
    // replica.
    const bool own_fault = access_ == sql::Access::read && state == "25006";
    const auto health = broken ? sql::Health::lost : own_fault ? sql::Health::usable : health_after(state);
    if (health != sql::Health::usable) {
        health_ = health;
    }
    return base::fail(describe(broken ? "" : state, PQerrorMessage(session_.get()), doing));
}

base::Result<std::string> Connection::prepared(std::string_view text)
{
    const std::string key(text);
    if (const auto found = statements_.find(key); found != statements_.end()) {
        return found->second;
    }
    auto name = fmt::format("s{}", statements_.size());
    const Answer answer(PQprepare(session_.get(), name.c_str(), key.c_str(), 0, nullptr));
    CHECKED(checked(answer, text));
    statements_.emplace(key, name);
    return name;
}

base::Result<sql::Rows> Connection::execute(std::string_view text, const sql::Params& values)
{
    if (has_nul(values)) {
        return base::fail(base::Errc::invalid, "a text with a NUL character cannot be stored");
    }
    TRY(name, prepared(text));
    const Bound bound(values);
    const Answer answer(PQexecPrepared(session_.get(), name.c_str(), bound.count(), bound.values(),
                                       bound.lengths(), bound.formats(), 0));
    CHECKED(checked(answer, text));
    return rows_of(answer.get());
}

base::Result<> Connection::run(const std::string& text)
{
    const Answer answer(PQexec(session_.get(), text.c_str()));
    return checked(answer, text);
}

base::Result<> Connection::begin()
{
    health_ = sql::Health::usable;
    // Bounds that keep a stuck statement, or a node that froze inside a transaction, from holding locks for
    // ever.
    static const std::string bounds =
        "; SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '60s'";
    return run((access_ == sql::Access::write ? "BEGIN ISOLATION LEVEL READ COMMITTED"
                                              : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") +
               bounds);
}

base::Result<> Connection::commit()
{
    // COMMIT of a failed transaction is answered by a ROLLBACK that looks like success.
    if (PQtransactionStatus(session_.get()) == PQTRANS_INERROR) {
        rollback();
        return base::fail(base::Errc::internal,
                          "PostgreSQL: the transaction went on after a failed statement");
    }
    auto done = run("COMMIT");
    if (!done && health_ == sql::Health::usable) {
        health_ = sql::Health::aborted;
    }
    return done;
}

void Connection::rollback()
{
    if (PQtransactionStatus(session_.get()) != PQTRANS_IDLE) {
        const Answer ignored(PQexec(session_.get(), "ROLLBACK"));
        if (PQstatus(session_.get()) != CONNECTION_OK) {
            health_ = sql::Health::lost;
        }
    }
}

const sql::Dialect& Connection::dialect() const
{
    static const sql::Dialect writing{.text_type = "TEXT COLLATE \"C\"",
                                      .bytes_type = "BYTEA",
                                      .row_lock = " FOR UPDATE",
                                      .skip_locked = " FOR UPDATE SKIP LOCKED"};
    static const sql::Dialect reading{
        .text_type = writing.text_type, .bytes_type = writing.bytes_type, .row_lock = "", .skip_locked = ""};
    return access_ == sql::Access::write ? writing : reading;
}

base::Result<base::Time> Connection::now()
{
    TRY(rows, execute("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"));
    return sql::RowReader(rows.front()).time();
}

base::Result<> Connection::lock_migrations()
{
    constexpr std::int64_t certwright_schema = 0x6365727477726774;  // "certwrgt"
    CHECKED(run("SET LOCAL statement_timeout = 0"));
    return run(fmt::format("SELECT pg_advisory_xact_lock({})", certwright_schema));
}

base::Result<> Connection::lock_tables(std::span<const std::string_view> tables)
{
    for (const auto table : tables) {
        TRY(rows, execute("SELECT to_regclass($1) IS NOT NULL", sql::params(std::string(table))));
        if (sql::RowReader(rows.front()).integer() != 0) {
            CHECKED(run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table)));
        }
    }
    return {};
}

}  // namespace postgres
