// How handshakes get at what is inside a TlsIdentity.
#pragma once

#include "net/openssl_handles.h"
#include "net/tls.h"

namespace net {

// Presents the identity on this connection.
bool use_identity(SSL* ssl, const TlsIdentity& identity);

}  // namespace net
