// What a customer's CAA records must allow (RFC 8659, RFC 8657), told before they forbid anything.
#pragma once

#include "model/endpoint.h"
#include "store/store.h"

#include <string>
#include <vector>

namespace endpoints {

// One record for each account of the endpoint's CA policy whose CA says how CAA records call it, best first:
// `0 issue "letsencrypt.org; accounturi=https://..."`. A domain without CAA records needs none of them.
base::Result<std::vector<std::string>> caa_records(store::Transaction& tx, const model::Endpoint& endpoint);

}  // namespace endpoints
