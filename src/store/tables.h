// The aggregates of the store, one small table class each. They are only reachable inside a Transaction, run
// on the store's own thread, and never suspend. Each has one implementation over sql::Connection, which both
// engines provide.
//
// Rule: a change that edges or name servers must see calls Revisions::append in the same transaction.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/certificate.h"
#include "model/endpoint.h"
#include "model/order.h"
#include "model/records.h"

#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sql {
class Connection;
}

namespace store {

// A page of a listing. `next` is the cursor of the following page; empty at the end.
template <class T>
struct Page {
    std::vector<T> items;
    std::string next;
};

class Tenants {
public:
    explicit Tenants(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::Tenant& tenant);
    base::Result<model::Tenant> get(const std::string& id);  // not_found
    base::Result<std::vector<model::Tenant>> list();

private:
    sql::Connection& db_;
};

class Tokens {
public:
    explicit Tokens(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::Token& token);
    // By SHA-256 of the secret, hexadecimal. not_found for unknown, revoked and expired ones.
    base::Result<model::Token> find(const std::string& secret_hash, base::Time now);
    base::Result<std::vector<model::Token>> list(const std::string& tenant);
    base::Result<> revoke(const std::string& id, base::Time now);

private:
    sql::Connection& db_;
};

struct EndpointFilter {
    std::string tenant{};  // empty: all
    std::optional<model::EndpointState> state{};
    std::string text{};      // part of a name; empty: all
    bool redirects = false;  // only those that redirect
    std::string after{};     // cursor
    std::size_t limit = 100;
};

// How many endpoints are not deleted, by tenant and state; or by how much that changes.
using EndpointCounts = std::map<std::pair<std::string, std::string>, std::int64_t>;

// Under which names a search finds an endpoint, by endpoint; without a value: not at all any more.
struct SearchLine {
    std::string tenant;
    std::string names;  // as JSON
};
using SearchLines = std::map<std::string, std::optional<SearchLine>>;

class Endpoints {
public:
    // `batch`: what earlier operations of the same transaction changed and is not written yet.
    explicit Endpoints(sql::Connection& db, const EndpointCounts* batch = nullptr) : db_(db), batch_(batch) {}
    // Writes the endpoint and claims its names; holds them at once when it is vouched for. conflict + code
    // name_in_use when its tenant claims one of them already, or when it is vouched for and another endpoint
    // holds one.
    base::Result<> insert(const model::Endpoint& endpoint);
    // Replaces every field of an existing endpoint, its tenant and names included. not_found. Deleting
    // (deleted_at set) releases its names.
    base::Result<> update(const model::Endpoint& endpoint);
    base::Result<model::Endpoint> get(const std::string& id);  // not_found
    // Live ones; exact name; not_found. Of the tenant; the empty tenant: the one that holds the name, else
    // one of those that claim it.
    base::Result<model::Endpoint> find_by_name(const model::DomainName& name, const std::string& tenant = "");
    base::Result<model::Endpoint> find_by_label(
        const std::string& label);  // not_found; labels are never reused
    // By creation, newest last, without deleted ones. With a text a page may have fewer than `limit` items,
    // even none, and still a `next`: one page is a bounded piece of work. Finds what earlier batches wrote.
    base::Result<Page<model::Endpoint>> list(const EndpointFilter& filter);
    base::Result<std::vector<model::Endpoint>> due_checks(base::Time now,
                                                          std::size_t limit);  // by next_check_at
    base::Result<std::vector<std::pair<model::EndpointState, std::int64_t>>> count_by_state(
        const std::string& tenant = "");
    base::Result<std::int64_t> count(const std::string& tenant);  // not deleted ones; for quotas
    // Counts anew what the counters say, and lists for the search what was added in the last two days or is
    // in the log of revisions. Only a program that does not know of them, beside this one during an upgrade,
    // makes them wrong.
    base::Result<> recount();

