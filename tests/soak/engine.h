// The parts of a control node that issue certificates, between a model of the CA and one of the DNS.
#pragma once

#include "base/task_group.h"
#include "crypto/sealer.h"
#include "diagnosis/watch.h"
#include "fakes/open_gates.h"
#include "issuance/advice_poller.h"
#include "issuance/enqueue.h"
#include "issuance/planner.h"
#include "issuance/runner.h"
#include "responder/store_responder.h"
#include "soak/counted_store.h"
#include "soak/model_ca.h"
#include "soak/simulated_dns.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>

namespace soak {

struct EngineOptions {
    std::chrono::milliseconds step;
    std::chrono::milliseconds longest_check;
    std::int64_t orders_in_three_hours;
};

// Runs on its own loop, which turns only inside these calls. The arguments outlive it.
class Engine {
public:
    Engine(store::Store& store, VirtualClock& clock, SimulatedDns& dns, ModelCa& ca,
           const model::Platform& platform, const EngineOptions& options);
    ~Engine();

    // The account and the group; then everything works in the background.
    base::Result<> start();
    base::Result<> add(const std::vector<model::Endpoint>& endpoints);
    // Turns the loop until nothing is due at this time and whoever is still at work waits for the clock.
    // False when it does not come to rest.
    bool settle();

private:
    std::size_t run_next();
    // Runs what is ready, and what the store's answers make ready, until no answer is on its way. How many
    // handlers that were.
    std::size_t drain();
    // How many handlers ran until then.
    std::size_t pass_through_pool();
    // Drains the pool too: then every task in the background waits for the clock.
    void turn();
    // Some order or check is due that could be started.
    bool anything_due();

    static constexpr std::size_t in_flight = 32;

    CountedStore store_;
    VirtualClock& clock_;
    const EngineOptions options_;
    boost::asio::io_context loop_{1};
    boost::asio::thread_pool pool_{1};
    crypto::Sealer sealer_;
    test::OpenGates gates_;
    std::unique_ptr<issuance::Accounts> accounts_;
    std::unique_ptr<responder::Responder> responder_;
    issuance::Needs needs_;
    std::unique_ptr<diagnosis::Watch> watch_;
    std::unique_ptr<issuance::JobContext> jobs_;
    std::unique_ptr<issuance::Runner> runner_;
    std::unique_ptr<issuance::Planner> planner_;
    std::unique_ptr<issuance::AdvicePoller> poller_;
    base::TaskGroup background_{loop_.get_executor()};
};

}  // namespace soak
