// Planner: queues successors of certificates that are due, and the platform's own certificate. Deciding what
// is due costs what is due: it is an index look-up. However much is due at once, the queue is filled only as
// fast as it is worked off.
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
    // Renewals that are due and not begun: when so many wait, the others wait outside the queue. After a mass
    // event thousands are due at once.
    std::size_t backlog = 1'000;
    std::chrono::milliseconds busy_poll{1'000};  // while more renewals are due than a look takes
    bool platform_certificate = true;            // get the platform's own
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
    struct Planned {
        std::size_t queued = 0;
        bool more = false;
    };
    base::Result<Planned> look(store::Transaction& tx, base::Time now) const;

    store::Store& store_;
    base::Clock& clock_;
    const PlannerOptions options_;
    const std::function<void()> wake_;
    bool more_ = false;  // the last look did not take all that was due
};

}  // namespace issuance
