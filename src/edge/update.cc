#include "edge/update.h"

#include "base/log.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace edge {

namespace {

using model::RevisionKind;

base::Bytes counted(std::uint64_t count, base::ByteView der)
{
    base::Bytes stored;
    for (unsigned i = 0; i < 8; ++i) {
        stored.push_back(static_cast<std::uint8_t>(count >> (8 * i)));
    }
    stored.insert(stored.end(), der.begin(), der.end());
    return stored;
}

std::uint64_t count_of(base::ByteView stored)
{
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < 8 && i < stored.size(); ++i) {
        count |= std::uint64_t(stored[i]) << (8 * i);
    }
    return count;
}

// The control node has checked the chain, so only the armour is taken off here; parsing waits for the first
// handshake.
base::Result<std::vector<base::Bytes>> ders_of(std::string_view pem)
{
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    constexpr std::string_view end = "-----END CERTIFICATE-----";
    std::vector<base::Bytes> ders;
    for (auto from = pem.find(begin); from != std::string_view::npos; from = pem.find(begin, from)) {
        from += begin.size();
        const auto to = pem.find(end, from);
        if (to == std::string_view::npos) {
            break;
        }
        TRY(der, base::from_base64(pem.substr(from, to - from)));
        ders.push_back(std::move(der));
        from = to;
    }
    if (ders.empty()) {
        return base::fail(base::Errc::invalid, "a certificate in the feed has no PEM chain");
    }
    return ders;
}

}  // namespace

base::Bytes to_stored(const model::Position& position)
{
    const auto text = fmt::format("{} {}", position.number, position.epoch);
    const auto view = base::as_bytes(text);
    return {view.begin(), view.end()};
}

model::Position position_from(base::ByteView stored)
{
    const auto text = base::as_text(stored);
    model::Position position;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), position.number);
    const auto used = static_cast<std::size_t>(read.ptr - text.data());
    if (used + 1 < text.size()) {
        position.epoch = text.substr(used + 1);
    }
    return position;
}

base::Result<Touched> CertificateStore::Update::run(const feed::Batch& batch)
{
    CHECKED(take_generation(batch.snapshot && batch.first));
    for (const auto& each : batch.changes) {
        CHECKED(change(each));
    }
    if (batch.snapshot && batch.last) {
        CHECKED(sweep(RevisionKind::route, tables_.route));
        CHECKED(sweep(RevisionKind::certificate, tables_.certificate));
        CHECKED(sweep(RevisionKind::token, tables_.token));
        CHECKED(sweep(RevisionKind::group, tables_.group));
        touched_.everything = true;
    }
    if (!batch.snapshot || batch.last) {
        CHECKED(tx_.put(tables_.meta, "position", to_stored(batch.position)));
    }
    return std::move(touched_);
}

base::Result<> CertificateStore::Update::take_generation(bool next)
{
    TRY(stored, tx_.get(tables_.meta, "generation"));
    generation_ = stored ? count_of(*stored) : 0;
    if (!next) {
        return {};
    }
    ++generation_;
    return tx_.put(tables_.meta, "generation", counted(generation_, {}));
}

base::Result<> CertificateStore::Update::change(const feed::Change& change)
{
    if (!change.entry) {
        return remove(change.kind, change.key);
    }
    return std::visit([&](const auto& entry) { return put(change.key, entry); }, *change.entry);
}

base::Result<> CertificateStore::Update::put(const std::string& key, const feed::RouteEntry& entry)
{
    CHECKED(forget_route(key, entry.names));
    for (const auto& name : entry.names) {
        CHECKED(tx_.put(tables_.name, name, base::as_bytes(key)));
        touched_.names.push_back(name);
    }
    return tx_.put(tables_.route, key, to_stored(entry, generation_));
}

base::Result<> CertificateStore::Update::put(const std::string& key, const feed::CertificateEntry& entry)
{
    auto ders = ders_of(entry.chain_pem);
    if (!ders) {
        // One that cannot be read must not hold up the others; an older one with this id goes on serving.
        base::log::error("edge_certificate_unreadable",
                         {{"certificate", key}, {"error", ders.error().message()}});
        return {};
    }
    CertificateRecord record;
    record.facts = {key, entry.identifiers, entry.key_type, entry.not_after};
    record.endpoint = entry.endpoint;
    record.leaf_der = std::move(ders->front());
    record.sealed_key = sealer_.seal(entry.key_pkcs8, sealing_context(key));
    for (auto der = ders->begin() + 1; der != ders->end(); ++der) {
        TRY(hash, retain_issuer(*der));
        record.issuer_hashes.push_back(std::move(hash));
    }
    CHECKED(forget_certificate(key));
    CHECKED(touch_endpoint(entry.endpoint));
    return tx_.put(tables_.certificate, key, to_stored(record, generation_));
}

