// OrderDesk: newOrder and orders (RFC 8555 7.4). Internal to relay/.
#pragma once

#include "relay/order_wish.h"
#include "relay/renewal.h"
#include "relay/world.h"

#include <map>

namespace relay {

// A request outlives the call. Runs on one executor: no locks.
class OrderDesk {
public:
    explicit OrderDesk(World& world) : world_(world) {}

    Answer new_order(Request& request);
    Answer order(Request& request);

    boost::asio::awaitable<Checked<Order>> load(const Request& request);
    // The answer about an order; `created` is 201.
    Reply reply(Order order, const Request& request, bool created);
    // The order is told as `processing` for so many polls more, though it is valid.
    void hide(const std::string& order, std::int64_t polls) { hidden_[order] = polls; }

private:
    boost::asio::awaitable<Checked<std::vector<IdentifierPolicy::Proof>>> judge(
        const Account& account, const std::vector<Identifier>& identifiers);
    Answer make(const Request& request, OrderWish wish, std::vector<IdentifierPolicy::Proof> proofs,
                Replacement replacement);
    boost::asio::awaitable<Checked<NewOrderRecords>> records(const Request& request, OrderWish wish,
                                                             std::vector<IdentifierPolicy::Proof> proofs);
    boost::asio::awaitable<Checked<std::optional<Authorization>>> reusable(const Request& request,
                                                                           Identifier name, bool wildcard,
                                                                           std::string profile);
    Authorization authorize(const Request& request, const Identifier& name, bool wildcard,
                            const std::string& profile, bool approved) const;

    World& world_;
    std::map<std::string, std::int64_t> hidden_;
};

}  // namespace relay
