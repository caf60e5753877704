// What nodes that follow a control node know of the machine they are on.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <string>

namespace app {

std::string host_name();

// A node keeps its id over restarts, so that control sees one node and not many.
base::Result<std::string> own_id(const std::filesystem::path& folder);

}  // namespace app
