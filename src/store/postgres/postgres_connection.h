// One libpq session. Internal to store/postgres.
#pragma once

#include "store/sql/connection.h"

#include <memory>
#include <string>
#include <unordered_map>

struct pg_conn;
struct pg_result;

namespace postgres {

struct Finish {
    void operator()(pg_conn* session) const;
};
struct Clear {
    void operator()(pg_result* result) const;
};
using Answer = std::unique_ptr<pg_result, Clear>;

class Connection final : public sql::Connection {
public:
    static base::Result<std::unique_ptr<Connection>> open(const std::string& url, sql::Access access);

    using sql::Connection::execute;
    base::Result<sql::Rows> execute(std::string_view text, const sql::Params& values) override;
    base::Result<> run(const std::string& text) override;
    base::Result<> begin() override;
    base::Result<> commit() override;
    void rollback() override;
    sql::Health health() const override { return health_; }
    const sql::Dialect& dialect() const override;
    base::Result<base::Time> now() override;
    base::Result<> lock_migrations() override;
    base::Result<> lock_tables(std::span<const std::string_view> tables) override;

private:
    explicit Connection(sql::Access access) : access_(access) {}

    base::Result<std::string> prepared(std::string_view text);
    base::Result<> checked(const Answer& answer, std::string_view doing);

    sql::Access access_;
    std::unique_ptr<pg_conn, Finish> session_;
    std::unordered_map<std::string, std::string> statements_;  // text -> name in this session
    sql::Health health_ = sql::Health::usable;
};

}  // namespace postgres
