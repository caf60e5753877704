// Small files with secrets: read whole, replaced in one step.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace base {

// The whole file; fails when it is larger than `most`, or cannot be read. Errors name the file.
Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t most);

// Written beside and renamed, so that a reader sees the old or the new content and never half of it; durable
// when it returns. Errors name the file.
Result<> write_secret_file(const std::filesystem::path& file, std::string_view content, unsigned mode = 0600);

}  // namespace base
