// Cursor: how far a snapshot has been sent, written into the position of a batch that is not its last one.
#pragma once

#include "model/records.h"

#include <optional>
#include <string>
#include <string_view>

namespace feed {

struct Cursor {
    std::string epoch;        // of the log when the snapshot began
    std::int64_t number = 0;  // the head then: where the snapshot leads to
    model::RevisionKind kind = model::RevisionKind::certificate;
    std::string key;  // the last one sent of that kind; empty: none yet
};

model::Position to_position(const Cursor& cursor);
// Empty when the position is not one of to_position().
std::optional<Cursor> cursor_of(const model::Position& position);

// "<kind>:<key>" with the key percent-encoded, and back.
std::string to_query(const Cursor& cursor);
std::optional<Cursor> cursor_from_query(std::string epoch, std::int64_t number, std::string_view text);

}  // namespace feed
