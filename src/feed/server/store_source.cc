#include "feed/server/store_source.h"

#include <algorithm>

namespace feed {

namespace {

using model::RevisionKind;

constexpr std::chrono::seconds longest_read{30};
// Changes by other control nodes come without a hint.
constexpr std::chrono::milliseconds poll_every{1000};

}  // namespace

BatchReader::BatchReader(const World& world, Filter filter, std::size_t page)
    : world_(world), filter_(std::move(filter)), page_(page), entries_(world.sealer, world.clock)
{
}

base::Task<Batch> BatchReader::next(model::Position after, std::chrono::milliseconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
        auto reading = [this, after](store::Transaction& tx) { return read(tx, after); };
        CO_TRY(batch, co_await world_.store.read(std::move(reading)));
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (batch.snapshot || batch.position != after || left.count() <= 0) {
            co_return std::move(batch);
        }
        co_await world_.signal.wait(after.number, std::min(left, poll_every));
    }
}

base::Result<Batch> BatchReader::read(store::Transaction& tx, const model::Position& after) const
{
    TRY(head, tx.revisions.head());
    if (auto cursor = cursor_of(after)) {
        return cursor->epoch == head.epoch && filter_.wants(cursor->kind)
                   ? read_snapshot(tx, std::move(*cursor))
                   : start_snapshot(tx, head);
    }
    if (after.epoch != head.epoch || after.number > head.number) {
        return start_snapshot(tx, head);
    }
    auto rows = tx.revisions.after(after, page_);
    if (!rows && rows.error().kind() == base::Errc::conflict) {
        return start_snapshot(tx, head);
    }
    if (!rows) {
        return base::fail(std::move(rows).error());
    }
    return read_changes(tx, *rows, {after, head.number});
}

base::Result<Batch> BatchReader::read_changes(store::Transaction& tx,
                                              const std::vector<model::Revision>& rows,
                                              const Stretch& stretch) const
{
    Batch batch;
    batch.position = stretch.after;
    for (const auto& row : rows) {
        batch.position.number = std::max(batch.position.number, row.number);
        CHECKED(add(tx, batch, row.kind, row.key));
    }
    CHECKED(add_what_it_needs(tx, batch, batch.position.number < stretch.head));
    return batch;
}

// Routes and groups name certificates. One that a group starts to use may have been there for long without
// being this follower's; one that a route names may be among the rows that follow when there are more.
base::Result<> BatchReader::add_what_it_needs(store::Transaction& tx, Batch& batch, bool more_follows) const
{
    std::vector<std::string> needed;
    for (const auto& change : batch.changes) {
        if (!change.entry || !filter_.wants(RevisionKind::certificate)) {
            continue;
        }
        if (const auto* group = std::get_if<model::EdgeGroup>(&*change.entry);
            group && !group->default_certificate.empty()) {
            needed.push_back(group->default_certificate);
        }
        if (const auto* route = std::get_if<RouteEntry>(&*change.entry); route && more_follows) {
            needed.insert(needed.end(), route->certificates.begin(), route->certificates.end());
        }
    }
    for (const auto& id : needed) {
        const bool there = std::ranges::any_of(batch.changes, [&](const auto& change) {
            return change.kind == RevisionKind::certificate && change.key == id;
        });
        if (!there) {
            CHECKED(add(tx, batch, RevisionKind::certificate, id));
        }
    }
    return {};
}

base::Result<Batch> BatchReader::start_snapshot(store::Transaction& tx, model::Position head) const
{
    TRY(batch, read_snapshot(tx, {head.epoch, head.number, filter_.kinds.front(), ""}));
    batch.first = true;
    return std::move(batch);
}

base::Result<Batch> BatchReader::read_snapshot(store::Transaction& tx, Cursor cursor) const
{
    Batch batch;
    batch.snapshot = true;
    batch.first = false;
    std::size_t left = page_;
    auto kind = std::ranges::find(filter_.kinds, cursor.kind);
    while (true) {
        TRY(keys, tx.revisions.keys(*kind, cursor.key, left));
        for (const auto& key : keys) {
            CHECKED(add(tx, batch, *kind, key));
            cursor.key = key;
        }
        if (keys.size() == left) {
            batch.last = false;
            batch.position = to_position(cursor);
            return batch;
        }
        left -= keys.size();
        if (++kind == filter_.kinds.end()) {
            batch.position = {cursor.epoch, cursor.number};
            return batch;
        }
        cursor.kind = *kind;
        cursor.key.clear();
    }
}

base::Result<> BatchReader::add(store::Transaction& tx, Batch& batch, RevisionKind kind,
                                const std::string& key) const
{
    if (!filter_.wants(kind)) {
        return {};
    }
    TRY(change, entries_.read(tx, kind, key, filter_));
    if (change && (change->entry || !batch.snapshot)) {
        batch.changes.push_back(std::move(*change));
    }
    return {};
}

StoreSource::StoreSource(const World& world, Filter filter, Follower follower)
    : world_(world), reader_(world, std::move(filter)), follower_(std::move(follower))
{
    world_.acknowledgements.expect(follower_);
}

base::Task<Batch> StoreSource::next(model::Position after)
{
    co_return co_await reader_.next(std::move(after), longest_read);
}

base::Task<> StoreSource::acknowledge(model::Position position)
{
    co_return co_await world_.acknowledgements.acknowledge(follower_, std::move(position));
}

}  // namespace feed
