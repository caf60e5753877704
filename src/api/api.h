// The REST API under /v1 (DESIGN 11): what people, scripts and the dashboard talk to.
//
// JSON in and out, bearer tokens, problem documents (RFC 9457), cursors, server-sent events; described by
// docs/openapi.json, which is checked against the routes. The rules of endpoints are not here but in
// endpoints/.
#pragma once

#include "alerts/service.h"
#include "base/clock.h"
#include "base/short_memory.h"
#include "base/task.h"
#include "endpoints/service.h"
#include "http/router.h"
#include "model/certificate.h"
#include "store/store.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace api {

// Whether the world can find a zone of ours: what `status` tells about delegation and glue.
struct ZoneCheck {
    std::string zone;
    bool ok = false;
    bool known = false;   // it could be looked up
    std::string message;  // what was seen
    std::string fix;      // empty when ok
    std::vector<std::string>
        records;  // to create at the parent, e.g. "platform.example NS ns1.platform.example"
};

// How the world sees one zone: its delegation, and what each name server says of it.
struct ZoneReport {
    struct Delegated {
        std::string record;  // "shop.example NS ns1.shop.example"
        std::string state;   // ok, missing, wrong, unknown
        std::string problem;
    };
    struct Server {
        std::string name;
        std::string address;
        std::string transport;  // udp, tcp
        std::optional<std::uint32_t> serial;
        bool ok = false;
        std::string problem;
    };
    std::string zone;
    bool ok = false;
    std::vector<Delegated> delegation;
    std::vector<Server> servers;
};

// The edges of a group: how many live, and how many of those have applied a revision.
struct EdgeCount {
    struct Lost {
        std::string name;
        base::Time seen_at{};
    };
    std::size_t serving = 0;
    std::size_t live = 0;
    std::vector<std::string> behind;  // names of live ones
    std::vector<Lost> lost;           // not heard of, or in trouble: nothing waits for them
};

// What the running node knows and no table holds. Called on the API's executor.
class NodeFacts {
public:
    virtual ~NodeFacts() = default;
    virtual base::Task<EdgeCount> edges_with(std::string group, model::Position position) = 0;
    // Silence after which nothing waits for an edge.
    virtual std::chrono::milliseconds edges_lost_after() const = 0;
    // SHA-256 of the root that edges are to trust, hexadecimal; empty: other machines cannot join.
    virtual std::string feed_root() const = 0;
    virtual std::string version() const = 0;
    virtual std::vector<ZoneCheck> zones() const = 0;
    // Looks now; takes as long as slow servers do, within bounds.
    virtual base::Task<ZoneReport> check_zone(model::Zone zone) = 0;
    // More lines of Prometheus text exposition, each family with HELP and TYPE; may be empty.
    virtual std::string metrics() const = 0;
};

// What is absent stays as it is.
struct CaAccountChange {
    bool make_default = false;
    std::optional<int> fallback;  // its place among those that step in; 0: it does not
    std::optional<std::string> profile;
    std::optional<std::string> preferred_chain;
    std::optional<std::vector<model::KeyType>> key_types;  // that the CA takes; empty: all
    std::optional<bool> trusted;
};

struct NewCaAccount {
    std::string name;
    std::string directory;              // a URL, or the name of a known CA
    std::vector<std::string> contacts;  // mail addresses
    std::string eab_kid;
    std::string eab_key;  // base64url, as CAs give it
    CaAccountChange settings;
};

struct Promotion {
    model::CaAccount account;
    std::int64_t queued = 0;          // orders, by this call; none: nothing is left to be ordered
    std::int64_t only_untrusted = 0;  // certificates that nothing trusted has replaced yet
};

// CA accounts: keys, registration at the CA, rows. Accounts are meant by name or id (ca_account_not_found).
class CaRegistry {
public:
    virtual ~CaRegistry() = default;
    virtual base::Task<model::CaAccount> find(std::string account) = 0;
    virtual base::Task<model::CaAccount> add(NewCaAccount wanted) = 0;
    virtual base::Task<model::CaAccount> change(std::string account, CaAccountChange change) = 0;
    // Makes a CA that has forgotten the account know it again.
    virtual base::Task<model::CaAccount> register_again(std::string account) = 0;
    // Begins; the rest is durable and happens by itself.
    virtual base::Task<model::CaAccount> rotate_key(std::string account) = 0;
    virtual base::Task<model::CaAccount> deactivate(std::string account) = 0;
    // Makes it the default and orders a part of the trusted certificates that are lacking; again for the
    // next part.
    virtual base::Task<Promotion> promote(std::string account) = 0;
};

// How the dashboard is signed in to.
struct SessionOptions {
    std::chrono::seconds life = std::chrono::hours(12);
    std::chrono::seconds code_life = std::chrono::minutes(10);
};

// Certificates by their end, and by the day on which they came.
struct CertificateCounts {
    std::vector<std::int64_t> ends;
    std::vector<std::int64_t> issued;
};

// All must outlive the Api.
struct Parts {
    store::Store& store;
    endpoints::Service& endpoints;
    base::Clock& clock;
    CaRegistry& ca_registry;
    NodeFacts& facts;
    alerts::Service& alerts;
    SessionOptions sessions{};
    // By tenant, as counted a moment ago; set by the Api.
    base::ShortMemory<CertificateCounts>* counts = nullptr;
};

// Runs on one executor: no locks. REQUIRES: the routes are not called after the Api is gone.
class Api {
public:
    Api(boost::asio::any_io_executor executor, Parts parts);
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;
    ~Api();

    void add_routes(http::Router& router);

    // A hint that events may have been appended: event streams look at once instead of within a second.
    void events_appended();
    // Ends the event streams, for a graceful stop.
    void stop_streams();

private:
    struct State;
    std::unique_ptr<State> state_;
};

// docs/openapi.json, embedded at build time.
std::string_view openapi_document();

// A new token row and its secret, which is shown once. `scopes`: read, write, admin, edge:<group>.
struct MintedToken {
    model::Token row;
    std::string secret;
};
MintedToken mint_token(std::string name, std::string tenant, std::vector<std::string> scopes, base::Time now);
// What is stored and looked up for a secret.
std::string hash_secret(std::string_view secret);

}  // namespace api
