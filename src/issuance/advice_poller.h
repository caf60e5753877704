// AdvicePoller: asks CAs when they want certificates renewed (RFC 9773), smoothly, never in batches: a CA
// that once met batches answered floods of 503 (ca-facts 1.3).
#pragma once

#include "base/clock.h"
#include "base/task_group.h"
#include "issuance/accounts.h"
#include "store/store.h"

#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace issuance {

struct AdvicePollerOptions {
    std::chrono::milliseconds interval{10};     // between two questions
    std::chrono::milliseconds slowest{10'000};  // the interval after many complaints
    std::chrono::milliseconds idle{30'000};     // how long nobody looks when nothing is due
    std::size_t batch = 16;                     // taken from the store at once
    int at_once = 8;                            // questions that wait for an answer
};

// Several nodes may poll at once: each takes what it asks about. Runs on one executor.
class AdvicePoller {
public:
    // All outlive it.
    AdvicePoller(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                 Accounts& accounts, AdvicePollerOptions options = AdvicePollerOptions());

    // Until cancelled.
    boost::asio::awaitable<void> run();
    // Asks about the next certificate that is due; false when none is.
    base::Task<bool> poll_one();
    std::chrono::milliseconds interval() const { return interval_; }

private:
    boost::asio::awaitable<void> poll();
    // Takes what is due; false when nothing is.
    base::Task<bool> refill();
    base::Task<acme::RenewalInfo> ask(const model::RenewalAdvice& advice);
    void adapt(const base::Error* error);

    store::Store& store_;
    base::Clock& clock_;
    Accounts& accounts_;
    const AdvicePollerOptions options_;
    std::chrono::milliseconds interval_;
    base::Time next_slot_{};    // when the next question may be sent
    base::Time quiet_until_{};  // nothing was due: nobody looks before
    std::deque<model::RenewalAdvice> taken_;
    bool refilling_ = false;
    bool found_ = false;                  // whether the last refill has found anything
    boost::asio::steady_timer refilled_;  // cancelled when a refill ends
    base::TaskGroup polls_;
};

}  // namespace issuance
