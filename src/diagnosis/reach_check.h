// What answers behind the names: the challenge path over HTTP, the certificate over TLS, the origin behind
// it.
#pragma once

#include "diagnosis/dns_check.h"

namespace diagnosis {

// Reachable and Origin, each only when there was something to look at. Reads `dns`, what was found just now.
boost::asio::awaitable<std::vector<model::Condition>> check_reach(dns::Resolver& resolver,
                                                                  model::Endpoint endpoint,
                                                                  CheckContext context,
                                                                  const DnsFindings& dns, base::Time now);

}  // namespace diagnosis
