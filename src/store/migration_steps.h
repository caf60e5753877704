// The text of the migrations. A step that was released never changes: later steps build on it. Internal to
// store/.
#pragma once

#include <span>
#include <string_view>

namespace store {

// Step n brings the schema to version n. {text} and {bytes} stand for the engine's types; flags are BIGINT 0
// or 1, times are BIGINT milliseconds, nested parts are JSON text.
std::span<const std::string_view> migration_steps();

}  // namespace store
