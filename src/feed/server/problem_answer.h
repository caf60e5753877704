// Problem documents (RFC 9457) of the feed. Internal to feed/server.
#pragma once

#include "http/exchange.h"

namespace feed {

base::Task<> send_problem(http::Exchange& exchange, base::Error error);

}  // namespace feed
