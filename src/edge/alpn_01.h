// TLS-ALPN-01 answers (RFC 8737): made at the edge for each handshake from what the feed announced, so that
// nothing secret travels and nothing is to be cleaned up but the announcement.
#pragma once

#include "edge/certificate_store.h"
#include "net/tls.h"

#include <memory>
#include <string>

namespace edge {

// The identity that a CA is to see for `name`, with a key of its own; null when no challenge is announced for
// it. Safe from any thread; may wait for the disk.
base::Result<std::shared_ptr<const net::TlsIdentity>> make_challenge_identity(const CertificateStore& store,
                                                                              const std::string& name);

}  // namespace edge
