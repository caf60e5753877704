// What the sources that read certificates and requests share. Only for the sources of crypto/.
#pragma once

#include "crypto/certificate.h"
#include "crypto/openssl.h"

namespace crypto::detail {

// `der` is what `certificate` was parsed from. Fails when dates or key cannot be understood.
base::Result<LeafFacts> leaf_facts(const X509* certificate, base::ByteView der);

// DNS names in lower case and addresses as canonical text; what is neither is left out. `names` may be null.
std::vector<std::string> identifiers_in(const GENERAL_NAMES* names);

base::Error unparsable(std::string message, std::string fix);
base::Error chain_incomplete(std::string message, std::string fix);

}  // namespace crypto::detail
