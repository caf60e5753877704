// The smaller records that every layer speaks: tenants, tokens, challenges, revisions, budgets, events,
// edges, zones.
#pragma once

#include "base/clock.h"
#include "model/redirect.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace model {

// The platform's own tenant; it exists from the start.
inline constexpr const char* own_tenant = "default";
// The edge group of the control node's own edge; it exists from the start.
inline constexpr const char* own_group = "default";

struct Tenant {
    std::string id;
    std::string name;
    base::Time created_at{};
};

// A bearer token. The secret itself is shown once and never stored.
struct Token {
    std::string id;      // "tok_..."
    std::string tenant;  // empty: the operator, all tenants
    std::string name;
    std::string secret_hash;          // SHA-256, hexadecimal
    std::vector<std::string> scopes;  // "read", "write", "admin", "edge:<group>"
    base::Time created_at{};
    std::optional<base::Time> expires_at;
    std::optional<base::Time> revoked_at;
};

// A TXT value that the name server answers with until it is removed or expires.
struct ChallengeTxt {
    std::string owner;  // absolute name under the challenge or platform zone, lower case, no final dot
    std::string value;
    std::string order;  // Order id
    base::Time expires_at{};
    bool operator==(const ChallengeTxt&) const = default;
};

// What edges answer a CA with, beyond HTTP-01 of the default account: an HTTP-01 token of another account, or
// any TLS-ALPN-01 token; and the account's thumbprint. Nothing in it is secret.
struct ChallengeToken {
    std::string token;
    std::string thumbprint;
    std::string order;
    base::Time expires_at{};
    std::string identifier{};  // TLS-ALPN-01: the name whose ClientHello is answered; empty for HTTP-01
    bool operator==(const ChallengeToken&) const = default;
};

// How far a follower has come. An epoch changes after a restore; then followers start from a snapshot.
struct Position {
    std::string epoch;
    std::int64_t number = 0;
    bool operator==(const Position&) const = default;
};

// What a revision is about; the key is in parentheses.
enum class RevisionKind {
    route,        // an endpoint's names, upstream, filter and certificates (endpoint id)
    certificate,  // (certificate id)
    token,        // an HTTP-01 token (token)
    alias,        // <label>.<platform> (absolute name)
    txt,          // TXT values (absolute name)
    group,        // an edge group (group name)
    zone,         // a zone's apex (apex name)
    records,      // all record sets at a name (owner name)
};

std::string_view to_string(RevisionKind value);
base::Result<RevisionKind> revision_kind_from(std::string_view text);

struct Revision {
    std::int64_t number = 0;
    RevisionKind kind = RevisionKind::route;
    std::string key;
    std::string group;  // the edge group concerned; empty: all
    bool operator==(const Revision&) const = default;
};

struct Lease {
    std::string name;
    std::string node;
    std::int64_t fence = 0;
    base::Time expires_at{};  // database time
};

// A token bucket: `level` of `capacity` remain at `updated_at`; it refills at capacity per `period`.
struct Bucket {
    std::string
        key{};  // owner, limit and subject: "ca_x/new_orders" or "ca.example/registered_domain/example.com"
    std::string owner{};    // an account, or the CA's host where all accounts at a CA share the limit
    std::string limit{};    // e.g. "new_orders"
    std::string subject{};  // a domain, a name, a set of names; empty where the owner has one bucket
    double capacity = 0;
    std::int64_t period_ms = 0;
    double level = 0;
    std::int64_t reserved = 0;  // taken for work that has not ended: neither spent nor free
    base::Time updated_at{};
    std::optional<base::Time> blocked_until{};  // the CA said so
};

struct Reservation {
    std::string id{};  // "res_..."
    std::vector<std::string> buckets{};
    std::vector<std::string> failures{};  // buckets that a certificate empties of failures
    base::Time created_at{};
};

// What the CA agreed on with the operator, in place of a published number.
struct LimitOverride {
    std::string account{};
    std::string limit{};
    std::string subject{};  // a registered domain; empty: all of the account
    double capacity = 0;
    std::int64_t period_ms = 0;
    base::Time created_at{};
};

// When the CA wants a certificate renewed (RFC 9773). Belongs to that very certificate, never to its
// successor.
struct RenewalAdvice {
    std::string ari_id{};                      // certID
    std::string certificate{};                 // id
    std::string account{};                     // CaAccount id
    std::optional<base::Time> window_start{};  // none: the CA has not answered yet
    std::optional<base::Time> window_end{};
    std::optional<base::Time> chosen_at{};  // in the window; chosen once a window
    std::string explanation_url{};
    std::optional<base::Time> next_poll_at{};  // none: not asked any more
    std::optional<base::Time> answered_at{};
    int failures = 0;               // since the last answer
    bool replaces_refused = false;  // the CA did not take `replaces` for it
};

struct Event {
    std::int64_t number = 0;  // given by the store
    std::string tenant;
    std::string subject;  // endpoint, certificate or account id
    std::string type;     // e.g. "certificate.issued" (peers' names: subject.verb)
    std::string message;  // a sentence
    std::map<std::string, std::string> data;
    base::Time created_at{};
};

struct EdgeNode {
    std::string id;  // "edge_..."
    std::string name;
    std::string group;
    std::string version;
    std::int64_t revision = 0;  // applied
    base::Time seen_at{};
    std::string trouble{};                          // what keeps it from applying more; empty: nothing
    std::optional<base::Time> certificate_until{};  // of its client certificate; none: it follows by token
    std::optional<base::Time> removed_at{};         // it is gone for good, and is not let in again
};

// Edges, or proxies of others, that serve the same names at the same addresses.
struct EdgeGroup {
    std::string name;
    std::vector<std::string> addresses;  // IPv4 and IPv6, what aliases resolve to
    std::string default_certificate;     // id; served when nothing else fits; empty before the first one
    std::string thumbprint;              // of the default CA account; empty before there is one
    bool own_challenges = false;         // its proxies leave the challenge path to the apps; never changes
    bool proxies = false;                // its servers are proxies of others, not our edges; never changes
    Pool pool{};                         // what its edges do with domains that nobody added
};

struct NameServer {
    std::string name;                    // absolute, no final dot
    std::vector<std::string> addresses;  // glue
    bool operator==(const NameServer&) const = default;
};

// What a zone is for, and so who writes into it. Record sets may be added to every kind.
enum class ZoneKind {
    platform,   // aliases of endpoints; comes from the settings
    challenge,  // proofs; comes from the settings
    fixed,      // "static": people and clients of protocols write all of it
};

std::string_view to_string(ZoneKind value);
base::Result<ZoneKind> zone_kind_from(std::string_view text);

// A zone that our name server answers for. Its SOA and the NS records of its apex are made from this.
struct Zone {
    std::string apex;  // canonical, no final dot
    std::vector<NameServer> name_servers;
    std::string hostmaster;           // mailbox as a name, e.g. "hostmaster.platform.test"
    std::string group;                // whose addresses the apex has; empty: none
    std::uint32_t negative_ttl = 30;  // seconds (RFC 2308)

    ZoneKind kind = ZoneKind::platform;
    std::string tenant = own_tenant;
    std::string primary{};          // MNAME of the SOA; empty: the first name server
    std::uint32_t refresh = 3'600;  // seconds, as the three that follow
    std::uint32_t retry = 600;
    std::uint32_t expire = 604'800;
    std::uint32_t apex_ttl = 3'600;  // of the SOA and the NS records

    bool operator==(const Zone&) const = default;
};

}  // namespace model
