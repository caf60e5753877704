// The claims of an endpoint on its names. Internal to store/.
#pragma once

#include "base/result.h"
#include "model/endpoint.h"

namespace sql {
class Connection;
}

namespace store {

// Makes the claims of the endpoint those of the record; none when it is deleted. Released ones stay as
// history. name_in_use: see Endpoints::insert.
base::Result<> settle_names(sql::Connection& db, const model::Endpoint& endpoint);

}  // namespace store
