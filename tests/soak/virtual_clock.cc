#include "soak/virtual_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace soak {

namespace asio = boost::asio;

asio::awaitable<void> VirtualClock::sleep_until(base::Time deadline)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    const auto place = sleepers_.insert(sleepers_.end(), Sleeper{deadline, &timer});
    struct Leave {
        std::list<Sleeper>& all;
        std::list<Sleeper>::iterator place;
        ~Leave() { all.erase(place); }
    } const leave{sleepers_, place};
    while (now() < deadline) {
        boost::system::error_code woken;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }
}

void VirtualClock::move_to(base::Time true_time)
{
    true_time_ = base::to_millis(true_time);
    wake();
}

void VirtualClock::set_skew(std::chrono::milliseconds skew)
{
    skew_ = skew.count();
    wake();
}

void VirtualClock::wake()
{
    for (const auto& sleeper : sleepers_) {
        if (sleeper.deadline <= now()) {
            sleeper.timer->cancel();
        }
    }
}

std::optional<base::Time> VirtualClock::next_wake() const
{
    const auto first = std::ranges::min_element(sleepers_, {}, &Sleeper::deadline);
    return first == sleepers_.end() ? std::nullopt : std::optional(first->deadline - skew());
}

}  // namespace soak