    EndpointCounts take_pending();  // for the writer
    SearchLines take_lines();       // for the writer

private:
    using CountKey = EndpointCounts::key_type;
    struct Stored {  // What is counted and searched of an endpoint.
        CountKey key;
        bool deleted = false;
        std::string names;
    };

    base::Result<std::optional<Stored>> stored(const std::string& id);
    // Those that are there, in the order of `ids`.
    base::Result<std::vector<model::Endpoint>> in_order(std::span<const std::string> ids);
    void note_change(const std::optional<Stored>& before, const model::Endpoint& endpoint);

    sql::Connection& db_;
    const EndpointCounts* batch_;
    EndpointCounts pending_;
    SearchLines lines_;
};

// Who claims a name and who holds it. Many tenants may claim a name, each with one endpoint; one endpoint
// holds it, and only that one is routed and gets certificates. Endpoints makes the claims and gives them up.
class Names {
public:
    explicit Names(sql::Connection& db) : db_(db) {}
    // The endpoint that holds `name`.
    base::Result<std::optional<std::string>> holder(const model::DomainName& name);
    base::Result<std::vector<std::string>> held_by(const std::string& endpoint);
    // False when another endpoint holds it. REQUIRES: `endpoint` claims it.
    base::Result<bool> hold(const std::string& endpoint, const model::DomainName& name);
    // The same, whoever holds it now.
    base::Result<> take_over(const std::string& endpoint, const model::DomainName& name);
    // All other endpoints that claim `name` are due for a look at DNS.
    base::Result<> check_others(const std::string& endpoint, const model::DomainName& name, base::Time now);
    // Names that `tenant` claims under a registrable domain.
    base::Result<std::int64_t> count(const std::string& tenant, const std::string& registrable);
    // Those of them that came on demand.
    base::Result<std::int64_t> count_on_demand(const std::string& tenant, const std::string& registrable);

private:
    sql::Connection& db_;
};

class Certificates {
public:
    explicit Certificates(sql::Connection& db) : db_(db) {}
    base::Result<> insert(const model::Certificate& certificate);
    base::Result<> update(const model::Certificate& certificate);
    base::Result<model::Certificate> get(const std::string& id);
    // get() without the chain and the key, which are most of it.
    base::Result<model::Certificate> facts(const std::string& id);
    base::Result<> renew_at(const std::string& id, base::Time when);  // not_found
    // Live ones of an endpoint, newest first. The empty endpoint: the platform's.
    base::Result<std::vector<model::Certificate>> of_endpoint(const std::string& endpoint);
    base::Result<Page<model::Certificate>> list(const std::string& tenant, const std::string& after,
                                                std::size_t limit);
    // Deleted ones of an endpoint that still have their key, newest first: what a removal took away.
    base::Result<std::vector<model::Certificate>> retired_of(const std::string& endpoint);
    // Live, renew_at <= now, without an unfinished order that replaces them or is for the same endpoint and
    // key type, and not of a suspended endpoint.
    base::Result<std::vector<model::Certificate>> due_renewals(base::Time now, std::size_t limit);
    // Live ones that the CA of `account` issued, by id.
    base::Result<std::vector<model::Certificate>> of_account(const std::string& account,
                                                             const std::string& after, std::size_t limit);
    // Live untrusted ones where nothing trusted of the same endpoint and key type is valid, and no unfinished
    // order of `account` is on its way. By id.
    base::Result<std::vector<model::Certificate>> only_untrusted(const std::string& account, base::Time now,
                                                                 std::size_t limit);
    base::Result<std::int64_t> count_only_untrusted(base::Time now);
    // Live ones of a tenant, or of all, that end before each of `bounds`, which ascend: those from one bound
    // to the next, and last those that end later than all. Within one index.
    base::Result<std::vector<std::int64_t>> count_by_end(const std::string& tenant,
                                                         const std::vector<base::Time>& bounds);
    // Those of a tenant, or of all, that came, whatever became of them: from each of `bounds`, which ascend,
    // to the next, and last those that came later than all. Within one index.
    base::Result<std::vector<std::int64_t>> count_by_creation(const std::string& tenant,
                                                              const std::vector<base::Time>& bounds);

private:
    base::Result<std::vector<std::int64_t>> count_in_buckets(std::string_view column,
                                                             const std::string& where,
                                                             const std::string& tenant,
                                                             const std::vector<base::Time>& bounds);
    sql::Connection& db_;
};

// One tenant's orders of a class; the empty tenant: the whole class.
struct Queue {
    model::QueueClass queue_class = model::QueueClass::interactive;
    std::string tenant{};
    auto operator<=>(const Queue&) const = default;
};

// Leaves room for others: of each queue in `running` and of each tenant's orders of a class no more than
// `most` are under way, with those that a claim adds.
struct Shares {
    std::size_t most = std::numeric_limits<std::size_t>::max();
    std::map<Queue, std::size_t> running{};
};

class Orders {
public:
    explicit Orders(sql::Connection& db) : db_(db) {}
    base::Result<> insert(const model::Order& order);
    base::Result<model::Order> get(const std::string& id);
    // Takes up to `limit` unfinished orders that are due and not leased, leases them to `node` for `duration`
    // of database time and returns them with their new fence. Fair: classes share by weight (a lower number
    // has more), the tenants of a class take turns, and of one tenant the longest due goes first. Keeps to
    // `shares`, and leaves out rows that other nodes are taking.
    base::Result<std::vector<model::Order>> claim(const std::string& node, std::chrono::seconds duration,
                                                  std::size_t limit, Shares shares = {});
    // conflict when the lease was lost (another fence). Extends nothing.
    base::Result<> save(const model::Order& order);
    base::Result<> extend(const model::Order& order, std::chrono::seconds duration);
    base::Result<> release(
        const model::Order& order);  // after save; other nodes may claim it at next_action_at
    base::Result<std::vector<model::Order>> of_endpoint(const std::string& endpoint,
                                                        std::size_t limit);  // newest first
    base::Result<std::optional<model::Order>> unfinished_of(const std::string& endpoint);
    // Unfinished ones.
    base::Result<std::vector<std::pair<model::OrderStatus, std::int64_t>>> count_by_status();
    // The soonest next_action_at of unfinished orders that are not leased.
    base::Result<std::optional<base::Time>> next_due();
    // The same, without those that claim() has already seen to be due.
    base::Result<std::optional<base::Time>> next_waiting();
    // How many orders of a class are due and not begun; counts up to `most`.
    base::Result<std::size_t> backlog(model::QueueClass queue_class, std::size_t most);

private:
    sql::Connection& db_;
};

class CaAccounts {
public:
    explicit CaAccounts(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::CaAccount& account);
    base::Result<model::CaAccount> get(const std::string& id);
    base::Result<model::CaAccount> default_account();  // not_found before the first start made one
    base::Result<std::vector<model::CaAccount>> list();
    // Those that a policy (names of accounts, best first) means, without deactivated ones. "default" is the
    // default account. An empty policy, or one that names nobody: the default account, then those that step
    // in.
    base::Result<std::vector<model::CaAccount>> of_policy(const std::vector<std::string>& names);
    // Leased orders of the account that the CA knows or is about to know: what a change of its key waits for.
    base::Result<std::int64_t> orders_under_way(const std::string& account);

