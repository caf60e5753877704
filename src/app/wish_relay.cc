#include "app/wish_relay.h"

namespace app {

// One more that is being asked, while it lives.
class WishRelay::Asking {
public:
    explicit Asking(WishRelay& relay) : relay_(relay) { ++relay_.asking_; }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;
    ~Asking()
    {
        if (--relay_.asking_ == 0 && relay_.idle_) {
            relay_.idle_->notify();
        }
    }

private:
    WishRelay& relay_;
};

base::Task<model::WishAnswer> WishRelay::wish(model::Wish wish)
{
    if (desk_ == nullptr) {
        co_return base::fail(base::Errc::unavailable, "there is no control node at the moment");
    }
    const Asking counted(*this);
    auto asking = desk_->wish(std::move(wish));
    co_return co_await std::move(asking);
}

boost::asio::awaitable<void> WishRelay::close()
{
    desk_ = nullptr;
    idle_.emplace(co_await boost::asio::this_coro::executor);
    while (asking_ > 0) {
        co_await idle_->wait_until(std::chrono::steady_clock::time_point::max());
    }
    idle_.reset();
}

}  // namespace app
