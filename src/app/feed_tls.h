// FeedTls: the TLS of the feed's own listener: a certificate of the private CA of edges, made anew in time,
// and certificates of that CA asked for.
#pragma once

#include "base/clock.h"
#include "feed/server/members.h"
#include "net/tls.h"

#include <memory>

namespace app {

// Runs on one executor: no locks. What it is given outlives it.
class FeedTls final : public net::IdentitySource {
public:
    static base::Result<std::unique_ptr<FeedTls>> create(const feed::Members& members,
                                                         const base::Clock& clock);

    net::TlsServer& server() { return *server_; }
    Choice choose(const net::ClientHello& hello) override;
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello hello) override;

private:
    FeedTls(const feed::Members& members, const base::Clock& clock) : members_(members), clock_(clock) {}
    base::Result<> renew();

    const feed::Members& members_;
    const base::Clock& clock_;
    std::unique_ptr<net::TlsServer> server_;
    std::shared_ptr<const net::TlsIdentity> identity_;
    base::Time renew_at_{};
};

}  // namespace app
