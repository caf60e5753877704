// Update: one batch of the feed written into the cache file, inside one transaction. Internal to edge/.
#pragma once

#include "edge/tables.h"

namespace edge {

base::Bytes to_stored(const model::Position& position);
model::Position position_from(base::ByteView stored);

// Used once, by one thread.
class CertificateStore::Update {
public:
    Update(const Tables& tables, const crypto::Sealer& sealer, lmdb::Transaction& tx)
        : tables_(tables), sealer_(sealer), tx_(tx)
    {
    }

    base::Result<Touched> run(const feed::Batch& batch);

private:
    base::Result<> take_generation(bool next);
    base::Result<> change(const feed::Change& change);
    base::Result<> put(const std::string& key, const feed::RouteEntry& entry);
    base::Result<> put(const std::string& key, const feed::CertificateEntry& entry);
    base::Result<> put(const std::string& key, const model::EdgeGroup& entry);
    base::Result<> put(const std::string& key, const feed::TokenEntry& entry);
    template <class T>
    base::Result<> put(const std::string&, const T&)
    {
        return {};  // Not for edges.
    }
    base::Result<> remove(model::RevisionKind kind, const std::string& key);
    base::Result<> forget_route(const std::string& endpoint, const std::vector<std::string>& names_to_keep);
    base::Result<> forget_certificate(const std::string& certificate);
    base::Result<> forget_token(const std::string& token);
    base::Result<> touch_endpoint(const std::string& endpoint);
    base::Result<base::Bytes> retain_issuer(base::ByteView der);
    base::Result<> release_issuer(base::ByteView hash);
    // After a snapshot: what it has not named is gone.
    base::Result<> sweep(model::RevisionKind kind, MDB_dbi table);

    const Tables& tables_;
    const crypto::Sealer& sealer_;
    lmdb::Transaction& tx_;
    std::uint64_t generation_ = 0;
    Touched touched_;
};

}  // namespace edge
