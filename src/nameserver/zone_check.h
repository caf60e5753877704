// Whether the world finds a zone, and whether each of its name servers, ours and others', answers for it
// alike.
#pragma once

#include "dns/ask.h"
#include "nameserver/registrar_check.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nameserver {

// What one server said of the zone's SOA.
struct ServerAnswer {
    std::string name;
    std::string address;
    dns::Transport transport = dns::Transport::udp;
    std::optional<std::uint32_t> serial;
    std::string problem;  // empty: all is well
};

struct ZoneCheck {
    DelegationReport delegation;
    std::vector<ServerAnswer> servers;

    bool ok() const;
};

// Where a name server listens when it is not at port 53, for tests.
struct ZoneCheckOptions {
    std::uint16_t port = 53;
    std::chrono::milliseconds limit{3'000};  // for one answer
};

// Asks the parent, and each server at each of its addresses over UDP and TCP. Bounded; cannot fail: what
// could not be found out says why.
boost::asio::awaitable<ZoneCheck> check_zone(model::Zone zone, dns::Resolver& resolver,
                                             ZoneCheckOptions options);

}  // namespace nameserver
