// What the other side of a TLS connection that we opened has shown.
#pragma once

#include "base/bytes.h"
#include "net/stream.h"

namespace net {

// DER of the server's own certificate; empty for other streams.
base::Bytes peer_certificate(Stream& stream);

}  // namespace net
