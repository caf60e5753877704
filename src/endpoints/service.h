// The endpoints service: everything people and programs may do with an endpoint, with its rules, for the API
// and others.
//
// Not here: HTTP, tokens and their scopes (api/), looking at DNS (diagnosis/), talking to a CA (issuance/).
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "crypto/sealer.h"
#include "endpoints/ports.h"
#include "endpoints/revocation_reason.h"
#include "endpoints/upstream_policy.h"
#include "model/certificate.h"
#include "model/endpoint.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace endpoints {

// On whose behalf an operation runs. The empty tenant is the operator, who sees everything.
struct Caller {
    std::string tenant;

    bool is_operator() const { return tenant.empty(); }
    bool may_see(const std::string& owner) const { return tenant.empty() || tenant == owner; }
};

struct NewEndpoint {
    std::string
        tenant;  // for the operator: whose endpoint it becomes ("default" when empty); others get their own
    std::vector<std::string> names;
    model::EndpointKind kind = model::EndpointKind::external;
    std::vector<std::string> ip_filter;
    model::FilterAt filter_at = model::FilterAt::edge;
    std::string upstream;
    model::Redirect redirect;  // in place of an upstream
    std::vector<model::KeyType> key_types{model::KeyType::ecdsa_p256};
    std::vector<std::string> ca_policy;  // names of CA accounts, best first; empty: the operator's choice
    std::string profile;
    std::string edge_group;  // for the operator; empty: the default one. It never changes.
    bool own_challenges = false;
    model::Forwarding forwarding;
    model::Hsts hsts;
    model::PlainHttp plain_http = model::PlainHttp::redirect;
};

// Of a Forwarding; what is absent stays as it is.
struct ForwardingChange {
    std::optional<std::vector<std::string>> more_upstreams;
    std::optional<std::chrono::seconds> connect;
    std::optional<std::chrono::seconds> answer;
    std::optional<std::chrono::seconds> idle;
    std::optional<bool> proxy_protocol;
    std::optional<std::string> health_path;

    model::Forwarding of(model::Forwarding before) const;
};

// What is absent stays as it is. Names never change: another name is another endpoint.
struct EndpointChange {
    std::optional<model::EndpointKind> kind;
    std::optional<std::vector<std::string>> ip_filter;
    std::optional<model::FilterAt> filter_at;
    std::optional<std::string> upstream;     // an endpoint that was a redirect is none any more
    std::optional<std::string> redirect_to;  // an endpoint that had an upstream has none any more
    std::optional<int> redirect_status;
    std::optional<bool> redirect_keep_path;
    std::optional<std::vector<model::KeyType>> key_types;
    std::optional<std::vector<std::string>> ca_policy;
    std::optional<std::string> profile;
    std::optional<bool> own_challenges;
    ForwardingChange forwarding{};
    std::optional<model::Hsts> hsts{};
    std::optional<model::PlainHttp> plain_http{};
    bool preview = false;  // say what would be, warnings included, and change nothing
};

struct Outcome {
    model::Endpoint endpoint;
    bool created = false;
    bool changed = false;                  // an existing one was updated
    std::vector<model::Problem> warnings;  // accepted, but somebody has to act for it to work
};

struct Upload {
    std::string chain_pem;  // leaf first
    std::string key_pem;
    model::CertificateSource source = model::CertificateSource::transitional;  // or uploaded
    bool preview = false;  // say what would be, warnings included, and store nothing
};

struct Uploaded {
    model::Certificate certificate;
    std::vector<model::Problem> warnings;  // stored, but not served: names that are not proved yet
};

struct Revoked {
    model::Certificate certificate;
    model::Revocation revocation;
    std::optional<model::Order> successor;
};

struct Listing {
    std::optional<model::EndpointState> state;
    std::string text;        // part of a name
    std::string tenant;      // for the operator; empty: all
    bool redirects = false;  // only those that redirect
    std::string after;
    std::size_t limit = 100;
};

// An endpoint and what serves it, read at one moment.
struct Detail {
    model::Endpoint endpoint;
    std::vector<model::Certificate> certificates;  // live ones, newest first
    std::optional<model::Order> order;             // the newest
};

struct Options {
    model::Platform platform;
    std::vector<std::string> vouched_tenants{model::own_tenant};  // whose names need no proof of ownership
    std::int64_t names_per_domain = 0;  // of one tenant under one registrable domain; 0: no limit
    UpstreamPolicy upstreams;
    std::chrono::hours hold{24 * 7};              // a removed name stays with its tenant that long
    std::int64_t endpoints_per_tenant = 0;        // 0: no quota
    std::vector<std::string> own_challenges_for;  // tenants that may keep challenges to their apps; "*": all
};

// An endpoint is meant by its id ("ep_...") or by any of its names. What the caller may not see does not
// exist for him (endpoint_not_found, certificate_not_found). Runs on one executor: no locks. Each operation
// is one durable write.
class Service {
public:
    // All must outlive the service.
    Service(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer, Checks& checks,
            Issuance& issuance, Options options);

