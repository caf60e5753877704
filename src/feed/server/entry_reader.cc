#include "feed/server/entry_reader.h"

#include "base/log.h"
#include "model/serving.h"

#include <algorithm>

namespace feed {

namespace {

using model::RevisionKind;

constexpr std::string_view unreadable = "key_unsealable";

// Turns "no such row" into an empty value; other failures stay failures.
template <class T>
base::Result<std::optional<T>> if_found(base::Result<T> result)
{
    if (result) {
        return std::optional<T>(std::move(*result));
    }
    if (result.error().kind() == base::Errc::not_found) {
        return std::optional<T>();
    }
    return base::fail(std::move(result).error());
}

base::Result<std::optional<Entry>> token(store::Transaction& tx, const std::string& key)
{
    TRY(found, tx.challenges.token(key));
    return found ? std::optional<Entry>(TokenEntry{found->thumbprint, found->identifier}) : std::nullopt;
}

// A removed endpoint is not served from the moment of its removal, although its names are still held for its
// tenant.
bool is_gone(const model::Endpoint& endpoint)
{
    return endpoint.deleted_at || endpoint.status.state == model::EndpointState::deleting;
}

base::Result<std::optional<Entry>> alias(store::Transaction& tx, const std::string& key)
{
    TRY(endpoint, if_found(tx.endpoints.find_by_label(key.substr(0, key.find('.')))));
    const bool there = endpoint && !is_gone(*endpoint);
    return there ? std::optional<Entry>(AliasEntry{endpoint->edge_group}) : std::nullopt;
}

base::Result<std::optional<Entry>> txt(store::Transaction& tx, const std::string& key)
{
    TRY(values, tx.challenges.txt_of(key));
    TxtEntry entry;
    for (auto& value : values) {
        entry.values.push_back({std::move(value.value), value.expires_at});
    }
    return entry.values.empty() ? std::nullopt : std::optional<Entry>(std::move(entry));
}

base::Result<std::optional<Entry>> group(store::Transaction& tx, const std::string& key, const Filter& filter)
{
    if (filter.group && *filter.group != key) {
        return std::optional<Entry>();
    }
    TRY(found, if_found(tx.groups.get(key)));
    return found ? std::optional<Entry>(std::move(*found)) : std::nullopt;
}

base::Result<std::optional<Entry>> zone(store::Transaction& tx, const std::string& key)
{
    TRY(found, if_found(tx.groups.zone(key)));
    return found ? std::optional<Entry>(std::move(*found)) : std::nullopt;
}

base::Result<std::optional<Entry>> records(store::Transaction& tx, const std::string& key)
{
    TRY(sets, tx.records.of_name(key));
    return sets.empty() ? std::nullopt : std::optional<Entry>(RecordsEntry{std::move(sets)});
}

}  // namespace

bool Filter::wants(RevisionKind kind) const
{
    return std::ranges::find(kinds, kind) != kinds.end();
}

Filter edge_filter(std::string group)
{
    return {{RevisionKind::certificate, RevisionKind::token, RevisionKind::group, RevisionKind::route},
            std::move(group)};
}

Filter name_server_filter()
{
    return {{RevisionKind::group, RevisionKind::zone, RevisionKind::alias, RevisionKind::txt,
             RevisionKind::records},
            std::nullopt};
}

base::Result<std::optional<Change>> EntryReader::read(store::Transaction& tx, RevisionKind kind,
                                                      const std::string& key, const Filter& filter) const
{
    auto found = entry(tx, kind, key, filter);
    if (!found && found.error().code() == unreadable) {
        base::log::error("feed_key_unreadable", {{"certificate", key}, {"error", found.error().message()}});
        return std::optional<Change>();
    }
    if (!found) {
        return base::fail(std::move(found).error());
    }
    return std::optional<Change>(Change{kind, key, std::move(*found)});
}

base::Result<std::optional<Entry>> EntryReader::entry(store::Transaction& tx, RevisionKind kind,
                                                      const std::string& key, const Filter& filter) const
{
    switch (kind) {
        case RevisionKind::route:
            return route(tx, key, filter);
        case RevisionKind::certificate:
            return certificate(tx, key, filter);
        case RevisionKind::token:
            return token(tx, key);
        case RevisionKind::alias:
            return alias(tx, key);
        case RevisionKind::txt:
            return txt(tx, key);
        case RevisionKind::group:
            return group(tx, key, filter);
        case RevisionKind::zone:
            return zone(tx, key);
        case RevisionKind::records:
            return records(tx, key);
    }
    return std::optional<Entry>();
}

base::Result<std::optional<Entry>> EntryReader::route(store::Transaction& tx, const std::string& key,
                                                      const Filter& filter) const
{
    TRY(endpoint, if_found(tx.endpoints.get(key)));
    if (!endpoint || is_gone(*endpoint) || (filter.group && *filter.group != endpoint->edge_group)) {
        return std::optional<Entry>();
    }
    // A name that somebody merely asks for is nobody's business of the edges.
    TRY(held, tx.names.held_by(key));
    if (held.empty()) {
        return std::optional<Entry>();
    }
    TRY(live, tx.certificates.of_endpoint(key));
    RouteEntry entry;
    entry.endpoint = endpoint->id;
    entry.tenant = endpoint->tenant;
    for (const auto& name : endpoint->names) {
        if (std::ranges::find(held, name.text()) != held.end()) {
            entry.names.push_back(name.text());
        }
    }
    entry.upstream = endpoint->upstream;
    entry.redirect = endpoint->redirect;
    entry.ip_filter = endpoint->ip_filter;
    entry.filter_at = endpoint->filter_at;
    entry.own_challenges = endpoint->own_challenges;
    entry.forwarding = endpoint->forwarding;
    entry.hsts = endpoint->hsts;
    entry.plain_http = endpoint->plain_http;
    for (const auto* each : model::serving_order(*endpoint, live, clock_.now())) {
        entry.certificates.push_back(each->id);
    }
    entry.suspended = endpoint->status.state == model::EndpointState::suspended;
    return std::optional<Entry>(std::move(entry));
}

base::Result<std::optional<Entry>> EntryReader::certificate(store::Transaction& tx, const std::string& key,
                                                            const Filter& filter) const
{
    TRY(row, if_found(tx.certificates.get(key)));
    if (!row || row->state != model::CertificateState::live || row->sealed_key.empty()) {
        return std::optional<Entry>();
    }
    if (filter.group && *filter.group != row->edge_group) {
        // A platform certificate may be the default of several groups.
        TRY(own, if_found(tx.groups.get(*filter.group)));
        if (row->source != model::CertificateSource::platform || !own || own->default_certificate != key) {
            return std::optional<Entry>();
        }
    }
    auto opened = sealer_.open(row->sealed_key, model::certificate_context(*row));
    if (!opened) {
        return base::fail(std::move(opened).error().with_code(std::string(unreadable)));
    }
    CertificateEntry entry;
    entry.certificate = row->id;
    entry.endpoint = row->endpoint;
    entry.identifiers = row->identifiers;
    entry.key_type = row->key_type;
    entry.source = row->source;
    entry.not_after = row->not_after;
    entry.chain_pem = row->chain_pem;
    entry.key_pkcs8 = std::move(*opened);
    return std::optional<Entry>(std::move(entry));
}

}  // namespace feed
