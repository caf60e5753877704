// Prometheus text exposition of what the store counts. Few series, whatever the number of names. Internal to
// api/.
#pragma once

#include "store/store.h"

#include <string>

namespace api {

base::Result<std::string> metrics_of(store::Transaction& tx);

}  // namespace api
