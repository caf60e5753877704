// Where a redirect may lead. Internal to endpoints/, and for pools.
#pragma once

#include "base/result.h"
#include "model/endpoint.h"

#include <optional>

namespace endpoints {

// Makes the target canonical. It is an http or https URL whoever the names are, none of them leads to itself,
// and something can answer: our edges, no app. Codes redirect_invalid, redirect_loop, redirect_needs_edges.
base::Result<> check_redirect(model::Endpoint& endpoint);

// The same for a pool: for names that are not known yet.
base::Result<> check_pool(model::Pool& pool);

// A wildcard that covers its own target: right only where that name is served elsewhere or by another
// endpoint.
std::optional<model::Problem> loop_warning(const model::Endpoint& endpoint);

}  // namespace endpoints
