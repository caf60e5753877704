// Revocation (RFC 8555 7.6): at once for our edges, and by a durable job for the CA.
#pragma once

#include "issuance/accounts.h"
#include "model/order.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <optional>

namespace issuance {

// What endpoints/ports.h says of them; each is part of the caller's transaction.
base::Result<> request_revocation(store::Transaction& tx, const model::Certificate& certificate, int reason,
                                  base::Time now);
base::Result<std::optional<model::Order>> replace_revoked(store::Transaction& tx,
                                                          const model::Certificate& certificate,
                                                          base::Time now);

struct RevokerOptions {
    std::chrono::milliseconds poll{10'000};
    std::chrono::milliseconds first_retry{std::chrono::minutes(1)};
};

// Tells CAs of revoked certificates until they confirm. Several nodes may do so: revoking twice does no harm.
// Runs on one executor: no locks.
class Revoker {
public:
    // All outlive it.
    Revoker(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
            Accounts& accounts, RevokerOptions options);

    // Until cancelled.
    boost::asio::awaitable<void> run();
    // What is due now; returns how many certificates the CAs have confirmed.
    base::Task<std::size_t> work();
    void wake();

private:
    base::Task<> tell_ca(model::Certificate certificate, int reason);
    base::Task<bool> attempt(model::Revocation revocation);

    store::Store& store_;
    base::Clock& clock_;
    Accounts& accounts_;
    const RevokerOptions options_;
    boost::asio::steady_timer sleeper_;
    bool woken_ = false;
};

}  // namespace issuance
