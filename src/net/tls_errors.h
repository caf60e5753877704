// What a failed handshake or read says about the other side.
#pragma once

#include "base/result.h"

namespace net {

// Empties OpenSSL's error queue. `server`: we are the server, so the peer is "the client".
base::Error take_tls_error(bool server);

}  // namespace net
