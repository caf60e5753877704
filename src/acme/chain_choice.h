// Which of a CA's chains is meant by the name of its topmost issuer.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace acme {

// The issuer's common name (else organisation) of the last certificate of a PEM chain: the root that clients
// must have. Fails when the CA's answer is no chain.
base::Result<std::string> topmost_issuer(std::string_view pem);

}  // namespace acme
