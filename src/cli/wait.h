// --wait: watches until what was asked for is done, with one line of progress. Internal to cli/.
#pragma once

#include "cli/console.h"

#include <string>
#include <vector>

namespace cli {

// Until the endpoint is active. Returns its last view; empty when something failed or time ran out (status is
// set then).
std::optional<json::object> wait_until_active(Console& console, const std::string& endpoint,
                                              std::chrono::seconds limit);

// Until every one of `orders` (ids) of the endpoint is deployed; false when one failed or time ran out.
bool wait_until_deployed(Console& console, const std::string& endpoint, std::vector<std::string> orders,
                         std::chrono::seconds limit);

}  // namespace cli
