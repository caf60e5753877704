// Watch: looks at the DNS of endpoints when a look is due, stores what it finds, and says which ones can have
// their certificate now.
#pragma once

#include "base/clock.h"
#include "base/task_group.h"
#include "diagnosis/dns_check.h"
#include "diagnosis/parked_ring.h"
#include "dns/resolver.h"
#include "store/store.h"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <set>
#include <string>

namespace diagnosis {

// When an endpoint is looked at again: often at first, then ever more rarely.
struct Cadence {
    std::chrono::milliseconds first{std::chrono::minutes(1)};
    int steady = 10;       // checks at the first interval
    double factor = 1.15;  // from one interval to the next after that
    std::chrono::milliseconds longest{std::chrono::hours(4)};
    std::chrono::milliseconds parked{std::chrono::hours(24)};
};

// The time to the next check after `checks` of them in this state.
std::chrono::milliseconds next_interval(const Cadence& cadence, model::EndpointState state, int checks);

// Who orders certificates. Above this folder.
class NeedsCertificate {
public:
    virtual ~NeedsCertificate() = default;
    // `endpoint` can be proved now: orders what it lacks, and makes an order that waits for its DNS due.
    // Idempotent; part of the caller's transaction. True when there is work.
    virtual base::Result<bool> needs_certificate(store::Transaction& tx, const model::Endpoint& endpoint,
                                                 base::Time now) = 0;
    // After the commit: work may be due.
    virtual void wake() = 0;
};

struct WatchOptions {
    Cadence cadence;
    std::chrono::milliseconds poll{1'000};  // how often the index of due checks is asked
    std::size_t in_flight = 32;
    std::chrono::milliseconds limit{60'000};  // of one check
    std::vector<std::string> caa_identities;  // of the default account's CA; empty: what its directory says
    ProbeOptions probes;
    std::vector<std::string>
        private_blocks;  // beside public addresses and our own; probes.granted is made of it
    RingOptions ring;
    std::chrono::hours moved_notice{7 * 24};  // a name that moved away is renewed this long
};

// Runs on one executor: no locks.
class Watch {
public:
    // All outlive the watch.
    Watch(boost::asio::any_io_executor executor, store::Store& store, dns::Resolver& resolver,
          base::Clock& clock, NeedsCertificate& issuance, WatchOptions options);

    // Until cancelled.
    boost::asio::awaitable<void> run();
    // A look now by somebody who waits for it, stored when this returns.
    base::Task<model::Endpoint> check_now(std::string endpoint);
    // The findings for an endpoint without storing them: preflight of an order.
    base::Task<DnsFindings> look(model::Endpoint endpoint);
    // What CAA has against this account alone issuing for the endpoint's names; none: nothing, or nobody
    // knows.
    base::Task<model::Problem> caa_problem(model::Endpoint endpoint, CaIdentity account);
    // A check may be due: an endpoint was added.
    void wake() { sleeper_.cancel(); }

private:
    boost::asio::awaitable<void> check_due(std::string endpoint);
    void start(const std::string& endpoint);
    base::Result<std::pair<model::Endpoint, bool>> store_look(store::Transaction& tx,
                                                              const std::string& endpoint,
                                                              const base::Result<DnsFindings>& found,
                                                              base::Time now);
    base::Task<> start_due();
    base::Task<model::Endpoint> check(std::string endpoint, bool thorough);
    base::Task<DnsFindings> findings(model::Endpoint endpoint, bool thorough);

    store::Store& store_;
    dns::Resolver& resolver_;
    base::Clock& clock_;
    NeedsCertificate& issuance_;
    WatchOptions options_;
    std::set<std::string> running_;
    bool backlog_ = false;           // the index had more due than could be started
    std::deque<std::string> woken_;  // parked ones whose DNS has changed
    boost::asio::steady_timer sleeper_;
    ParkedRing ring_;
    base::TaskGroup ring_task_;
    base::TaskGroup checks_;
};

}  // namespace diagnosis
