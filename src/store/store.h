// Store: everything durable of a control node, on SQLite or PostgreSQL.
//
// Writes are group-committed: one writer thread takes operations (closures that read and write inside the
// transaction), runs a batch of them as one durable transaction with a savepoint each, so that one failure
// does not undo its neighbours, then numbers their revisions, commits, and acknowledges. Reads run beside it
// on their own connection and see only committed data. Both resume the caller on its own executor.
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "store/alert_tables.h"
#include "store/record_tables.h"
#include "store/session_tables.h"
#include "store/tables.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

namespace store {

// The tables, inside one transaction. Valid only during the operation it was given to.
class Transaction {
public:
    // `batch`: see Endpoints.
    explicit Transaction(sql::Connection& db, const EndpointCounts* batch = nullptr);

    Tenants tenants;
    Tokens tokens;
    Endpoints endpoints;
    Names names;
    Certificates certificates;
    Orders orders;
    CaAccounts accounts;
    Revocations revocations;
    Challenges challenges;
    Revisions revisions;
    Leases leases;
    Budgets budgets;
    Advice advice;
    Events events;
    EdgeNodes edges;
    Groups groups;
    Settings settings;
    Alerts alerts;
    NoticeQueue notices;
    Channels channels;
    Deliveries deliveries;
    Sessions sessions;
    RecordSets records;

    // The database's own time: what leases are measured in.
    base::Result<base::Time> now();

private:
    sql::Connection& db_;
};

class Store {
public:
    using Operation = std::function<base::Result<>(Transaction&)>;

    virtual ~Store() = default;

    // Runs `operation` durably; on success its effects are committed when this returns. The operation may run
    // again when the engine asks for a retry, so it must not touch anything but the transaction and its own
    // captures (overwriting).
    virtual base::Task<> run_write(Operation operation) = 0;
    virtual base::Task<> run_read(Operation operation) = 0;

    // Calls `listener` on the writer thread after each commit that appended revisions, with the new head.
    // Hint only: changes by other nodes are found by polling. One listener; set before the first write.
    virtual void on_revision(std::function<void(std::int64_t)> listener) = 0;

    // write([](Transaction& tx) -> Result<T> {...}) and read(...): the same with a value.
    template <class F>
    auto write(F function) -> base::Task<typename std::invoke_result_t<F, Transaction&>::value_type>
    {
        return with_value(*this, true, std::move(function));
    }
    template <class F>
    auto read(F function) -> base::Task<typename std::invoke_result_t<F, Transaction&>::value_type>
    {
        return with_value(*this, false, std::move(function));
    }

private:
    // One coroutine a type of value, not one a caller: coroutines are slow to compile.
    template <class Value>
    static base::Task<Value> run_for(Store& self, bool writes, Operation operation,
                                     std::shared_ptr<std::optional<Value>> value)
    {
        auto done =
            co_await (writes ? self.run_write(std::move(operation)) : self.run_read(std::move(operation)));
        if (!done) {
            co_return std::unexpected(std::move(done).error());
        }
        co_return std::move(**value);
    }

    template <class F>
    static auto with_value(Store& self, bool writes, F function)
        -> base::Task<typename std::invoke_result_t<F, Transaction&>::value_type>
    {
        using Value = typename std::invoke_result_t<F, Transaction&>::value_type;
        if constexpr (std::is_void_v<Value>) {
            return writes ? self.run_write(std::move(function)) : self.run_read(std::move(function));
        } else {
            auto value = std::make_shared<std::optional<Value>>();
            Operation operation = [value, function = std::move(function)](Transaction& tx) -> base::Result<> {
                auto result = function(tx);
                if (!result) {
                    return std::unexpected(std::move(result).error());
                }
                *value = std::move(*result);
                return {};
            };
            return run_for<Value>(self, writes, std::move(operation), std::move(value));
        }
    }
};

// Opens (and migrates) the database file, made with mode 0600. Errors: a database from a newer version (code
// store_newer), one that another process holds, a full disk (code disk_full), a path that cannot be written.
base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, base::Clock& clock);

// Opens (and migrates, under an advisory lock) a PostgreSQL database: "postgres://user@host/db" or a libpq
// string.
base::Result<std::unique_ptr<Store>> open_postgres(const std::string& url);

}  // namespace store
