// Wishes: what an edge asks its control node for on behalf of visitors: names of a pool that nobody added.
#pragma once

#include "base/flood_guard.h"
#include "feed/wish.h"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace edge {

struct WishLimits {
    base::FloodLimits flood{.all = {50, 200}, .client = {10, 100}, .in_flight = 256, .remembered = 10'000};
    std::chrono::milliseconds answer{8'000};
};

// One question at a time for each name, whichever loops want it; refusals are remembered. Belongs to the
// executor of the desk; loops reach it by base::run_on. The desk outlives it.
class Wishes {
public:
    Wishes(boost::asio::any_io_executor executor, feed::WishDesk& desk, WishLimits limits)
        : executor_(std::move(executor)), desk_(desk), limits_(limits), guard_(limits.flood)
    {
    }

    // Bounded by WishLimits::answer. Errors: nobody could decide, or too much is asked for.
    base::Task<model::WishAnswer> ask(model::Wish wish);
    // The same from another loop.
    base::Task<model::WishAnswer> ask_from_elsewhere(model::Wish wish)
    {
        auto asking = ask(std::move(wish));
        return base::run_on(executor_, std::move(asking));
    }

private:
    base::Task<model::WishAnswer> ask_in_time(model::Wish wish);

    boost::asio::any_io_executor executor_;
    feed::WishDesk& desk_;
    const WishLimits limits_;
    base::FloodGuard<model::WishAnswer> guard_;
};

}  // namespace edge
