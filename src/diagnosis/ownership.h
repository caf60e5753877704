// Who gets a name: the store's side of ownership (DESIGN 12).
#pragma once

#include "model/certificate.h"
#include "model/endpoint.h"
#include "store/store.h"

#include <vector>

namespace diagnosis {

// Takes every name of `endpoint` that is proved to be its own and that nobody else holds, and takes a name
// over from another account when its TXT record says so: at once when nothing is served there, otherwise when
// this endpoint has a certificate to serve, so that visitors notice nothing. Sets the condition Ownership.
// Appends the route revisions of all that changed. `live`: the endpoint's certificates. The caller stores
// `endpoint`.
base::Result<> settle_ownership(store::Transaction& tx, model::Endpoint& endpoint,
                                const std::vector<model::Certificate>& live, base::Time now);

}  // namespace diagnosis
