// CertificateDesk: download, revocation, renewal information (RFC 8555 7.4.2, 7.6; RFC 9773). Internal to
// relay/.
#pragma once

#include "relay/world.h"

namespace relay {

// A request outlives the call. Runs on one executor: no locks.
class CertificateDesk {
public:
    explicit CertificateDesk(World& world) : world_(world) {}

    Answer certificate(Request& request);
    Answer revoke(Request& request);
    // A plain GET.
    Answer renewal_info(Request& request);

    // Whoever asks. alreadyRevoked when it was.
    boost::asio::awaitable<Checked<>> mark_revoked(std::string certificate, int reason);

private:
    boost::asio::awaitable<Checked<>> may_revoke(const Request& request, const Certificate& certificate);

    World& world_;
};

}  // namespace relay
