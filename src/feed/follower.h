// Follower: keeps one or more sinks at the head of the revision feed, from wherever the changes come.
#pragma once

#include "base/task.h"
#include "feed/entries.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace feed {

// Where changes come from: the store of this process, or a control node over HTTP.
class Source {
public:
    virtual ~Source() = default;
    // The next batch after `after`, waiting a bounded time (about 30 s) when there is none: then an empty
    // batch. A position whose epoch is unknown, or too old, is answered with a snapshot in one or more
    // batches (`cursor` of Batch order is the source's business: call again with the position of the batch
    // just applied).
    virtual base::Task<Batch> next(model::Position after) = 0;
    // Tells how far this follower has come; the propagation gate and `edge list` read it.
    virtual base::Task<> acknowledge(model::Position position) = 0;
};

// Who keeps the changes: the edge's certificate store, the name server's zones.
class Sink {
public:
    virtual ~Sink() = default;
    // Applies a batch; when this returns the changes are visible to what the sink serves.
    virtual base::Task<> apply(std::shared_ptr<const Batch> batch) = 0;
    // Where to go on after a start; an empty epoch asks for a snapshot.
    virtual model::Position position() const = 0;
};

// Runs until cancelled: asks, applies, acknowledges; backs off when the source fails, and logs a change
// between failing and working once. `source` and `sink` outlive it.
boost::asio::awaitable<void> follow(Source& source, Sink& sink, std::string name);

}  // namespace feed
