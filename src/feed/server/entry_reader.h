// EntryReader: the newest state of one (kind, key) from the store, as followers get it.
#pragma once

#include "base/clock.h"
#include "crypto/sealer.h"
#include "feed/entries.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace feed {

// What a follower sees of the world.
struct Filter {
    std::vector<model::RevisionKind> kinds;  // in the order in which a snapshot sends them
    // An edge group: only its own routes, certificates and group, and every token. None: all.
    std::optional<std::string> group;

    bool wants(model::RevisionKind kind) const;
};

// Certificates come first, so that a route never names one that is still on its way.
Filter edge_filter(std::string group);
Filter name_server_filter();

class EntryReader {
public:
    EntryReader(const crypto::Sealer& sealer, const base::Clock& clock) : sealer_(sealer), clock_(clock) {}

    // The change to send for a key. No entry in it: the key is gone, or not for this follower. Nothing at
    // all: it cannot be read now (a key sealed with another master key), and the follower keeps what it has.
    base::Result<std::optional<Change>> read(store::Transaction& tx, model::RevisionKind kind,
                                             const std::string& key, const Filter& filter) const;

private:
    base::Result<std::optional<Entry>> entry(store::Transaction& tx, model::RevisionKind kind,
                                             const std::string& key, const Filter& filter) const;
    base::Result<std::optional<Entry>> route(store::Transaction& tx, const std::string& key,
                                             const Filter& filter) const;
    base::Result<std::optional<Entry>> certificate(store::Transaction& tx, const std::string& key,
                                                   const Filter& filter) const;

    const crypto::Sealer& sealer_;
    const base::Clock& clock_;
};

}  // namespace feed
