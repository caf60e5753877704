// TlsProbe: which certificate visitors of a name get, and what the site says, seen from outside.
#pragma once

#include "base/bytes.h"
#include "diagnosis/probe_options.h"
#include "dns/resolver.h"

#include <string>

namespace diagnosis {

struct TlsOutcome {
    base::Bytes leaf;  // DER; empty when nothing was served
    std::string server;
    int status = 0;    // of GET /; 0: no answer
    std::string body;  // its beginning
    std::string detail;
};

boost::asio::awaitable<TlsOutcome> probe_tls(dns::Resolver& resolver, std::string name, ProbeOptions options);

}  // namespace diagnosis
