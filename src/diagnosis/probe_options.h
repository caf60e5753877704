// How checks reach out: ports, limits, and where they may connect.
#pragma once

#include "net/address_policy.h"

#include <chrono>
#include <cstdint>

namespace diagnosis {

// A port of 0 leaves that kind of probe out. CAs use 53, 80 and 443; private CAs may use others.
struct ProbeOptions {
    std::uint16_t dns_port = 0;  // where each name server of a zone is asked by itself
    std::uint16_t http_port = 0;
    std::uint16_t https_port = 0;
    net::AddressSet granted;  // may be connected to although they are not public
    std::chrono::milliseconds ask{2'000};
    std::chrono::milliseconds connect{10'000};  // as Let's Encrypt: each dial
    std::chrono::milliseconds exchange{10'000};
    std::size_t most_servers = 13;  // addresses of name servers that are asked
};

}  // namespace diagnosis
