// Engine: the one place of a fleet that turns what happens into alerts and notices. It follows the events by
// a durable cursor, looks again at subjects whose time has come, watches the platform itself, and has the
// courier empty the outbox. On whichever control node holds the lease.
#pragma once

#include "alerts/book.h"
#include "alerts/courier.h"
#include "alerts/options.h"
#include "base/task_group.h"
#include "store/store.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace alerts {

// Whether the world finds a zone of ours.
struct ZoneState {
    std::string zone;
    bool known = false;  // it could be looked up
    bool ok = false;
    model::Problem problem;  // when it is not
};

// What the running node knows and no table holds. Called on the engine's executor; answers from memory.
class PlatformView {
public:
    virtual ~PlatformView() = default;
    virtual std::vector<ZoneState> zones() const = 0;
};

// Runs on one executor: no locks. The arguments outlive it.
class Engine {
public:
    Engine(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
           const PlatformView& platform, Carriers& carriers, const Options& options);

    // Until cancelled; deliveries under way have unwound then.
    boost::asio::awaitable<void> run();

    // One round, as run() makes it again and again: everything that is due now. False when another node has
    // the lease. For tests, too.
    base::Task<bool> round();
    Courier& courier() { return courier_; }

private:
    base::Task<bool> hold_lease();
    base::Task<bool> anything_due();
    base::Task<> follow_events();
    base::Task<> look_again();
    base::Task<> look_at_platform();
    base::Task<> write_notices();
    base::Task<> keep_house();
    base::Result<> check_lease(store::Transaction& tx) const;

    store::Store& store_;
    base::Clock& clock_;
    const PlatformView& platform_;
    const Options& options_;
    std::optional<model::Lease> lease_;
    base::Time lease_renewed_{};
    base::Time platform_seen_{};
    base::Time house_kept_{};
    Courier courier_;
};

// Looks at an endpoint, or at "platform", as the store has it, and settles its alerts. For the engine.
base::Result<> look(store::Transaction& tx, const Options& options, const std::string& subject, Cause cause,
                    base::Time now);
// Settles what an event says beyond its endpoint: the CA account has worked, a CA is down or back.
base::Result<> note_account(store::Transaction& tx, const Options& options, const model::Event& event,
                            base::Time now);
// The channels that the configuration makes: put, and removed when it no longer has them.
base::Result<> put_configured_channels(store::Transaction& tx, const Options& options, base::Time now);

}  // namespace alerts
