// Getter: answers Caddy's `get_certificate http`: GET ?server_name=... with the chain and the key in PEM.
#pragma once

#include "deploy/inventory.h"
#include "http/exchange.h"

#include <boost/asio/thread_pool.hpp>

#include <string>

namespace deploy {

// Answers who knows the secret: as password of Basic authentication (https://x:SECRET@... in Caddy's URL), as
// bearer token, or as ?secret=. 204 for names that have no certificate here: Caddy then goes on by itself.
// Runs on one executor: no locks. What it is given outlives it.
class Getter final : public http::Handler {
public:
    Getter(const Inventory& inventory, boost::asio::thread_pool& pool, std::string secret)
        : inventory_(inventory), pool_(pool), secret_(std::move(secret))
    {
    }

    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;

private:
    base::Task<> answer(http::Exchange& exchange);
    bool may(const http::RequestHead& request) const;

    const Inventory& inventory_;
    boost::asio::thread_pool& pool_;
    std::string secret_;
};

// The certificate for a client that offers these signature schemes (hexadecimal, with commas, as Caddy writes
// them): ECDSA unless it cannot. Null when there is none.
const Bundle* choose_bundle(const Item& item, std::string_view host, std::string_view schemes);

}  // namespace deploy
