// WishRelay: takes the wishes of an edge to the node that there is at the moment; an edge outlives its node.
#pragma once

#include "feed/wish.h"
#include "http/event.h"

#include <cstddef>
#include <optional>

namespace app {

// Belongs to the control loop.
class WishRelay final : public feed::WishDesk {
public:
    // Errors: unavailable while there is no desk.
    base::Task<model::WishAnswer> wish(model::Wish wish) override;

    // `desk` lives until close() has returned.
    void open(feed::WishDesk& desk) { desk_ = &desk; }
    // Takes nothing more, and returns when nothing is being asked any more: each wish is bounded by the edge.
    boost::asio::awaitable<void> close();

private:
    class Asking;

    feed::WishDesk* desk_ = nullptr;
    std::size_t asking_ = 0;
    std::optional<http::Event> idle_;  // while close() waits
};

}  // namespace app
