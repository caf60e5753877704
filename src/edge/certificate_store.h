// CertificateStore: everything an edge serves, in one memory-mapped file, so that it starts at once and
// serves for days without a control node. A million names cost disk, not memory.
#pragma once

#include "base/bytes.h"
#include "crypto/sealer.h"
#include "edge/stored_form.h"
#include "feed/entries.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge {

namespace lmdb {
class Transaction;
}

// What a batch has changed: what hot copies must be dropped.
struct Touched {
    bool everything = false;
    bool groups = false;
    std::vector<std::string> names;  // as routes have them: may be wildcards
    std::vector<std::string> certificates;
};

// An endpoint's route and what is known of its certificates, in the order of preference. Missing ones are
// left out.
struct FoundRoute {
    feed::RouteEntry route;
    std::vector<CertificateFacts> certificates;
};

// What a TlsIdentity is made of. The key is secret.
struct CertificateMaterial {
    CertificateFacts facts;
    base::Bytes leaf_der;
    std::vector<base::Bytes> issuers;
    base::Bytes key_pkcs8;
};

// What a CA that validates a name by TLS-ALPN-01 is to see.
struct AlpnChallenge {
    std::string token;
    std::string thumbprint;
};

// Reads are safe from any thread and may wait for the disk; apply() is called by one thread at a time.
class CertificateStore {
public:
    // The cache (edge.mdb) and the key that seals private keys in it (edge.key) lie in `folder`, made when
    // missing. A cache that is broken, or sealed with another key, is emptied: the feed fills it again.
    static base::Result<std::unique_ptr<CertificateStore>> open(const std::filesystem::path& folder);
    ~CertificateStore();

    // By the exact name, then by the wildcard that covers it.
    base::Result<std::optional<FoundRoute>> find(std::string_view host) const;
    base::Result<std::optional<FoundRoute>> find_endpoint(std::string_view endpoint) const;
    // Ids of endpoints in ascending order after `after`, at most `limit`.
    base::Result<std::vector<std::string>> endpoints(std::string_view after, std::size_t limit) const;
    base::Result<std::optional<CertificateFacts>> facts(std::string_view certificate) const;
    base::Result<std::optional<CertificateMaterial>> material(std::string_view certificate) const;
    base::Result<std::optional<model::EdgeGroup>> group(std::string_view name) const;
    // All that the feed has told of, few: an edge or a proxy is told of its own alone.
    base::Result<std::vector<model::EdgeGroup>> groups() const;
    base::Result<std::optional<std::string>> thumbprint_of(std::string_view token) const;
    base::Result<std::optional<AlpnChallenge>> alpn_challenge(std::string_view name) const;

    // Where the feed goes on; an empty epoch asks for a snapshot.
    model::Position position() const;
    std::size_t route_count() const;
    std::size_t certificate_count() const;

    // Durable when it returns (see lmdb::open), position included. On an error nothing of the batch is kept.
    base::Result<Touched> apply(const feed::Batch& batch);

private:
    struct Tables;
    class Update;

    CertificateStore(std::unique_ptr<Tables> tables, crypto::Sealer sealer);
    base::Result<std::optional<FoundRoute>> route_of(const lmdb::Transaction& tx,
                                                     std::string_view endpoint) const;
    static base::Result<std::unique_ptr<CertificateStore>> open_tables(const std::filesystem::path& folder);
    base::Result<> forget_if_sealed_otherwise();

    std::unique_ptr<Tables> tables_;
    crypto::Sealer sealer_;
};

}  // namespace edge
