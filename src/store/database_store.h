// DatabaseStore: the Store over any engine. One writer thread, two reader threads. Internal to store/.
#pragma once

#include "store/batch.h"
#include "store/job_queue.h"
#include "store/sql/connection.h"
#include "store/store.h"

#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace store {

class DatabaseStore final : public Store {
public:
    // Migrates to `schema` first (latest_schema() except in tests).
    static base::Result<std::unique_ptr<Store>> open(std::unique_ptr<sql::Driver> driver, int schema);

    // Finishes what is queued. The executors of waiting callers must still be there.
    ~DatabaseStore() override;

    base::Task<> run_write(Operation operation) override;
    base::Task<> run_read(Operation operation) override;
    void on_revision(std::function<void(std::int64_t)> listener) override { listener_ = std::move(listener); }

private:
    // A session that is opened again after it was lost. Used by one thread.
    struct Session {
        sql::Access access;
        std::unique_ptr<sql::Connection> connection;
    };

    // Why a batch was not committed; `apart`: its operations may still succeed one by one.
    struct Failure {
        base::Error error;
        bool apart = false;
    };

    explicit DatabaseStore(std::unique_ptr<sql::Driver> driver) : driver_(std::move(driver)) {}

    base::Result<sql::Connection*> connect(Session& session);
    void write_loop();
    void read_loop(std::unique_ptr<sql::Connection> connection);
    void write(std::span<Job> jobs);
    std::optional<Failure> write_together(std::span<Job> jobs);
    void finish(std::span<Job> jobs, BatchOutcome outcome);
    base::Result<> read(Session& session, const Operation& operation);

    std::unique_ptr<sql::Driver> driver_;
    Session writer_{.access = sql::Access::write, .connection = nullptr};
    std::function<void(std::int64_t)> listener_;  // Set before the first write.
    JobQueue writes_;
    JobQueue reads_;
    std::vector<std::jthread> threads_;
};

}  // namespace store
