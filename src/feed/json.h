// Batches as JSON text, the form in which they travel between control and remote followers.
//
// Reading is lenient where that is safe: unknown members and unknown kinds are passed over, missing ones keep
// their defaults, so that an older edge follows a newer control node. What cannot be read is an error, never
// an empty entry.
#pragma once

#include "feed/entries.h"

#include <string>
#include <string_view>

namespace feed {

std::string to_json(const Batch& batch);
base::Result<Batch> batch_from_json(std::string_view text);

std::string to_json(const model::Position& position);
base::Result<model::Position> position_from_json(std::string_view text);

// Which kind of change carries this entry.
model::RevisionKind kind_of(const Entry& entry);

}  // namespace feed
