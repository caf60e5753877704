// IdentityCache: what one loop has hot of the certificate store: routes by host, and parsed certificates.
#pragma once

#include "base/clock.h"
#include "edge/certificate_store.h"
#include "edge/on_demand.h"
#include "edge/read_through.h"
#include "edge/route.h"
#include "net/tls.h"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <optional>
#include <string>

namespace edge {

// Chooses certificates (DESIGN 8): of the endpoint that has the name, exactly or by wildcard, the best one
// that is valid now, covers the name and suits the client; else the group's default. A name without endpoint
// gets the default when that covers it and is refused otherwise. A CA that validates by TLS-ALPN-01 gets the
// challenge certificate of the name, or is refused. Where the group is a pool, handshakes of names that may
// be granted on demand wait for their certificate, within OnDemand::Limits. Misses are loaded by `workers`,
// so the loop never waits for the disk. Runs on one executor: no locks. Everything given to the constructor
// outlives it.
class IdentityCache final : public net::IdentitySource {
public:
    struct Options {
        std::string group = "default";
        std::size_t identity_bytes = 64U << 20;
        std::size_t route_bytes = 16U << 20;
        OnDemand::Ask ask{};  // where wishes go; empty: nowhere
        OnDemand::Limits on_demand{};
    };

    IdentityCache(const CertificateStore& store, boost::asio::thread_pool& workers, const base::Clock& clock,
                  Options options);

    Choice choose(const net::ClientHello& hello) override;
    // Null: refused, as nothing here has that name.
    base::Task<std::shared_ptr<const net::TlsIdentity>> load(net::ClientHello hello) override;

    // The route of a host when it is hot; null when it must be loaded. Valid until the next call.
    const std::shared_ptr<const Route>* hot_route(std::string_view host) { return routes_.hot(host); }
    // The route of a host, hot or loaded; null when no endpoint has that name.
    base::Task<std::shared_ptr<const Route>> route(std::string host);

    // Takes the group and its default certificate from the store. A default that cannot be had leaves the one
    // before.
    base::Task<> refresh_group();
    // Drops what a batch has changed: whoever asks from now on gets what the store has now.
    void forget(const Touched& touched);

    // For requests of names that no endpoint has.
    OnDemand& on_demand() { return on_demand_; }

    const model::EdgeGroup& group() const { return group_; }
    bool default_covers(std::string_view host) const
    {
        return default_.identity && covers(default_.facts, host);
    }

    std::size_t hot_identities() const { return identities_.hot_count(); }
    std::size_t hot_routes() const { return routes_.hot_count(); }

private:
    struct Default {
        CertificateFacts facts;
        std::shared_ptr<const net::TlsIdentity> identity;
    };
    struct Selection {
        Choice choice;
        std::string missing;  // with Verdict::wait: the certificate to load
        bool own = false;     // of the endpoint, not the group's default
    };

    Selection select(const Route* route, const net::ClientHello& hello);
    // How well a certificate suits, from best to worst.
    enum class Fit { well, other_key, badly };
    Fit fit(const CertificateFacts& certificate, const net::ClientHello& hello) const;
    bool may_come(const Route* route, const net::ClientHello& hello);
    base::Task<bool> await_own(const net::ClientHello& hello, bool known, bool& wished,
                               std::chrono::steady_clock::time_point deadline);
    Choice use_default(const Route* route, const net::ClientHello& hello) const;
    base::Task<std::shared_ptr<const net::TlsIdentity>> load_challenge(std::string name);

    const CertificateStore& store_;
    boost::asio::thread_pool& workers_;
    const base::Clock& clock_;
    Options options_;
    ReadThrough<std::shared_ptr<const Route>> routes_;                 // null: no endpoint has that name
    ReadThrough<std::shared_ptr<const net::TlsIdentity>> identities_;  // null: it cannot be used
    model::EdgeGroup group_;
    Default default_;
    OnDemand on_demand_;
};

}  // namespace edge
