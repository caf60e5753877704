// How many edges serve what an endpoint has. Internal to api/.
#pragma once

#include "api/call.h"

namespace api {

// Adds "edges" to an endpoint's view, and says so in its condition Deployed when not every live edge serves
// it. Names of edges are for the operator alone. `body` and `detail` live in the caller's frame, which waits.
base::Task<> add_edge_count(Parts parts, Call call, const endpoints::Detail& detail, json::object& body);
void set_partly_deployed(json::object& body, const EdgeCount& count);

}  // namespace api
