// Members: edges that follow with a certificate of their own. A private CA of the platform makes the
// certificates; its root is all that both sides have to trust, and its hash stands in every invitation.
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "crypto/private_ca.h"
#include "crypto/sealer.h"
#include "store/store.h"

#include <memory>
#include <string>

namespace feed {

// The CA lies sealed in the store, so every control node has the same one. Runs on one executor: no locks.
class Members {
public:
    // Made at the first call for a store. What it is given outlives it.
    static base::Task<std::unique_ptr<Members>> open(store::Store& store, const crypto::Sealer& sealer,
                                                     base::Clock& clock);

    const std::string& root_pem() const { return ca_.root_pem(0); }
    // SHA-256 of the root's DER, hexadecimal.
    const std::string& fingerprint() const { return fingerprint_; }

    struct Certificate {
        std::string edge;   // its id, and the only name in the certificate
        std::string group;  // whose names it may have
        std::string chain;  // PEM
        base::Time until{};
    };
    // Spends an invitation (the secret of a token with the scope join:<group>, hashed as tokens are) for a
    // certificate of a new edge. `request` is a PKCS#10 in DER; only its key counts. Errors: unauthorized
    // (code invitation_invalid) for one that is unknown, spent or expired; invalid (bad_request).
    base::Task<Certificate> join(std::string secret_hash, base::Bytes request, std::string name,
                                 std::string version);
    // A new certificate for an edge that has one. unauthorized (edge_removed).
    base::Task<Certificate> renew(std::string edge, base::Bytes request);
    // The group of an edge that shows its certificate. unauthorized (edge_removed).
    base::Task<std::string> group_of(std::string edge);

    // A certificate (PEM chain) for a control node's own listener.
    struct Server {
        std::string chain;
        base::Bytes key_pkcs8;
        base::Time renew_at{};
    };
    base::Result<Server> make_server() const;

private:
    Members(store::Store& store, base::Clock& clock, crypto::PrivateCa ca, std::string fingerprint);
    base::Result<Certificate> certify(const std::string& edge, base::ByteView request) const;

    store::Store& store_;
    base::Clock& clock_;
    crypto::PrivateCa ca_;
    std::string fingerprint_;
};

// Of an edge that was removed, whatever it shows.
base::Error edge_removed(std::string_view edge);

}  // namespace feed
