// Which of an endpoint's certificates visitors get.
#pragma once

#include "model/certificate.h"

#include <vector>

namespace endpoints {

// Uploaded before managed before transitional (DESIGN 5.1), the newest of equals; an expired one only when
// nothing else is left. Null when there is none.
const model::Certificate* served_certificate(const std::vector<model::Certificate>& live, base::Time now);

}  // namespace endpoints
