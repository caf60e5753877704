// Writing record sets into the store by the rules, for everybody who does: people, updates, compatible APIs.
#pragma once

#include "model/record_set.h"
#include "model/records.h"
#include "store/store.h"

#include <string>

namespace zones {

// Puts a checked set into its zone: false when it was there just so. zone_not_found, record_of_endpoint, and
// what the checks say.
base::Result<bool> put_checked(store::Transaction& tx, model::RecordSet set);

// zone_not_found.
base::Result<model::Zone> find_zone(store::Transaction& tx, const std::string& apex);

}  // namespace zones
