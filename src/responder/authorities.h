// Which name servers the world asks for a name: what the propagation gate must hear from.
#pragma once

#include "base/task.h"
#include "dns/resolver.h"
#include "net/stream.h"

#include <string>
#include <vector>

namespace responder {

struct Authorities {
    std::string owner;                   // where the name's chain of CNAMEs ends
    std::vector<net::Endpoint> servers;  // every address of every name server of its zone
};

// Fails with code dns01_authorities when they cannot be found. `resolver` outlives it.
base::Task<Authorities> find_authorities(dns::Resolver& resolver, std::string owner, std::uint16_t port = 53);

}  // namespace responder
