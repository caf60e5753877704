#include "store/database_store.h"

#include "base/log.h"
#include "base/random.h"
#include "base/task.h"
#include "store/migrations.h"
#include "store/search.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace store {

namespace asio = boost::asio;

namespace {

constexpr std::size_t batch_limit = 256;
constexpr int reader_count = 2;

// Resumes the coroutine behind `handler` on its own executor, which runs until then.
template <class Handler>
std::move_only_function<void(base::Result<>)> resuming(Handler handler)
{
    auto home = asio::get_associated_executor(handler);
    return
        [handler = std::move(handler), home, kept = base::keep_running(home)](base::Result<> result) mutable {
            auto resume = [handler = std::move(handler), result = std::move(result),
                           kept = std::move(kept)]() mutable { std::move(handler)(std::move(result)); };
            asio::post(home, std::move(resume));
        };
}

// Has no cancellation of its own: the operation may refer to what the caller holds, so the caller stays until
// it has run, and is unwound by its next wait.
base::Task<> submit(JobQueue& queue, Store::Operation operation)
{
    auto start = [&queue](auto handler, Store::Operation work) {
        queue.push({.operation = std::move(work), .done = resuming(std::move(handler))});
    };
    return asio::async_initiate<const asio::use_awaitable_t<>, void(base::Result<>)>(
        start, asio::use_awaitable, std::move(operation));
}

// Lets the winner of a deadlock take its locks: who repeats at once takes them again and meets the same
// deadlock.
void step_aside(int attempt)
{
    const auto longest = static_cast<std::uint64_t>(20 * attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + base::random_below(longest)));
}

base::Error unknown_outcome(const base::Error& error)
{
    return base::Error(base::Errc::unavailable,
                       "the database was lost while it committed, so the change may or may not be there: " +
                           error.message())
        .with_code("commit_unknown")
        .with_fix("look whether the change is there before making it again");
}

}  // namespace

base::Result<std::unique_ptr<Store>> DatabaseStore::open(std::unique_ptr<sql::Driver> driver, int schema)
{
    std::unique_ptr<DatabaseStore> store(new DatabaseStore(std::move(driver)));
    TRY(writer, store->driver_->open(sql::Access::write));
    CHECKED(migrate(*writer, schema));
    if (schema == latest_schema()) {
        CHECKED(seal_rest(*writer));
    }
    store->writer_.connection = std::move(writer);
    for (int i = 0; i < reader_count; ++i) {
        TRY(reader, store->driver_->open(sql::Access::read));
        store->threads_.emplace_back(&DatabaseStore::read_loop, store.get(), std::move(reader));
    }
    store->threads_.emplace_back(&DatabaseStore::write_loop, store.get());
    return std::unique_ptr<Store>(std::move(store));
}

DatabaseStore::~DatabaseStore()
{
    writes_.close();
    reads_.close();
    threads_.clear();  // Joins.
}

base::Task<> DatabaseStore::run_write(Operation operation)
{
    return submit(writes_, std::move(operation));
}

base::Task<> DatabaseStore::run_read(Operation operation)
{
    return submit(reads_, std::move(operation));
}

base::Result<sql::Connection*> DatabaseStore::connect(Session& session)
{
    if (!session.connection) {
        TRY(connection, driver_->open(session.access));
        session.connection = std::move(connection);
        base::log::info("store_reconnected");
    }
    return session.connection.get();
}

void DatabaseStore::write_loop()
{
    for (auto jobs = writes_.take(batch_limit); !jobs.empty(); jobs = writes_.take(batch_limit)) {
        write(jobs);
    }
}

void DatabaseStore::write(std::span<Job> jobs)
{
    auto failure = write_together(jobs);
    if (!failure) {
        return;
    }
    if (failure->apart && jobs.size() > 1) {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            write(jobs.subspan(i, 1));
        }
        return;
    }
    base::log::warning("store_write_failed",
                       {{"operations", jobs.size()}, {"error", failure->error.message()}});
    BatchOutcome outcome;
    outcome.results.assign(jobs.size(), base::fail(failure->error));
    finish(jobs, std::move(outcome));
}

std::optional<DatabaseStore::Failure> DatabaseStore::write_together(std::span<Job> jobs)
{
    const int tries = jobs.size() == 1 ? 5 : 2;
    for (int attempt = 1;; ++attempt) {
        auto connection = connect(writer_);
        if (!connection) {
            return Failure{std::move(connection).error(), false};
        }
        bool commit_sent = false;
        auto outcome = run_batch(**connection, jobs, commit_sent);
        if (outcome) {
            finish(jobs, std::move(*outcome));
            return std::nullopt;
        }
        const auto health = (*connection)->health();
        const bool lost = health == sql::Health::lost;
        if (lost) {
            writer_.connection.reset();
            if (commit_sent) {
                return Failure{unknown_outcome(outcome.error()), false};
            }
        }
        const bool again = lost || health == sql::Health::retry;
        if (!again || attempt == tries) {
            return Failure{std::move(outcome).error(),
                           health == sql::Health::aborted || health == sql::Health::retry};
        }
        if (health == sql::Health::retry) {
            step_aside(attempt);
        }
    }
}

void DatabaseStore::finish(std::span<Job> jobs, BatchOutcome outcome)
{
    if (outcome.head > 0 && listener_) {
        listener_(outcome.head);
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        jobs[i].operation = nullptr;
        jobs[i].done(std::move(outcome.results[i]));
    }
}

void DatabaseStore::read_loop(std::unique_ptr<sql::Connection> connection)
{
    Session session{.access = sql::Access::read, .connection = std::move(connection)};
    for (auto jobs = reads_.take(1); !jobs.empty(); jobs = reads_.take(1)) {
        auto result = read(session, jobs.front().operation);
        jobs.front().operation = nullptr;
        jobs.front().done(std::move(result));
    }
}

base::Result<> DatabaseStore::read(Session& session, const Operation& operation)
{
    constexpr int tries = 2;
    for (int attempt = 1;; ++attempt) {
        TRY(connection, connect(session));
        auto result = store::run_read(*connection, operation);
        const auto health = connection->health();
        if (health == sql::Health::lost) {
            session.connection.reset();
        }
        const bool again = health == sql::Health::lost || health == sql::Health::retry;
        if (!again || attempt == tries) {
            return result;
        }
    }
}

}  // namespace store