base::Result<> CertificateStore::Update::put(const std::string& key, const model::EdgeGroup& entry)
{
    touched_.groups = true;
    return tx_.put(tables_.group, key, to_stored(entry, generation_));
}

base::Result<> CertificateStore::Update::put(const std::string& key, const feed::TokenEntry& entry)
{
    if (!entry.identifier.empty()) {
        CHECKED(tx_.put(tables_.alpn, entry.identifier, base::as_bytes(key)));
    }
    return tx_.put(tables_.token, key, to_stored(entry, generation_));
}

base::Result<> CertificateStore::Update::remove(RevisionKind kind, const std::string& key)
{
    switch (kind) {
        case RevisionKind::route:
            CHECKED(forget_route(key, {}));
            return tx_.remove(tables_.route, key);
        case RevisionKind::certificate:
            return forget_certificate(key);
        case RevisionKind::group:
            touched_.groups = true;
            return tx_.remove(tables_.group, key);
        case RevisionKind::token:
            return forget_token(key);
        default:
            return {};
    }
}

base::Result<> CertificateStore::Update::forget_route(const std::string& endpoint,
                                                      const std::vector<std::string>& names_to_keep)
{
    TRY(stored, tx_.get(tables_.route, endpoint));
    const auto old = stored ? route_from(*stored) : base::Result<feed::RouteEntry>();
    if (!old) {
        return {};  // One that cannot be read is overwritten or removed.
    }
    for (const auto& name : old->names) {
        touched_.names.push_back(name);
        TRY(holder, tx_.get(tables_.name, name));
        const bool ours = holder && base::as_text(*holder) == endpoint;
        if (ours && std::ranges::find(names_to_keep, name) == names_to_keep.end()) {
            CHECKED(tx_.remove(tables_.name, name));
        }
    }
    return {};
}

base::Result<> CertificateStore::Update::forget_certificate(const std::string& certificate)
{
    touched_.certificates.push_back(certificate);
    TRY(stored, tx_.get(tables_.certificate, certificate));
    if (!stored) {
        return {};
    }
    const auto old = certificate_from(*stored);
    if (old) {
        for (const auto& hash : old->issuer_hashes) {
            CHECKED(release_issuer(hash));
        }
        CHECKED(touch_endpoint(old->endpoint));
    }
    return tx_.remove(tables_.certificate, certificate);
}

base::Result<> CertificateStore::Update::forget_token(const std::string& token)
{
    TRY(stored, tx_.get(tables_.token, token));
    const auto old = stored ? token_from(*stored) : base::Result<feed::TokenEntry>();
    if (old && !old->identifier.empty()) {
        TRY(newest, tx_.get(tables_.alpn, old->identifier));
        if (newest && base::as_text(*newest) == token) {
            CHECKED(tx_.remove(tables_.alpn, old->identifier));
        }
    }
    return tx_.remove(tables_.token, token);
}

base::Result<> CertificateStore::Update::touch_endpoint(const std::string& endpoint)
{
    if (endpoint.empty()) {
        touched_.groups = true;  // The platform's: perhaps a default.
        return {};
    }
    TRY(stored, tx_.get(tables_.route, endpoint));
    const auto route = stored ? route_from(*stored) : base::Result<feed::RouteEntry>();
    if (route) {
        touched_.names.insert(touched_.names.end(), route->names.begin(), route->names.end());
    }
    return {};
}

base::Result<base::Bytes> CertificateStore::Update::retain_issuer(base::ByteView der)
{
    auto hash = crypto::sha256(der);
    TRY(stored, tx_.get(tables_.issuer, base::as_text(hash)));
    CHECKED(tx_.put(tables_.issuer, base::as_text(hash), counted(stored ? count_of(*stored) + 1 : 1, der)));
    return hash;
}

base::Result<> CertificateStore::Update::release_issuer(base::ByteView hash)
{
    TRY(stored, tx_.get(tables_.issuer, base::as_text(hash)));
    if (!stored) {
        return {};
    }
    const auto count = count_of(*stored);
    if (count <= 1) {
        return tx_.remove(tables_.issuer, base::as_text(hash));
    }
    return tx_.put(tables_.issuer, base::as_text(hash),
                   counted(count - 1, stored->subspan(std::min<std::size_t>(8, stored->size()))));
}

base::Result<> CertificateStore::Update::sweep(RevisionKind kind, MDB_dbi table)
{
    std::vector<std::string> gone;
    {
        TRY(cursor, lmdb::Cursor::open(tx_, table));
        while (true) {
            TRY(item, cursor.next());
            if (!item) {
                break;
            }
            const auto generation = generation_of(item->value);
            if (!generation || *generation != generation_) {
                gone.emplace_back(item->key);
            }
        }
    }
    for (const auto& key : gone) {
        CHECKED(remove(kind, key));
    }
    return {};
}

}  // namespace edge
