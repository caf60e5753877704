// The certificate that answers TLS-ALPN-01, as the CA judges it (RFC 8737 3).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <string>

namespace crypto {

// Self-signed, for exactly `identifier` (a DNS name in lower case, or an address), with the digest of
// `key_authorization` in a critical acmeIdentifier. The error says what is wrong with it.
base::Result<> check_acme_certificate(base::ByteView der, const std::string& identifier,
                                      const std::string& key_authorization);

}  // namespace crypto
