// ParkedRing: a cheap watch on the DNS of parked endpoints. Each is asked about in turn with one datagram to
// a name server of its zone; only when the answer differs from the last is the endpoint looked at again in
// full (docs/decisions/0020).
#pragma once

#include "base/task_group.h"
#include "diagnosis/parked_question.h"
#include "diagnosis/probe_options.h"
#include "dns/resolver.h"
#include "store/store.h"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace diagnosis {

struct RingOptions {
    std::chrono::milliseconds turn{45'000};        // from one question about an endpoint to the next
    double queries_per_second = 1'000;             // of all together; a turn takes longer when it must
    std::size_t most_questions = 4;                // about an endpoint in one turn; the others have the next
    std::chrono::milliseconds servers{3'600'000};  // how long a zone's name servers are remembered, about
    std::size_t in_flight = 256;
};

// Runs on one executor: no locks.
class ParkedRing {
public:
    using Wake = std::function<void(std::string endpoint)>;

    // All outlive the ring. `wake` is called when an endpoint should be looked at in full.
    ParkedRing(boost::asio::any_io_executor executor, store::Store& store, dns::Resolver& resolver,
               const ProbeOptions& probes, RingOptions options, Wake wake);

    // Reads which endpoints are parked, then watches, until cancelled.
    boost::asio::awaitable<void> run();
    // What a full look has found: watches a parked endpoint, forgets any other.
    void note(const model::Endpoint& endpoint);
    std::size_t size() const { return entries_.size(); }
    // Questions sent since the start.
    std::uint64_t asked() const { return asked_; }

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    struct Entry {
        std::vector<ParkedQuestion> questions;
        std::vector<boost::asio::ip::address> servers;
        std::size_t next = 0;        // whose turn it is among the questions
        std::size_t asked = 0;       // goes round the servers
        SteadyTime servers_until{};  // looked up again after it
        SteadyTime quiet_until{};    // not woken before it
        int woken = 0;               // in vain
        bool running = false;
    };

    base::Task<> load();
    boost::asio::awaitable<void> pass();
    boost::asio::awaitable<void> visit(std::string id, std::string name);
    double cost(const Entry& entry, SteadyTime now) const;
    boost::asio::awaitable<void> find_servers(std::string id, std::string name);
    boost::asio::awaitable<void> ask(std::string id, std::size_t question);
    void judge(const std::string& id, std::size_t question, const std::set<std::string>& answer);

    store::Store& store_;
    dns::Resolver& resolver_;
    const ProbeOptions& probes_;
    RingOptions options_;
    Wake wake_;
    std::map<std::string, Entry> entries_;
    std::deque<std::pair<SteadyTime, std::string>> order_;  // who is next, and not before when
    std::set<std::string> ordered_;                         // who is in it; may be forgotten already
    double allowance_ = 0;  // queries that may be sent now; what a visit cost beyond it is paid later
    std::uint64_t asked_ = 0;
    base::TaskGroup visits_;
};

}  // namespace diagnosis
