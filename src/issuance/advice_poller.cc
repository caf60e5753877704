#include "issuance/advice_poller.h"

#include "base/log.h"
#include "issuance/renewal_advice.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace issuance {

using std::chrono::milliseconds;

AdvicePoller::AdvicePoller(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                           Accounts& accounts, AdvicePollerOptions options)
    : store_(store),
      clock_(clock),
      accounts_(accounts),
      options_(options),
      interval_(options.interval),
      refilled_(executor, boost::asio::steady_timer::time_point::max()),
      polls_(std::move(executor))
{
}

boost::asio::awaitable<void> AdvicePoller::run()
{
    std::exception_ptr stopped;
    try {
        for (int i = 0; i < options_.at_once; ++i) {
            polls_.spawn("advice", poll());
        }
        co_await polls_.join();
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await polls_.stop();
    if (stopped) {
        std::rethrow_exception(stopped);
    }
}

// Each question has a slot of its own, so that several under way are no burst. When nothing is due nobody
// looks for a while, and then all look together.
boost::asio::awaitable<void> AdvicePoller::poll()
{
    for (;;) {
        const auto slot = std::max({clock_.now(), next_slot_, quiet_until_});
        next_slot_ = slot + interval_;
        co_await clock_.sleep_until(slot);
        if (clock_.now() < quiet_until_) {
            continue;
        }
        auto asked = co_await poll_one();
        if (!asked) {
            base::log::warning("renewal_advice_not_stored", {{"error", asked.error().message()}});
            co_await clock_.sleep(options_.idle);
        } else if (!*asked) {
            quiet_until_ = clock_.now() + options_.idle;
        }
    }
}

// Once for all who find nothing left at that time: it is a write.
base::Task<bool> AdvicePoller::refill()
{
    if (refilling_) {
        boost::system::error_code woken;
        co_await refilled_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        co_return found_;
    }
    struct Refilling {
        AdvicePoller& poller;
        ~Refilling()
        {
            poller.refilling_ = false;
            poller.refilled_.cancel();
        }
    } const refilling{*this};
    refilling_ = true;
    found_ = false;
    auto take = [now = clock_.now(), batch = options_.batch](store::Transaction& tx) {
        return take_due_advice(tx, now, batch);
    };
    CO_TRY(due, co_await store_.write(std::move(take)));
    taken_.assign(due.begin(), due.end());
    found_ = !taken_.empty();
    co_return found_;
}

base::Task<bool> AdvicePoller::poll_one()
{
    while (taken_.empty()) {
        CO_TRY(found, co_await refill());
        if (!found) {
            co_return false;
        }
    }
    const auto advice = std::move(taken_.front());
    taken_.pop_front();
    auto info = co_await ask(advice);
    adapt(info ? nullptr : &info.error());
    const auto then = clock_.now();
    auto write = [ari_id = advice.ari_id, info, then](store::Transaction& tx) {
        return info ? apply_answer(tx, ari_id, *info, then) : apply_failure(tx, ari_id, info.error(), then);
    };
    CO_CHECKED(co_await store_.write(std::move(write)));
    co_return true;
}

base::Task<acme::RenewalInfo> AdvicePoller::ask(const model::RenewalAdvice& advice)
{
    CO_TRY(client, co_await accounts_.client(advice.account));
    auto info = co_await client->renewal_info(advice.ari_id);
    if (!info) {
        base::log::info("renewal_advice_missing",
                        {{"certificate", advice.certificate}, {"error", info.error().message()}});
    }
    co_return info;
}

// A CA that is overloaded is asked half as often, and a little more often with every answer.
void AdvicePoller::adapt(const base::Error* error)
{
    if (error == nullptr) {
        interval_ = std::max(options_.interval, interval_ * 49 / 50);
    } else if (error->kind() == base::Errc::unavailable || error->kind() == base::Errc::rate_limited) {
        interval_ = std::min(options_.slowest, 2 * interval_ + milliseconds(1));
    }
}

}  // namespace issuance
