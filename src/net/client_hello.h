// Reads what the certificate choice needs from a ClientHello, before OpenSSL has looked at it.
#pragma once

#include "net/openssl_handles.h"
#include "net/tls.h"

#include <optional>

namespace net {

// Only inside SSL_CTX_set_client_hello_cb. Empty when an extension is malformed (RFC 6066 3, 7301 3.1,
// 8446 4.2.3).
std::optional<ClientHello> read_client_hello(SSL* ssl);

}  // namespace net
