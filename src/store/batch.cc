#include "store/batch.h"

#include "base/log.h"
#include "store/json_text.h"
#include "store/search.h"
#include "store/sql/many_rows.h"

#include <fmt/format.h>

#include <exception>
#include <map>

namespace store {

namespace {

struct Effects {
    std::vector<model::Revision> revisions;
    std::vector<model::Event> events;
    EndpointCounts endpoints;
    SearchLines lines;
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

// One operation behind the savepoint that is set; `then` ends the savepoint when it succeeded. The outer
// Result fails when the whole transaction has.
base::Result<base::Result<>> run_one(sql::Connection& db, const Store::Operation& operation, Effects& effects,
                                     const std::string& then)
{
    Transaction transaction(db, &effects.endpoints);
    auto result = call(operation, transaction);
    if (db.health() != sql::Health::usable) {
        return base::fail(result ? base::Error(base::Errc::unavailable, "the database ended the transaction")
                                 : result.error());
    }
    if (result) {
        // Fails on PostgreSQL when the operation went on after a failed statement.
        result = db.run(then);
    }
    if (result) {
        move_to_end(effects.revisions, transaction.revisions.take_pending());
        move_to_end(effects.events, transaction.events.take_pending());
        for (const auto& [key, change] : transaction.endpoints.take_pending()) {
            effects.endpoints[key] += change;
        }
        for (auto& [endpoint, line] : transaction.endpoints.take_lines()) {
            effects.lines.insert_or_assign(endpoint, std::move(line));
        }
    } else {
        CHECKED(db.run("ROLLBACK TO SAVEPOINT operation"));
    }
    return result;
}

base::Result<> insert_revisions(sql::Connection& db, const std::vector<model::Revision>& revisions,
                                std::int64_t next)
{
    static const sql::ManyRows rows("INSERT INTO revisions (number, kind, subject, edge_group)", 4);
    std::vector<sql::Params> values;
    for (const auto& each : revisions) {
        values.push_back(sql::params(next++, model::to_string(each.kind), each.key, each.group));
    }
    return rows.insert(db, values);
}

base::Result<> insert_events(sql::Connection& db, const std::vector<model::Event>& events, std::int64_t next)
{
    static const sql::ManyRows rows(
        "INSERT INTO events (number, tenant, subject, type, message, data, created_at)", 7);
    std::vector<sql::Params> values;
    for (const auto& each : events) {
        values.push_back(sql::params(next++, each.tenant, each.subject, each.type, each.message,
                                     to_json(each.data), each.created_at));
    }
    return rows.insert(db, values);
}

// All nodes in the same order, so that none waits for another in a circle.
base::Result<> count_endpoints(sql::Connection& db, const EndpointCounts& counts)
{
    std::map<std::string, std::int64_t> totals;
    for (const auto& [key, change] : counts) {
        if (change != 0) {
            totals[key.second] += change;
            CHECKED(
                db.execute("INSERT INTO endpoint_counts (tenant, state, total) VALUES ($1, $2, $3)"
                           " ON CONFLICT (tenant, state) DO UPDATE SET"
                           " total = endpoint_counts.total + excluded.total",
                           sql::params(key.first, key.second, change)));
        }
    }
    for (const auto& [state, change] : totals) {
        if (change != 0) {
            CHECKED(
                db.execute("INSERT INTO endpoint_totals (state, total) VALUES ($1, $2) ON CONFLICT (state)"
                           " DO UPDATE SET total = endpoint_totals.total + excluded.total",
                           sql::params(state, change)));
        }
    }
    return {};
}

// Gives numbers from the locked head row, last in the transaction: dense and in commit order, so that a
// reader never sees a number before all lower ones.
base::Result<std::int64_t> number(sql::Connection& db, const Effects& effects)
{
    if (effects.revisions.empty() && effects.events.empty() && effects.lines.empty()) {
        return 0;
    }
    const auto revisions = static_cast<std::int64_t>(effects.revisions.size());
    const auto events = static_cast<std::int64_t>(effects.events.size());
    const auto lines = count_new(effects.lines);
    TRY(rows, db.execute("UPDATE revision_head SET number = number + $1, event = event + $2,"
                         " line = line + $3 WHERE id = 1 RETURNING number, event, line, sealed",
                         sql::params(revisions, events, lines)));
    if (rows.empty()) {
        return base::fail(base::Errc::internal, "the revision head is missing");
    }
    sql::RowReader row(rows.front());
    const auto head = row.integer();
    const auto event = row.integer();
    const auto line = row.integer();
    const auto sealed = row.integer();
    CHECKED(insert_revisions(db, effects.revisions, head - revisions + 1));
    CHECKED(insert_events(db, effects.events, event - events + 1));
    CHECKED(write_lines(db, effects.lines, line - lines + 1));
    CHECKED(seal_blocks(db, line, sealed));
    return revisions > 0 ? head : 0;
}

base::Result<BatchOutcome> run_all(sql::Connection& db, std::span<Job> jobs)
{
    static const std::string release = "RELEASE SAVEPOINT operation";
    static const std::string release_and_set = release + "; SAVEPOINT operation";
    BatchOutcome outcome;
    Effects effects;
    CHECKED(db.run("SAVEPOINT operation"));
    for (auto& job : jobs) {
        TRY(result, run_one(db, job.operation, effects, &job == &jobs.back() ? release : release_and_set));
        outcome.results.push_back(std::move(result));
    }
    CHECKED(count_endpoints(db, effects.endpoints));
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
