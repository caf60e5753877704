// OnDemand: what one loop does for names that nobody added, where its group is a pool.
#pragma once

#include "base/flood_guard.h"
#include "edge/certificate_store.h"
#include "edge/route.h"
#include "model/wish.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace edge {

// Names that may be wished for, and waiting for what comes of it. What cannot be granted is refused from
// memory. Runs on one executor: no locks.
class OnDemand {
public:
    // Of the edge, on whatever loop; null: this edge has no control node to ask.
    using Ask = std::function<base::Task<model::WishAnswer>(model::Wish)>;

    struct Limits {
        std::chrono::milliseconds wait{8'000};  // of one handshake
        std::chrono::seconds patience{30};      // with one name, from when it was first asked for
        std::size_t waiting = 4'096;            // handshakes
        std::size_t remembered = 4'096;         // names
    };

    OnDemand(Ask ask, Limits limits);

    enum class May { no, yes, later };
    // From memory: whether `name`, which no endpoint has, may be wished for.
    May may_wish(const model::Pool& pool, const std::string& name);
    // From memory: a certificate of `name`, whose endpoint has none yet, is worth waiting for.
    bool may_wait(const model::Pool& pool, const Route& route, const std::string& name);

    enum class Answer { granted, refused, undecided };
    base::Task<Answer> wish(std::string name, boost::asio::ip::address client);
    // Until a batch of the feed changes what there is of `name`: true; or until `deadline`: false.
    base::Task<bool> change_of(std::string name, std::chrono::steady_clock::time_point deadline);
    std::chrono::steady_clock::time_point deadline() const
    {
        return std::chrono::steady_clock::now() + limits_.wait;
    }

    void changed(const Touched& touched);

    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting;
    using Instant = std::chrono::steady_clock::time_point;

    Ask ask_;
    Limits limits_;
    base::ShortMemory<May> refused_;      // no or later
    base::ShortMemory<Instant> awaited_;  // since when
    std::unordered_multimap<std::string, Waiting*> waiting_;
};

}  // namespace edge
