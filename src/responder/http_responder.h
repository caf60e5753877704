// The central responder: answers HTTP-01 for every name of ours, whoever serves it. Other proxies send it the
// challenge path by one static rule (docs/other-proxies.md).
#pragma once

#include "http/exchange.h"
#include "store/store.h"

#include <cstdint>

namespace responder {

// Runs on one executor: no locks. `store` outlives it.
class HttpResponder final : public http::Handler {
public:
    explicit HttpResponder(store::Store& store) : store_(store) {}

    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;

    std::uint64_t answered() const { return answered_; }
    std::uint64_t refused() const { return refused_; }

private:
    base::Task<> answer(http::Exchange& exchange);

    store::Store& store_;
    std::uint64_t answered_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace responder
