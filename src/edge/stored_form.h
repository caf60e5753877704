// The octets in which entries lie in the edge's cache file. Internal to edge/.
//
// Integers are little-endian, texts and lists have a 32-bit count in front. Every record begins with a
// version and the generation of the snapshot that last named it.
#pragma once

#include "base/bytes.h"
#include "feed/entries.h"

#include <string>
#include <vector>

namespace edge {

// What can be known of a certificate without reading it whole.
struct CertificateFacts {
    std::string certificate;
    std::vector<std::string> identifiers;
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    base::Time not_after{};
};

// A certificate without its parsed form. The key is sealed with the edge's own key.
struct CertificateRecord {
    CertificateFacts facts;
    std::string endpoint;
    std::vector<base::Bytes> issuer_hashes;
    base::Bytes leaf_der;
    base::Bytes sealed_key;
};

base::Bytes to_stored(const feed::RouteEntry& entry, std::uint64_t generation);
base::Bytes to_stored(const CertificateRecord& record, std::uint64_t generation);
base::Bytes to_stored(const model::EdgeGroup& entry, std::uint64_t generation);
base::Bytes to_stored(const feed::TokenEntry& entry, std::uint64_t generation);

// Errors: a record that is cut short or of another version.
base::Result<std::uint64_t> generation_of(base::ByteView stored);
base::Result<feed::RouteEntry> route_from(base::ByteView stored);
base::Result<CertificateRecord> certificate_from(base::ByteView stored);
base::Result<CertificateFacts> facts_from(base::ByteView stored);
base::Result<model::EdgeGroup> group_from(base::ByteView stored);
base::Result<feed::TokenEntry> token_from(base::ByteView stored);

}  // namespace edge
