// Where connections that outsiders can bring about may go: checks, upstreams of tenants, webhooks.
#pragma once

#include "net/address_set.h"
#include "net/stream.h"

namespace net {

// Public addresses, and those outside the public Internet that the operator has granted.
inline bool is_public_or_granted(const boost::asio::ip::address& address, const AddressSet& granted)
{
    return !is_special(address) || granted.contains(address);
}

// The same as a policy that is asked when a connection is made, so that no name leads around it.
AddressPolicy public_or_granted(AddressSet granted);

}  // namespace net
