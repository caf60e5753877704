#include "app/wish_relay.h"

namespace app {

namespace {

constexpr std::chrono::milliseconds look_again{10};

class Counted {
public:
    explicit Counted(std::size_t& count) : count_(count) { ++count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count_; }

private:
    std::size_t& count_;
};

}  // namespace

base::Task<model::WishAnswer> WishRelay::wish(model::Wish wish)
{
    if (desk_ == nullptr) {
        co_return base::fail(base::Errc::unavailable, "there is no control node at the moment");
    }
    const Counted counted(asking_);
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
