// The tables of the edge's cache file. Internal to edge/.
#pragma once

#include "edge/certificate_store.h"
#include "edge/lmdb.h"

namespace edge {

struct CertificateStore::Tables {
    lmdb::Environment env;
    MDB_dbi meta{};         // "generation", "position", "key_check"
    MDB_dbi name{};         // name of a route -> endpoint
    MDB_dbi route{};        // endpoint -> RouteEntry
    MDB_dbi certificate{};  // certificate -> CertificateRecord
    MDB_dbi issuer{};       // SHA-256 -> number of certificates that have it (8 octets), DER
    MDB_dbi group{};        // name -> EdgeGroup
    MDB_dbi token{};        // token -> TokenEntry
    MDB_dbi alpn{};         // name -> the newest token of TLS-ALPN-01 for it

    static base::Result<std::unique_ptr<Tables>> open(const std::filesystem::path& file);
};

std::string sealing_context(std::string_view certificate);

}  // namespace edge
