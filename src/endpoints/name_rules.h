// Which names an endpoint may have: pure rules, before anything is looked up.
#pragma once

#include "base/result.h"
#include "model/endpoint.h"

#include <string>
#include <vector>

namespace endpoints {

// Parses and checks `texts`: at least one and at most 100 (what CAs accept in one certificate), none twice,
// none that is a public suffix (name_public_suffix), none of the platform's own (name_reserved), none with an
// underscore, which public CAs refuse (CA/B Forum Baseline Requirements 7.1.4.2.1).
base::Result<std::vector<model::DomainName>> check_names(const std::vector<std::string>& texts,
                                                         const model::Platform& platform);

}  // namespace endpoints
