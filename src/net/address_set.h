// AddressSet: CIDR blocks, IPv4 and IPv6, with fast membership.
#pragma once

#include "base/result.h"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace net {

class AddressSet {
public:
    // Each text is an address or a block ("192.0.2.0/24", "2001:db8::/32"); the error names the bad one.
    static base::Result<AddressSet> parse(const std::vector<std::string>& blocks);

    // IPv4-mapped IPv6 addresses count as IPv4.
    bool contains(const boost::asio::ip::address& address) const;
    bool empty() const { return blocks_.empty(); }

private:
    struct Block {
        boost::asio::ip::address_v6 network;  // IPv4 as mapped
        unsigned prefix = 128;
    };
    std::vector<Block> blocks_;
};

// True for addresses that are not on the public Internet: private, loopback, link-local, ULA, CGNAT,
// documentation, multicast, unspecified.
bool is_special(const boost::asio::ip::address& address);

}  // namespace net
