#include "app/wish_relay.h"

#include "base/counted.h"

namespace app {

namespace {

constexpr std::chrono::milliseconds look_again{10};

}  // namespace

base::Task<model::WishAnswer> WishRelay::wish(model::Wish wish)
{
    if (desk_ == nullptr) {
        co_return base::fail(base::Errc::unavailable, "there is no control node at the moment");
    }
    const base::Counted counted(asking_);
    auto asking = desk_->wish(std::move(wish));
    co_return co_await std::move(asking);
}

boost::asio::awaitable<void> WishRelay::close()
{
    desk_ = nullptr;
    while (asking_ > 0) {
        co_await base::sleep_for(look_again);
    }
}

}  // namespace app