    // By directory; healthy when nothing is stored.
    base::Result<model::CaHealth> health(const std::string& directory_url);
    base::Result<> put_health(const model::CaHealth& health);
    base::Result<std::vector<model::CaHealth>> health_list();

private:
    sql::Connection& db_;
};

// What CAs are to be told of revoked certificates, and have been.
class Revocations {
public:
    explicit Revocations(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::Revocation& revocation);
    base::Result<std::optional<model::Revocation>> of_certificate(const std::string& certificate);
    base::Result<std::vector<model::Revocation>> due(base::Time now, std::size_t limit);
    // The newest revocation of the endpoint's certificates.
    base::Result<std::optional<model::Revocation>> newest_of_endpoint(const std::string& endpoint);

private:
    sql::Connection& db_;
};

// What responders answer with: TXT values under the challenge zone and tokens of accounts that are not the
// default.
class Challenges {
public:
    explicit Challenges(sql::Connection& db) : db_(db) {}
    base::Result<> add_txt(const model::ChallengeTxt& txt);
    base::Result<> remove_txt(const std::string& owner, const std::string& value);
    base::Result<std::vector<model::ChallengeTxt>> txt_of(const std::string& owner);
    base::Result<> add_token(const model::ChallengeToken& token);
    base::Result<> remove_token(const std::string& token);
    base::Result<std::optional<model::ChallengeToken>> token(const std::string& token);
    // Everything that `order` published and that is still there; for clean-up after a crash.
    base::Result<std::vector<model::ChallengeTxt>> txt_of_order(const std::string& order);
    base::Result<std::int64_t> count_txt_of_others(const std::string& order);
    base::Result<std::vector<model::ChallengeToken>> tokens_of_order(const std::string& order);
    // Orders some of whose answers expired at or before `now`, in ascending order.
    base::Result<std::vector<std::string>> expired_orders(base::Time now, std::size_t limit);
    base::Result<std::int64_t> count();

private:
    sql::Connection& db_;
};

// Keys for snapshots: the store can list every key of a kind after a cursor.
class Revisions {
public:
    explicit Revisions(sql::Connection& db) : db_(db) {}
    // Notes that followers must look at (kind, key) again. Numbers are given at the end of the batch, dense
    // and in commit order; `group` limits it to one edge group (empty: all).
    void append(model::RevisionKind kind, std::string key, std::string group = "");
    base::Result<model::Position> head();
    // The newest change of an endpoint's route: who has applied it serves what the endpoint has now.
    base::Result<model::Position> newest_of_route(const std::string& endpoint);
    // Rows after `after.number`, coalesced by (kind, key), at most `limit`, and the position reached.
    // conflict when the epoch differs or the log was compacted past it: the follower starts from a snapshot.
    base::Result<std::vector<model::Revision>> after(const model::Position& after, std::size_t limit);
    // Drops rows at or below `number`.
    base::Result<> compact(std::int64_t number);
    // After a restore: a new epoch, so that every follower starts from a snapshot.
    base::Result<> new_epoch();
    // Every key of `kind` in ascending order after `key`; for snapshots.
    base::Result<std::vector<std::string>> keys(model::RevisionKind kind, const std::string& after,
                                                std::size_t limit);

