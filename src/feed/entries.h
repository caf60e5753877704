// What edges and name servers know of the world: entries by (kind, key), numbered by the revision log.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "model/certificate.h"
#include "model/endpoint.h"
#include "model/record_set.h"
#include "model/records.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace feed {

// An endpoint as an edge serves it.
struct RouteEntry {
    std::string endpoint;
    std::string tenant;
    std::vector<std::string> names;  // canonical; may be wildcards
    std::string upstream;
    std::vector<std::string> ip_filter;
    model::FilterAt filter_at = model::FilterAt::edge;
    bool own_challenges = false;  // the challenge path is the upstream's
    model::Forwarding forwarding{};
    model::Hsts hsts{};
    model::PlainHttp plain_http = model::PlainHttp::redirect;
    std::vector<std::string> certificates;  // ids, best first; empty: the group's default is served
    bool suspended = false;
    model::Redirect redirect{};  // in place of an upstream
    bool operator==(const RouteEntry&) const = default;
};

// A certificate with its key. The key is secret: it travels only to edges of the certificate's group.
struct CertificateEntry {
    std::string certificate;
    std::string endpoint;
    std::vector<std::string> identifiers;
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    model::CertificateSource source = model::CertificateSource::managed;
    base::Time not_after{};
    std::string chain_pem;
    base::Bytes key_pkcs8;
    bool operator==(const CertificateEntry&) const = default;
};

// A challenge token (the key) and the thumbprint of the account that it belongs to.
struct TokenEntry {
    std::string thumbprint;
    std::string identifier{};  // TLS-ALPN-01: the name to answer for; empty: HTTP-01
    bool operator==(const TokenEntry&) const = default;
};

// <label>.<platform>: the addresses of an edge group.
struct AliasEntry {
    std::string group;
    bool operator==(const AliasEntry&) const = default;
};

struct TxtEntry {
    struct Value {
        std::string text;
        base::Time expires_at{};
        bool operator==(const Value&) const = default;
    };
    std::vector<Value> values;
    bool operator==(const TxtEntry&) const = default;
};

// All record sets at one name; of two zones where one is delegated from the other. Only name servers get
// them.
struct RecordsEntry {
    std::vector<model::RecordSet> sets;
    bool operator==(const RecordsEntry&) const = default;
};

using Entry = std::variant<RouteEntry, CertificateEntry, TokenEntry, AliasEntry, TxtEntry, model::EdgeGroup,
                           model::Zone, RecordsEntry>;

// One key at its newest state; no entry: it is gone. Applying a change twice, or a newer state early, is
// harmless.
struct Change {
    model::RevisionKind kind = model::RevisionKind::route;
    std::string key;
    std::optional<Entry> entry;
};

// Changes to apply in order. In a snapshot they are everything there is: what is not named is gone at its
// end. The position of a part that is not the last one is a cursor: a sink that is started again before the
// last part asks for a new snapshot.
struct Batch {
    model::Position position;  // reached when the batch is applied
    bool snapshot = false;     // this batch is part of a snapshot ...
    bool last = true;          // ... and (for a snapshot) its final part
    bool first = true;         // ... and its first part: an unfinished snapshot before it is forgotten
    std::vector<Change> changes;
};

}  // namespace feed
