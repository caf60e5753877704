// Time of a simulation: it stands still until it is moved, and our own clock may differ from the true one.
#pragma once

#include "base/clock.h"

#include <atomic>
#include <list>
#include <optional>

namespace soak {

// now() is what our machine believes; the CA and the customers live in true_time(). Moving it and sleeping
// are for one executor; now() is safe from any thread, as the store's asks too.
class VirtualClock final : public base::Clock {
public:
    explicit VirtualClock(base::Time start) : true_time_(base::to_millis(start)) {}

    base::Time now() const override { return true_time() + skew(); }
    boost::asio::awaitable<void> sleep_until(base::Time deadline) override;

    base::Time true_time() const { return base::from_millis(true_time_); }
    std::chrono::milliseconds skew() const { return std::chrono::milliseconds(skew_); }
    // Both wake the sleepers whose time has come by now().
    void move_to(base::Time true_time);
    void set_skew(std::chrono::milliseconds skew);

    // When the next sleeper wakes, in true time.
    std::optional<base::Time> next_wake() const;

private:
    struct Sleeper {
        base::Time deadline;
        boost::asio::steady_timer* timer;
    };
    void wake();

    std::atomic<std::int64_t> true_time_;
    std::atomic<std::int64_t> skew_{0};
    std::list<Sleeper> sleepers_;
};

}  // namespace soak
