// Endpoint: names of a customer that certwright keeps on valid HTTPS, and everything people see of them.
#pragma once

#include "base/clock.h"
#include "model/domain_name.h"
#include "model/forwarding.h"
#include "model/problem.h"
#include "model/redirect.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace model {

enum class EndpointKind { external, internal };

// Who enforces the IP filter: our edge (which exempts the challenge path) or a network in front of it.
enum class FilterAt { edge, network };

// What port 80 does for a name: redirect to HTTPS, serve as HTTPS does, or refuse. Challenges are answered
// whatever it is.
enum class PlainHttp { redirect, serve, refuse };

enum class KeyType { ecdsa_p256, rsa_2048 };

// What proves control of a name to the CA.
enum class ChallengeType { http_01, dns_01, tls_alpn_01 };

// "Is it serving, and must somebody act?" in one word (DESIGN 5.2).
enum class EndpointState {
    pending_dns,
    issuing,
    active,
    degraded,
    action_required,
    parked,
    suspended,
    deleting
};

enum class RecordPurpose { routing, challenge, ownership };
enum class RecordStatus { unknown, ok, missing, wrong, conflict };

// Another record that does the same, where the DNS provider offers it.
struct RecordAlternative {
    std::string type;  // "ALIAS": whatever the provider calls it (ALIAS, ANAME, flattened CNAME)
    std::string value;
    bool operator==(const RecordAlternative&) const = default;
};

// Strict-Transport-Security (RFC 6797). What an upstream says of it is replaced.
struct Hsts {
    static constexpr std::int64_t longest = 10LL * 365 * 24 * 3'600;  // seconds

    std::int64_t max_age = 0;  // seconds; 0: none
    bool subdomains = false;
    bool preload = false;
    bool operator==(const Hsts&) const = default;
};

// A DNS record that the customer creates. Made when the endpoint is created; name and value never change.
struct RequiredRecord {
    RecordPurpose purpose = RecordPurpose::routing;
    std::string type;   // "CNAME", "TXT", "A", "AAAA"
    std::string name;   // absolute, without final dot
    std::string host;   // relative to the registrable domain: what registrar forms want
    std::string value;  // without final dot
    bool required = true;
    std::vector<RecordAlternative> alternatives{};
    RecordStatus status = RecordStatus::unknown;
    std::vector<std::string> found;  // what DNS has now, e.g. "A 192.0.2.1"
    bool operator==(const RequiredRecord&) const = default;
};

enum class ConditionStatus { unknown, yes, no };

// One aspect of an endpoint's health; `type` is Ownership, DnsRouting, ChallengeDelegation, CaaAllows,
// Certificate, Deployed, Reachable or Origin.
struct Condition {
    std::string type;
    ConditionStatus status = ConditionStatus::unknown;
    Problem problem;  // why, when status is not `yes`
    base::Time observed_at{};
    bool operator==(const Condition&) const = default;
};

struct EndpointStatus {
    EndpointState state = EndpointState::pending_dns;
    base::Time since{};
    Problem reason;         // none when all is well
    bool retrying = false;  // certwright will try again by itself, at next_attempt_at
    std::optional<base::Time> next_attempt_at;
    bool serving = false;  // an own certificate (managed, uploaded or transitional) is being served
    std::vector<Condition> conditions;
    bool operator==(const EndpointStatus&) const = default;
};

struct Endpoint {
    std::string id;  // "ep_..."
    std::string tenant;
    std::string edge_group = "default";
    std::vector<DomainName> names;  // at least one; the first is what people call it
    EndpointKind kind = EndpointKind::external;
    std::vector<std::string> ip_filter;  // CIDR texts; empty: everybody
    FilterAt filter_at = FilterAt::edge;
    bool own_challenges = false;  // the app answers its own HTTP-01 challenges; ours are DNS-01
    bool behind_proxies = false;  // of others: handshakes never reach us; its group's, never changes
    std::string upstream;         // http://host:port[/prefix] or https://...; may be empty behind proxies
    Redirect redirect;            // in place of an upstream
    Forwarding forwarding;
    Hsts hsts;
    PlainHttp plain_http = PlainHttp::redirect;
    std::vector<KeyType> key_types{KeyType::ecdsa_p256};
    std::vector<std::string>
        ca_policy;           // names of CA accounts, best first; empty: the default, then fallbacks
    std::string profile;     // of its certificates; empty: the account's
    std::string label;       // unguessable, never reused: <label>.<platform> and <label>.<challenge zone>
    bool vouched = false;    // the operator answers for its names: they need no proof of ownership
    bool bulk = false;       // came with an import: its first certificate waits behind those of single names
    bool on_demand = false;  // a visitor asked a pool for it; nobody added it
    std::vector<RequiredRecord> required_records;
    EndpointStatus status;
    base::Time created_at{};
    std::optional<base::Time> next_check_at;  // when DNS is looked at again; none: nothing is due
    int checks = 0;                           // since the last change of state, for the cadence of checks
    std::optional<base::Time> deleted_at;

    const DomainName& name() const { return names.front(); }
    bool filtered() const { return !ip_filter.empty(); }
};

// Where the platform lives: what targets of required records are made of.
struct Platform {
    DomainName domain;          // aliases are <label>.<domain>
    DomainName challenge_zone;  // delegations are <label>.<challenge_zone>
};

// The challenges that can prove every name of `endpoint`, best first (DESIGN 5.3). `delegated`: the
// _acme-challenge CNAME is in place. Empty: nothing can prove it yet.
std::vector<ChallengeType> usable_challenges(const Endpoint& endpoint, bool delegated);

bool has_apex(const Endpoint& endpoint);

// True when HTTP-01 can never prove this endpoint, so that the delegation is not optional.
bool needs_delegation(const Endpoint& endpoint);

// The records to create, in the order in which people should create them. Pure; called once at creation.
// `addresses` of the edge group: what an apex, where no CNAME may stand, leads to.
std::vector<RequiredRecord> required_records(const Endpoint& endpoint, const Platform& platform,
                                             const std::vector<std::string>& addresses = {});

// The name of the TXT record that proves who owns `name`, and what its values begin with.
std::string ownership_owner(const DomainName& name);
inline constexpr std::string_view ownership_prefix = "certwright=";

// Text forms used in the API, the database and the CLI. *_from returns an error that lists what is allowed.
std::string_view to_string(EndpointKind value);
std::string_view to_string(FilterAt value);
std::string_view to_string(PlainHttp value);
std::string_view to_string(KeyType value);
std::string_view to_string(ChallengeType value);
std::string_view to_string(EndpointState value);
std::string_view to_string(RecordPurpose value);
std::string_view to_string(RecordStatus value);
std::string_view to_string(ConditionStatus value);
base::Result<EndpointKind> endpoint_kind_from(std::string_view text);
base::Result<FilterAt> filter_at_from(std::string_view text);
base::Result<PlainHttp> plain_http_from(std::string_view text);
base::Result<KeyType> key_type_from(std::string_view text);
base::Result<ChallengeType> challenge_type_from(std::string_view text);
base::Result<EndpointState> endpoint_state_from(std::string_view text);
base::Result<RecordPurpose> record_purpose_from(std::string_view text);
base::Result<RecordStatus> record_status_from(std::string_view text);
base::Result<ConditionStatus> condition_status_from(std::string_view text);

}  // namespace model