    std::vector<model::Revision> take_pending();  // for the writer

private:
    sql::Connection& db_;
    std::vector<model::Revision> pending_;
};

// Named mutual exclusion between nodes on database time. A holder writes its fence beside its work.
class Leases {
public:
    explicit Leases(sql::Connection& db) : db_(db) {}
    // Takes a free or ended lease, or extends our own. Empty when another node holds it.
    base::Result<std::optional<model::Lease>> acquire(const std::string& name, const std::string& node,
                                                      std::chrono::seconds duration);
    base::Result<> release(const model::Lease& lease);
    // conflict when `lease` is no longer held with this fence.
    base::Result<> check(const model::Lease& lease);

private:
    sql::Connection& db_;
};

// Counters behind issuance::Budget: one row a limit and key, a token bucket with its reservations. A bucket
// that is full equals one that was never used, so full ones may be dropped.
class Budgets {
public:
    explicit Budgets(sql::Connection& db) : db_(db) {}
    base::Result<std::optional<model::Bucket>> get(const std::string& key);
    base::Result<> put(const model::Bucket& bucket);
    base::Result<> remove(const std::string& key);
    base::Result<std::vector<model::Bucket>> list();
    // Buckets of one limit, those that are full last come first; `name`: only subjects that begin with it.
    base::Result<std::vector<model::Bucket>> scarcest(const std::string& owner, const std::string& limit,
                                                      const std::string& name, std::size_t most);
    // Drops buckets that are full again, at most `most`; returns how many.
    base::Result<std::size_t> drop_full(base::Time now, std::size_t most);