    // Idempotent by names: the same names and settings again return the existing endpoint; the same names
    // with other settings update it; names that the tenant has spread otherwise over endpoints are refused
    // (names_immutable). A claim on a name is not exclusive: another tenant's endpoint with it is a warning
    // (name_in_use), and an error only for tenants that are vouched for.
    base::Task<Outcome> create(Caller caller, NewEndpoint wanted);
    // The same for many, in one durable write; each has its own result. Their certificates wait behind those
    // of single names.
    base::Task<std::vector<base::Result<Outcome>>> import(Caller caller, std::vector<NewEndpoint> wanted);
    base::Task<Outcome> update(Caller caller, std::string endpoint, EndpointChange change);
    base::Task<Detail> get(Caller caller, std::string endpoint);
    base::Task<store::Page<model::Endpoint>> list(Caller caller, Listing listing);
    // Names that visitors ask a pool for. Whether `group` has the name already, or somebody else has it;
    // none: it is free. Error fanout_limited: its domain has enough of those that came on demand.
    base::Task<std::optional<bool>> find_on_demand(std::string group, model::DomainName name,
                                                   std::int64_t most_per_domain);
    // A redirect of the platform's own tenant with its first order, in one durable write; what is there
    // already is returned. REQUIRES: its DNS leads to the group, a pool, and nowhere else.
    base::Task<model::Endpoint> add_on_demand(std::string group, model::DomainName name,
                                              std::int64_t most_per_domain);
    // Stops serving and renewing at once; what the tenant held is held for it for Options::hold, then
    // released. `revoke`: its CA is told that the certificates are given up. Idempotent.
    base::Task<model::Endpoint> remove(Caller caller, std::string endpoint, bool revoke = false);
    // Takes a removal back during that time, with the certificates that are still valid. Idempotent.
    base::Task<Detail> restore(Caller caller, std::string endpoint);
    // The operator stops serving and renewing, and ends that. Idempotent.
    base::Task<Detail> suspend(Caller caller, std::string endpoint, std::string why);
    base::Task<Detail> resume(Caller caller, std::string endpoint);
    // The operator gives the endpoint with its certificates and records to another tenant, at once. A tenant
    // takes a name over by proving that it owns it: see create.
    base::Task<Detail> transfer(Caller caller, std::string endpoint, std::string tenant);
    // Releases the names whose hold is over; returns how many endpoints. For a timer.
    base::Task<std::size_t> release_held();

    base::Task<Detail> check(Caller caller, std::string endpoint);
    // Orders a successor of every live managed certificate, or a first one.
    base::Task<std::vector<model::Order>> renew(Caller caller, std::string endpoint);
    // Ends back-off and parking: the order, or the look at DNS, is due now.
    base::Task<Detail> retry(Caller caller, std::string endpoint);

    // Replaces an earlier upload of the same source and key type. The same certificate again changes nothing.
    // A name that is not proved to be the tenant's is a warning: until it is, nothing is served for it.
    base::Task<Uploaded> upload(Caller caller, std::string endpoint, Upload upload);
    base::Task<model::Certificate> certificate(Caller caller, std::string id);
    base::Task<store::Page<model::Certificate>> certificates(Caller caller, std::string after,
                                                             std::size_t limit);
    // It is not served any more when this returns; the CA is told by a durable job. With `replace` its
    // successor is ordered before everything else. The same again changes nothing.
    base::Task<Revoked> revoke(Caller caller, std::string id, RevocationReason reason, bool replace);
    // Uploaded and transitional ones only (certificate_managed).
    base::Task<model::Certificate> remove_certificate(Caller caller, std::string id);

private:
    base::Result<model::Endpoint> draft(const Caller& caller, const NewEndpoint& wanted,
                                        base::Time now) const;
    // After check_group().
    // `before`: what the caller may keep though it could not set it.
    base::Result<> check_settings(const Caller& caller, model::Endpoint& endpoint,
                                  const model::Endpoint& before) const;
    base::Result<> check_upstream(const Caller& caller, model::Endpoint& endpoint) const;
    // How an edge serves it: upstreams, Strict-Transport-Security, plain HTTP. `before`: what was granted
    // earlier stays.
    base::Result<> check_serving(const Caller& caller, model::Endpoint& endpoint,
                                 const model::Endpoint* before) const;
    base::Result<std::string> check_one_upstream(const Caller& caller, const model::Endpoint& endpoint,
                                                 const std::string& url) const;
    base::Result<Outcome> create_in(store::Transaction& tx, const Caller& caller,
                                    const model::Endpoint& wanted, base::Time now) const;
    // An endpoint of a group that leaves challenges to the apps does so too, and is behind its proxies.
    base::Result<> check_group(store::Transaction& tx, model::Endpoint& endpoint) const;
    base::Result<> check_own_challenges(const Caller& caller, const model::Endpoint& before,
                                        const model::Endpoint& after) const;
    base::Result<std::optional<model::Endpoint>> own_claim(store::Transaction& tx,
                                                           const model::Endpoint& wanted,
                                                           base::Time now) const;
    base::Result<> check_quota(store::Transaction& tx, const model::Endpoint& wanted) const;
    base::Result<> add_records(store::Transaction& tx, model::Endpoint& endpoint,
                               std::vector<model::Problem>& warnings) const;
    base::Result<model::Endpoint> insert_on_demand(store::Transaction& tx, model::Endpoint endpoint,
                                                   base::Time now) const;
    base::Result<Detail> stored_detail(store::Transaction& tx, const Caller& caller,
                                       const model::Endpoint& endpoint, base::Time now) const;
    base::Result<Outcome> apply(store::Transaction& tx, model::Endpoint before, model::Endpoint after,
                                base::Time now, bool preview = false) const;
    base::Result<> publish(store::Transaction& tx, const model::Endpoint& endpoint) const;

    store::Store& store_;
    base::Clock& clock_;
    const crypto::Sealer& sealer_;
    Checks& checks_;
    Issuance& issuance_;
    const Options options_;
};

}  // namespace endpoints
