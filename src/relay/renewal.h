// Renewal information and replacement (RFC 9773), as Let's Encrypt decides it. Internal to relay/.
#pragma once

#include "relay/world.h"

namespace relay {

// The window that is suggested now: by script, in the past for what is revoked, else around a third (half,
// under ten days) of the lifetime before the end.
RenewalWindow window_of(const Certificate& certificate, const World& world);

// The order as it is now: pending becomes ready or invalid by its authorizations, and what is too old is
// invalid.
boost::asio::awaitable<Checked<Order>> refresh(World& world, Order order);

struct Replacement {
    Certificate certificate;
    bool exempt = false;  // from rate limits: now is inside the window
};
// Whether an order of this account for `identifiers` may replace the certificate (ca-facts 3.9).
boost::asio::awaitable<Checked<Replacement>> replacement_of(World& world, std::string ari_id,
                                                            std::string account,
                                                            std::vector<Identifier> identifiers);

}  // namespace relay
