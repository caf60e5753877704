// StoreSource: the revision feed straight from the store of this process.
#pragma once

#include "feed/cursor.h"
#include "feed/follower.h"
#include "feed/server/acknowledgements.h"
#include "feed/server/entry_reader.h"
#include "feed/server/revision_signal.h"

#include <chrono>
#include <string>

namespace feed {

// What every source of this process reads from; all of it outlives them.
struct World {
    store::Store& store;
    const crypto::Sealer& sealer;
    base::Clock& clock;
    RevisionSignal& signal;
    Acknowledgements& acknowledgements;
};

// Reads batches for one filter. It keeps nothing between calls: where a snapshot has come to is in the
// position. Runs on one executor: no locks.
class BatchReader {
public:
    static constexpr std::size_t usual_page = 500;

    BatchReader(const World& world, Filter filter, std::size_t page = usual_page);

    // The next batch, waiting up to `limit` for one that is not empty.
    base::Task<Batch> next(model::Position after, std::chrono::milliseconds limit);

private:
    struct Stretch {
        model::Position after;
        std::int64_t head = 0;
    };

    base::Result<Batch> read(store::Transaction& tx, const model::Position& after) const;
    base::Result<Batch> read_changes(store::Transaction& tx, const std::vector<model::Revision>& rows,
                                     const Stretch& stretch) const;
    base::Result<Batch> read_snapshot(store::Transaction& tx, Cursor cursor) const;
    base::Result<Batch> start_snapshot(store::Transaction& tx, model::Position head) const;
    base::Result<> add(store::Transaction& tx, Batch& batch, model::RevisionKind kind,
                       const std::string& key) const;
    base::Result<> add_what_it_needs(store::Transaction& tx, Batch& batch, bool more_follows) const;

    World world_;
    Filter filter_;
    std::size_t page_;
    EntryReader entries_;
};

class StoreSource final : public Source {
public:
    // `follower` is expected from now on: the propagation gate waits for it.
    StoreSource(const World& world, Filter filter, Follower follower);

    base::Task<Batch> next(model::Position after) override;
    base::Task<> acknowledge(model::Position position) override;

private:
    World world_;
    BatchReader reader_;
    Follower follower_;
};

}  // namespace feed
