// SQLite as an engine. Internal to store/sqlite.
#pragma once

#include "store/sql/connection.h"

#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace sqlite {

struct Close {
    void operator()(sqlite3* db) const;
};
struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
};

class Connection final : public sql::Connection {
public:
    // The file exists. `clock` outlives the connection.
    static base::Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file,
                                                          sql::Access access, base::Clock& clock);

    using sql::Connection::execute;
    base::Result<sql::Rows> execute(std::string_view text, const sql::Params& values) override;
    base::Result<> run(const std::string& text) override;
    base::Result<> begin() override;
    base::Result<> commit() override;
    void rollback() override;
    sql::Health health() const override { return health_; }
    const sql::Dialect& dialect() const override;
    base::Result<base::Time> now() override { return clock_.now(); }
    base::Result<> lock_migrations() override { return {}; }  // BEGIN IMMEDIATE is enough.
    base::Result<> lock_tables(std::span<const std::string_view> /*tables*/) override { return {}; }

private:
    Connection(sql::Access access, base::Clock& clock) : access_(access), clock_(clock) {}

    struct Prepared {
        std::unique_ptr<sqlite3_stmt, Finalize> statement;
        std::vector<std::size_t> places;  // by index in the statement: which of the values
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };

    base::Result<const Prepared*> prepared(std::string_view text);
    base::Error failure(int code, std::string_view doing);

    sql::Access access_;
    base::Clock& clock_;
    std::unique_ptr<sqlite3, Close> db_;
    std::unordered_map<std::string, Prepared, Hash, std::equal_to<>> statements_;
    bool in_transaction_ = false;
    sql::Health health_ = sql::Health::usable;
};

}  // namespace sqlite
