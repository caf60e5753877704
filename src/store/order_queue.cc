// Whose order goes next. Nothing here walks orders that are not due: claim() first marks what has become due
// (`ready`), and then hops from tenant to tenant along an index of marked orders only.
#include "store/query.h"

#include <algorithm>
#include <array>
#include <utility>

namespace store {

namespace {

// Far more than become due between two claims; a bound all the same.
constexpr std::size_t most_marked = 50'000;

// A class moves on by its stride with every order that it starts, and the class that is least far goes next:
// of orders that are always due, renewals start twice as many as interactive ones, and those twice as many as
// bulk. A lower class never waits for ever, and a higher one never long.
constexpr std::array<std::int64_t, 4> strides{1, 2, 4, 8};

// Where the round of a class has come to. Every order costs one, so a tenant's turn is one order: deficit
// round robin with nothing left to carry over.
struct Turn {
    int queue_class = 0;
    std::string tenant;     // whose turn it was last
    std::int64_t pass = 0;  // how far the class is
    bool over = false;      // nothing more to start in this claim
    bool moved = false;
};

struct Found {
    std::string id;
    std::string tenant;
};

std::string with_clause(std::string_view text, std::string_view clause)
{
    return std::string(text) + std::string(clause);
}

std::int64_t stride_of(int queue_class)
{
    const auto last = static_cast<int>(strides.size());
    return strides.at(static_cast<std::size_t>(std::clamp(queue_class, 1, last) - 1));
}

base::Result<> mark_due(sql::Connection& db, base::Time now)
{
    static constexpr std::string_view due =
        "UPDATE orders SET ready = 1 WHERE id IN (SELECT id FROM orders WHERE finished = 0 AND ready = 0"
        " AND next_action_at <= $1 AND lease_until <= $1 ORDER BY next_action_at, id LIMIT $2";
    CHECKED(db.execute(with_clause(due, db.dialect().skip_locked) + ")", sql::params(now, most_marked)));
    return {};
}

base::Result<std::vector<Turn>> turns_of(sql::Connection& db)
{
    return records_of(
        db.execute(with_clause("SELECT queue_class, tenant, pass FROM queue_turns WHERE queue_class > 0"
                               " ORDER BY queue_class",
                               db.dialect().row_lock)),
        [](sql::RowReader row) {
            Turn turn;
            turn.queue_class = row.small();
            turn.tenant = row.text();
            turn.pass = row.integer();
            return turn;
        });
}

base::Result<std::optional<Found>> first_after(sql::Connection& db, int queue_class,
                                               const std::optional<std::string>& tenant)
{
    static constexpr std::string_view next =
        "SELECT id, tenant FROM orders WHERE finished = 0 AND ready = 1 AND queue_class = $1 AND tenant > $2"
        " ORDER BY tenant, next_action_at, created_at, id LIMIT 1";
    static constexpr std::string_view first =
        "SELECT id, tenant FROM orders WHERE finished = 0 AND ready = 1 AND queue_class = $1 AND tenant >= $2"
        " ORDER BY tenant, next_action_at, created_at, id LIMIT 1";
    return maybe_record(db.execute(with_clause(tenant ? next : first, db.dialect().skip_locked),
                                   sql::params(queue_class, tenant.value_or(""))),
                        [](sql::RowReader row) {
                            Found found;
                            found.id = row.text();
                            found.tenant = row.text();
                            return found;
                        });
}

Queue queue_of(int queue_class, const std::string& tenant)
{
    return Queue{static_cast<model::QueueClass>(queue_class), tenant};
}

bool is_full(const Shares& shares, int queue_class, const std::string& tenant)
{
    const auto found = shares.running.find(queue_of(queue_class, tenant));
    return found != shares.running.end() && found->second >= shares.most;
}

// A whole class counts only where the caller does so.
void count(Shares& shares, int queue_class, const std::string& tenant)
{
    ++shares.running[queue_of(queue_class, tenant)];
    if (const auto whole = shares.running.find(queue_of(queue_class, "")); whole != shares.running.end()) {
        ++whole->second;
    }
}

// The next tenant's oldest order, in a circle that starts after the tenant of the last turn.
base::Result<std::optional<Found>> next_of(sql::Connection& db, const Turn& turn, const Shares& shares)
{
    std::optional<std::string> after = turn.tenant;
    bool around = false;
    for (;;) {
        TRY(found, first_after(db, turn.queue_class, after));
        if (!found) {
            if (std::exchange(around, true)) {
                return std::optional<Found>();
            }
            after.reset();
            continue;
        }
        if (!is_full(shares, turn.queue_class, found->tenant)) {
            return std::move(found);
        }
        if (around && found->tenant >= turn.tenant) {
            return std::optional<Found>();
        }
        after = found->tenant;
    }
}

Turn* least_far(std::vector<Turn>& turns)
{
    Turn* chosen = nullptr;
    for (auto& each : turns) {
        if (!each.over && (chosen == nullptr || each.pass < chosen->pass)) {
            chosen = &each;
        }
    }
    return chosen;
}

// A class that had nothing to start has no claim on the time that went by, and begins a stride from here.
base::Result<> keep_turns(sql::Connection& db, std::vector<Turn>& turns, std::int64_t reached)
{
    for (auto& each : turns) {
        const auto begin = reached + stride_of(each.queue_class);
        if (each.over && each.pass < begin) {
            each.pass = begin;
            each.moved = true;
        }
        if (each.moved) {
            CHECKED(db.execute("UPDATE queue_turns SET tenant = $2, pass = $3 WHERE queue_class = $1",
                               sql::params(each.queue_class, each.tenant, each.pass)));
        }
    }
    return {};
}

}  // namespace

base::Result<std::vector<model::Order>> Orders::claim(const std::string& node, std::chrono::seconds duration,
                                                      std::size_t limit, Shares shares)
{
    std::vector<model::Order> claimed;
    TRY(now, db_.now());
    CHECKED(mark_due(db_, now));
    TRY(turns, turns_of(db_));
    std::int64_t reached = 0;
    while (claimed.size() < limit) {
        auto* const turn = least_far(turns);
        if (turn == nullptr) {
            break;
        }
        if (is_full(shares, turn->queue_class, "")) {
            turn->over = true;
            continue;
        }
        TRY(found, next_of(db_, *turn, shares));
        if (!found) {
            turn->over = true;
            continue;
        }
        CHECKED(
            db_.execute("UPDATE orders SET lease_node = $2, lease_until = $3, fence = fence + 1, ready = 0"
                        " WHERE id = $1",
                        sql::params(found->id, node, now + duration)));
        TRY(order, get(found->id));
        claimed.push_back(std::move(order));
        count(shares, turn->queue_class, found->tenant);
        reached = turn->pass;
        turn->pass += stride_of(turn->queue_class);
        turn->tenant = found->tenant;
        turn->moved = true;
    }
    if (!claimed.empty()) {
        CHECKED(keep_turns(db_, turns, reached));
    }
    return claimed;
}

base::Result<std::optional<base::Time>> Orders::next_waiting()
{
    TRY(now, db_.now());
    return maybe_record(
        db_.execute(
            "SELECT next_action_at FROM orders WHERE finished = 0 AND ready = 0 AND next_action_at > 0"
            " AND lease_until <= $1 ORDER BY next_action_at LIMIT 1",
            sql::params(now)),
        [](sql::RowReader row) { return row.time(); });
}

base::Result<std::optional<base::Time>> Orders::next_due()
{
    TRY(soonest, next_waiting());
    for (int each = 1; each <= static_cast<int>(strides.size()); ++each) {
        TRY(ready,
            maybe_record(db_.execute("SELECT next_action_at FROM orders WHERE finished = 0 AND ready = 1"
                                     " AND queue_class = $1 ORDER BY tenant, next_action_at LIMIT 1",
                                     sql::params(each)),
                         [](sql::RowReader row) { return row.time(); }));
        if (ready && (!soonest || *ready < *soonest)) {
            soonest = ready;
        }
    }
    return std::move(soonest);
}

base::Result<std::size_t> Orders::backlog(model::QueueClass queue_class, std::size_t most)
{
    TRY(now, db_.now());
    const auto number = static_cast<int>(queue_class);
    const auto count = [](sql::RowReader row) { return static_cast<std::size_t>(row.integer()); };
    TRY(ready,
        one_record(db_.execute("SELECT COUNT(*) FROM (SELECT 1 FROM orders WHERE finished = 0 AND ready = 1"
                               " AND queue_class = $1 LIMIT $2) marked",
                               sql::params(number, most)),
                   count, "class", ""));
    TRY(waiting,
        one_record(
            db_.execute("SELECT COUNT(*) FROM (SELECT 1 FROM orders WHERE finished = 0 AND ready = 0"
                        " AND next_action_at <= $3 AND lease_until <= $3 AND queue_class = $1 LIMIT $2)"
                        " due",
                        sql::params(number, most, now)),
            count, "class", ""));
    return std::min(ready + waiting, most);
}

}  // namespace store
