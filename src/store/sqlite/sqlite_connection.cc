#include "store/sqlite/sqlite_connection.h"

#include "store/sqlite/sqlite_error.h"

#include <sqlite3.h>

#include <charconv>

namespace sqlite {

namespace {

// Places are named ($3), so their index in the statement follows the order of appearance, not the number.
std::size_t number_of(sqlite3_stmt* statement, int index)
{
    const char* name = sqlite3_bind_parameter_name(statement, index);
    const std::string_view text = name != nullptr ? name : "";
    std::size_t number = 0;
    if (text.starts_with('$')) {
        std::from_chars(text.data() + 1, text.data() + text.size(), number);
    }
    return number;
}

int bind(sqlite3_stmt* statement, int index, const sql::Value& value)
{
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        return sqlite3_bind_int64(statement, index, *number);
    }
    if (const auto* real = std::get_if<double>(&value)) {
        return sqlite3_bind_double(statement, index, *real);
    }
    if (const auto* text = std::get_if<std::string>(&value)) {
        return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    if (const auto* bytes = std::get_if<base::Bytes>(&value)) {
        // An empty vector has no data pointer, and a null pointer would bind NULL.
        return sqlite3_bind_blob64(statement, index,
                                   bytes->empty() ? "" : static_cast<const void*>(bytes->data()),
                                   bytes->size(), SQLITE_STATIC);
    }
    return sqlite3_bind_null(statement, index);
}

int bind_all(sqlite3_stmt* statement, const std::vector<std::size_t>& places, const sql::Params& values)
{
    for (std::size_t at = 0; at < places.size(); ++at) {
        const auto number = places[at];
        if (number == 0 || number > values.size()) {
            return SQLITE_RANGE;
        }
        if (const int code = bind(statement, static_cast<int>(at) + 1, values[number - 1]);
            code != SQLITE_OK) {
            return code;
        }
    }
    return SQLITE_OK;
}

sql::Value column(sqlite3_stmt* statement, int index)
{
    const auto size = [&] { return static_cast<std::size_t>(sqlite3_column_bytes(statement, index)); };
    switch (sqlite3_column_type(statement, index)) {
        case SQLITE_INTEGER:
            return std::int64_t{sqlite3_column_int64(statement, index)};
        case SQLITE_FLOAT:
            return sqlite3_column_double(statement, index);
        case SQLITE_TEXT: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
            return std::string(text, size());
        }
        case SQLITE_BLOB: {
            const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
            return base::Bytes(bytes, bytes + size());
        }
        default:
            return {};
    }
}

sql::Row row(sqlite3_stmt* statement)
{
    sql::Row values;
    const int count = sqlite3_column_count(statement);
    values.reserve(static_cast<std::size_t>(count));
    for (int index = 0; index < count; ++index) {
        values.push_back(column(statement, index));
    }
    return values;
}

// Ends a statement's use, whichever way its caller leaves.
class Reset {
public:
    explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
    Reset(const Reset&) = delete;
    Reset& operator=(const Reset&) = delete;
    ~Reset()
    {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }

private:
    sqlite3_stmt* statement_;
};

}  // namespace

void Close::operator()(sqlite3* db) const
{
    sqlite3_close_v2(db);
}

void Finalize::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}

base::Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file,
                                                           sql::Access access, base::Clock& clock)
{
    std::unique_ptr<Connection> connection(new Connection(access, clock));
    sqlite3* db = nullptr;
    const int code = sqlite3_open_v2(
        file.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    connection->db_.reset(db);
    if (code != SQLITE_OK) {
        return base::fail(connection->failure(code, "open " + file.string()));
    }
    // A commit is durable when it returns: synchronous=FULL also syncs the write-ahead log.
    CHECKED(
        connection->run("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; "
                        "PRAGMA journal_mode = WAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000"));
    if (access == sql::Access::read) {
        CHECKED(connection->run("PRAGMA query_only = ON"));
    }
    return connection;
}

base::Result<const Connection::Prepared*> Connection::prepared(std::string_view text)
{
    if (const auto known = statements_.find(text); known != statements_.end()) {
        return &known->second;
    }
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_.get(), text.data(), static_cast<int>(text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
        return base::fail(failure(code, text));
    }
    Prepared made;
    made.statement.reset(statement);
    for (int index = 1; index <= sqlite3_bind_parameter_count(statement); ++index) {
        made.places.push_back(number_of(statement, index));
    }
    return &statements_.emplace(text, std::move(made)).first->second;
}

base::Result<sql::Rows> Connection::execute(std::string_view text, const sql::Params& values)
{
    TRY(known, prepared(text));
    auto* const statement = known->statement.get();
    const Reset reset(statement);
    if (const int code = bind_all(statement, known->places, values); code != SQLITE_OK) {
        return base::fail(failure(code, text));
    }
    sql::Rows rows;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
        rows.push_back(row(statement));
    }
    if (code != SQLITE_DONE) {
        return base::fail(failure(code, text));
    }
    return rows;
}

// A single statement is kept: the same few surround each transaction.
base::Result<> Connection::run(const std::string& text)
{
    if (!text.contains(';')) {
        CHECKED(execute(text));
        return {};
    }
    const int code = sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return base::fail(failure(code, text));
    }
    return {};
}

base::Result<> Connection::begin()
{
    health_ = sql::Health::usable;
    CHECKED(run(access_ == sql::Access::write ? "BEGIN IMMEDIATE" : "BEGIN"));
    in_transaction_ = true;
    return {};
}

base::Result<> Connection::commit()
{
    auto done = run("COMMIT");
    if (!done) {
        rollback();
        health_ = sql::Health::aborted;
        return done;
    }
    in_transaction_ = false;
    return {};
}

void Connection::rollback()
{
    in_transaction_ = false;
    if (sqlite3_get_autocommit(db_.get()) == 0) {
        static_cast<void>(run("ROLLBACK"));
    }
}

const sql::Dialect& Connection::dialect() const
{
    static const sql::Dialect words{
        .text_type = "TEXT", .bytes_type = "BLOB", .row_lock = "", .skip_locked = ""};
    return words;
}

base::Error Connection::failure(int code, std::string_view doing)
{
    if (in_transaction_ && sqlite3_get_autocommit(db_.get()) != 0) {
        health_ = sql::Health::aborted;
    }
    return describe(db_.get(), code, doing);
}

}  // namespace sqlite
