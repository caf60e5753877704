// Planner: queues successors of certificates that are due, and the platform's own certificate. Deciding what
// is due costs what is due: it is an index look-up.
#pragma once

#include "base/clock.h"
#include "model/endpoint.h"
#include "store/store.h"

#include <functional>

namespace issuance {

struct PlannerOptions {
    model::Platform platform;
    std::chrono::milliseconds poll{30'000};
    std::size_t batch = 200;
};

// Several nodes may plan at once: each decision is one transaction that sees the others' orders. Runs on one
// executor.
class Planner {
public:
    // `wake` is called after orders were queued.
    Planner(store::Store& store, base::Clock& clock, PlannerOptions options, std::function<void()> wake);

    // Until cancelled.
    boost::asio::awaitable<void> run();
    // One look; returns how many orders were queued.
    base::Task<std::size_t> plan();

private:
    store::Store& store_;
    base::Clock& clock_;
    const PlannerOptions options_;
    const std::function<void()> wake_;
};

}  // namespace issuance
