#include "store/batch.h"

#include "base/log.h"
#include "store/json_text.h"

#include <fmt/format.h>

#include <exception>

namespace store {

namespace {

struct Effects {
    std::vector<model::Revision> revisions;
    std::vector<model::Event> events;
};

// Calls the operation; what it throws is a bug of ours and must not end the store's thread.
base::Result<> call(const Store::Operation& operation, Transaction& transaction)
{
    try {
        return operation(transaction);
    } catch (const std::exception& bug) {
        base::log::error("store_operation_threw", {{"error", bug.what()}});
        return base::fail(base::Errc::internal, fmt::format("a store operation threw: {}", bug.what()));
    } catch (...) {
        base::log::error("store_operation_threw", {});
        return base::fail(base::Errc::internal, "a store operation threw");
    }
}

template <class T>
void move_to_end(std::vector<T>& to, std::vector<T> from)
{
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// One operation behind a savepoint. The outer Result fails when the whole transaction has.
base::Result<base::Result<>> run_one(sql::Connection& db, const Store::Operation& operation, Effects& effects)
{
    CHECKED(db.run("SAVEPOINT operation"));
    Transaction transaction(db);
    auto result = call(operation, transaction);
    if (db.health() != sql::Health::usable) {
        return base::fail(result ? base::Error(base::Errc::unavailable, "the database ended the transaction")
                                 : result.error());
    }
    if (result) {
        // Fails on PostgreSQL when the operation went on after a failed statement.
        result = db.run("RELEASE SAVEPOINT operation");
    }
    if (result) {
        move_to_end(effects.revisions, transaction.revisions.take_pending());
        move_to_end(effects.events, transaction.events.take_pending());
    } else {
        CHECKED(db.run("ROLLBACK TO SAVEPOINT operation; RELEASE SAVEPOINT operation"));
    }
    return result;
}

base::Result<> insert_revisions(sql::Connection& db, const std::vector<model::Revision>& revisions,
                                std::int64_t next)
{
    for (const auto& each : revisions) {
        CHECKED(
            db.execute("INSERT INTO revisions (number, kind, subject, edge_group) VALUES ($1, $2, $3, $4)",
                       sql::params(next++, model::to_string(each.kind), each.key, each.group)));
    }
    return {};
}

base::Result<> insert_events(sql::Connection& db, const std::vector<model::Event>& events, std::int64_t next)
{
    for (const auto& each : events) {
        CHECKED(
            db.execute("INSERT INTO events (number, tenant, subject, type, message, data, created_at) VALUES "
                       "($1, $2, $3, $4, $5, $6, $7)",
                       sql::params(next++, each.tenant, each.subject, each.type, each.message,
                                   to_json(each.data), each.created_at)));
    }
    return {};
}

// Gives numbers from the locked head row, last in the transaction: dense and in commit order, so that a
// reader never sees a number before all lower ones.
base::Result<std::int64_t> number(sql::Connection& db, const Effects& effects)
{
    if (effects.revisions.empty() && effects.events.empty()) {
        return 0;
    }
    const auto revisions = static_cast<std::int64_t>(effects.revisions.size());
    const auto events = static_cast<std::int64_t>(effects.events.size());
    TRY(rows, db.execute("UPDATE revision_head SET number = number + $1, event = event + $2 WHERE id = 1 "
                         "RETURNING number, event",
                         sql::params(revisions, events)));
    if (rows.empty()) {
        return base::fail(base::Errc::internal, "the revision head is missing");
    }
    sql::RowReader row(rows.front());
    const auto head = row.integer();
    const auto event = row.integer();
    CHECKED(insert_revisions(db, effects.revisions, head - revisions + 1));
    CHECKED(insert_events(db, effects.events, event - events + 1));
    return revisions > 0 ? head : 0;
}

base::Result<BatchOutcome> run_all(sql::Connection& db, std::span<Job> jobs)
{
    BatchOutcome outcome;
    Effects effects;
    for (auto& job : jobs) {
        TRY(result, run_one(db, job.operation, effects));
        outcome.results.push_back(std::move(result));
    }
    TRY(head, number(db, effects));
    outcome.head = head;
    return outcome;
}

}  // namespace

base::Result<BatchOutcome> run_batch(sql::Connection& db, std::span<Job> jobs, bool& commit_sent)
{
    commit_sent = false;
    CHECKED(db.begin());
    auto outcome = run_all(db, jobs);
    if (!outcome) {
        db.rollback();
        return outcome;
    }
    commit_sent = true;
    CHECKED(db.commit());
    return outcome;
}

base::Result<> run_read(sql::Connection& db, const Store::Operation& operation)
{
    CHECKED(db.begin());
    Transaction transaction(db);
    auto result = call(operation, transaction);
    db.rollback();
    return result;
}

}  // namespace store
