// RevisionSignal: tells coroutines on any loop that the revision log has grown.
#pragma once

#include "base/task.h"

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace feed {

// The store has one listener: connect it as store.on_revision([&](auto head) { signal.notify(head); }). A
// hint only: changes by other nodes come without it. Safe from any thread; outlives the store and every
// waiter.
class RevisionSignal {
public:
    void notify(std::int64_t head);

    // Returns when the head is known to be beyond `number`, or after `limit`.
    boost::asio::awaitable<void> wait(std::int64_t number, std::chrono::milliseconds limit);

private:
    struct Waiter {
        boost::asio::any_io_executor executor;
        std::shared_ptr<boost::asio::steady_timer> timer;
    };
    class Enlisted;

    std::mutex mutex_;
    std::int64_t head_ = -1;
    std::list<Waiter> waiters_;
};

}  // namespace feed
