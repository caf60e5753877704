// Which edge group an endpoint belongs to. Internal to endpoints/.
#pragma once

#include "base/result.h"
#include "endpoints/service.h"

namespace endpoints {

// Of a new endpoint: the default one, unless the operator says otherwise.
base::Result<> choose_group(const Caller& caller, model::Endpoint& endpoint);

// A group is chosen once: its addresses are where the endpoint's records lead.
base::Result<> check_same_group(const model::Endpoint& existing, const model::Endpoint& wanted);

}  // namespace endpoints