    base::Result<> put_reservation(const model::Reservation& reservation);
    base::Result<std::optional<model::Reservation>> reservation(const std::string& id);
    base::Result<> remove_reservation(const std::string& id);
    // Made before `then`: nobody settled them.
    base::Result<std::vector<std::string>> old_reservations(base::Time then, std::size_t most);

    base::Result<> put_override(const model::LimitOverride& override_);
    base::Result<bool> remove_override(const std::string& account, const std::string& limit,
                                       const std::string& subject);
    base::Result<std::vector<model::LimitOverride>> overrides(const std::string& account);

private:
    sql::Connection& db_;
};

// When CAs want certificates renewed, keyed by certID (RFC 9773).
class Advice {
public:
    explicit Advice(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::RenewalAdvice& advice);
    base::Result<std::optional<model::RenewalAdvice>> get(const std::string& ari_id);
    base::Result<std::optional<model::RenewalAdvice>> of_certificate(const std::string& certificate);
    base::Result<> remove(const std::string& ari_id);
    // Whose CA is to be asked, longest due first.
    base::Result<std::vector<model::RenewalAdvice>> due(base::Time now, std::size_t limit);
    base::Result<> ask_at(const std::string& ari_id, base::Time when);

private:
    sql::Connection& db_;
};

// What happened, for people: never coalesced, never changed.
class Events {
public:
    explicit Events(sql::Connection& db) : db_(db) {}
    // Its number is given at the end of the batch, in commit order, so that a reader never misses a late one.
    base::Result<> append(const model::Event& event);
    base::Result<std::vector<model::Event>> after(std::int64_t number, const std::string& tenant,
                                                  std::size_t limit);
    base::Result<std::vector<model::Event>> of_subject(const std::string& subject,
                                                       std::size_t limit);  // newest first
    // The last `limit` ones in ascending order; the empty tenant: of all.
    base::Result<std::vector<model::Event>> newest(const std::string& tenant, std::size_t limit);

    std::vector<model::Event> take_pending();  // for the writer

private:
    sql::Connection& db_;
    std::vector<model::Event> pending_;
};

class EdgeNodes {
public:
    explicit EdgeNodes(sql::Connection& db) : db_(db) {}
    // How far it is. Its certificate and whether it was removed stay as they are.
    base::Result<> put(const model::EdgeNode& node);
    base::Result<> set_certificate(const std::string& id, base::Time until);
    // Keeps the row, so that its id is known for one that is gone.
    base::Result<> remove(const std::string& id, base::Time now);
    // Without those that were removed, and with them.
    base::Result<std::vector<model::EdgeNode>> list();
    base::Result<std::vector<model::EdgeNode>> all();
    // Removed ones too; not_found.
    base::Result<model::EdgeNode> get(const std::string& id);

private:
    sql::Connection& db_;
};

// Edge groups and the platform's zones: few rows.
class Groups {
public:
    explicit Groups(sql::Connection& db) : db_(db) {}
    base::Result<> put(const model::EdgeGroup& group);
    base::Result<model::EdgeGroup> get(const std::string& name);
    base::Result<std::vector<model::EdgeGroup>> list();
    base::Result<> put_zone(const model::Zone& zone);
    base::Result<model::Zone> zone(const std::string& apex);
    base::Result<std::vector<model::Zone>> zones();
    // Not its record sets; not_found.
    base::Result<> remove_zone(const std::string& apex);

private:
    sql::Connection& db_;
};

// Single values: schema facts, the key check value of the master key.
class Settings {
public:
    explicit Settings(sql::Connection& db) : db_(db) {}
    base::Result<std::optional<std::string>> get(const std::string& name);
    base::Result<> put(const std::string& name, const std::string& value);

private:
    sql::Connection& db_;
};

}  // namespace store
