// Time comes in through the constructor, so that tests control it.
#pragma once

#include "base/result.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

namespace base {

// Wall-clock time in whole milliseconds since 1970-01-01 UTC: what is stored, compared and printed.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Milliseconds since the epoch, the form stored in databases and feeds.
inline std::int64_t to_millis(Time time)
{
    return time.time_since_epoch().count();
}
inline Time from_millis(std::int64_t millis)
{
    return Time(std::chrono::milliseconds(millis));
}

// RFC 3339 in UTC with seconds, e.g. 2026-11-22T12:00:00Z. parse_rfc3339 also accepts fractions and offsets.
std::string to_rfc3339(Time time);
Result<Time> parse_rfc3339(std::string_view text);

class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
    // Returns at or soon after `deadline`. Cancellation unwinds it.
    virtual boost::asio::awaitable<void> sleep_until(Time deadline) = 0;

    boost::asio::awaitable<void> sleep(std::chrono::milliseconds duration)
    {
        return sleep_until(now() + duration);
    }
};

// The machine's clock. Safe from any thread; wakes at least once a minute, so a clock that is set forward is
// noticed.
class SystemClock final : public Clock {
public:
    Time now() const override;
    boost::asio::awaitable<void> sleep_until(Time deadline) override;
};

// A clock that stands still until a test advances it. Runs on one executor: no locks.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Time start) : now_(start) {}

    Time now() const override { return now_; }
    boost::asio::awaitable<void> sleep_until(Time deadline) override;
    // Moves time and wakes the sleepers whose time has come.
    void advance(std::chrono::milliseconds duration);
    std::size_t sleepers() const { return sleepers_.size(); }

private:
    struct Sleeper {
        Time deadline;
        boost::asio::steady_timer* timer;
    };
    Time now_;
    std::list<Sleeper> sleepers_;
};

}  // namespace base
