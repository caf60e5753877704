// Settings of an edge that both kinds of node have: the one beside a control node, and the remote one.
#pragma once

#include "base/config.h"

#include <string>
#include <vector>

namespace edge {
struct EdgeOptions;
}

namespace app {

struct EdgeTraffic {
    std::string access_log;            // a file; empty: none
    std::vector<std::string> proxies;  // load balancers that speak the PROXY protocol
};

void add_edge_traffic_fields(base::ConfigTable& table, EdgeTraffic& traffic);
base::Result<> use_edge_traffic(const EdgeTraffic& traffic, edge::EdgeOptions& options);

}  // namespace app
