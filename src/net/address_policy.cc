#include "net/address_policy.h"

namespace net {

AddressPolicy public_or_granted(AddressSet granted)
{
    return [granted = std::move(granted)](const boost::asio::ip::address& address) {
        return is_public_or_granted(address, granted);
    };
}

}  // namespace net
