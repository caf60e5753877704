#include "feed/server/revision_signal.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

namespace feed {

// Keeps a waiter listed while its coroutine lives, so that notify() never posts to a loop that is gone.
class RevisionSignal::Enlisted {
public:
    // Not listed at all when the head is already beyond `number`.
    Enlisted(RevisionSignal& signal, std::int64_t number, Waiter waiter) : signal_(signal)
    {
        const std::scoped_lock lock(signal_.mutex_);
        passed_ = signal_.head_ > number;
        if (!passed_) {
            place_ = signal_.waiters_.insert(signal_.waiters_.end(), std::move(waiter));
        }
    }
    Enlisted(const Enlisted&) = delete;
    Enlisted& operator=(const Enlisted&) = delete;
    ~Enlisted()
    {
        if (!passed_) {
            const std::scoped_lock lock(signal_.mutex_);
            signal_.waiters_.erase(place_);
        }
    }

    bool passed() const { return passed_; }

private:
    RevisionSignal& signal_;
    std::list<Waiter>::iterator place_;
    bool passed_ = false;
};

void RevisionSignal::notify(std::int64_t head)
{
    const std::scoped_lock lock(mutex_);
    head_ = std::max(head_, head);
    for (const auto& waiter : waiters_) {
        boost::asio::post(waiter.executor, [timer = waiter.timer] { timer->cancel(); });
    }
}

boost::asio::awaitable<void> RevisionSignal::wait(std::int64_t number, std::chrono::milliseconds limit)
{
    auto executor = co_await boost::asio::this_coro::executor;
    auto timer = std::make_shared<boost::asio::steady_timer>(executor, limit);
    const Enlisted enlisted(*this, number, {executor, timer});
    if (!enlisted.passed()) {
        boost::system::error_code woken;
        co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    }
}

}  // namespace feed
