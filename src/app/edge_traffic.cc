#include "app/edge_traffic.h"

#include "edge/edge.h"
#include "net/address_set.h"

namespace app {

namespace {

base::Result<> check_block(const std::string& text)
{
    TRY(set, net::AddressSet::parse({text}));
    return {};
}

}  // namespace

void add_edge_traffic_fields(base::ConfigTable& table, EdgeTraffic& traffic)
{
    table.text("edge.access_log", traffic.access_log,
               "A file for one line per request, in the form web servers have in common; empty: none.");
    table.list("edge.proxies", traffic.proxies,
               "Address blocks of load balancers in front: their connections begin with the PROXY protocol "
               "(version 1 or 2), and visitors' addresses come from it.",
               check_block);
}

base::Result<> use_edge_traffic(const EdgeTraffic& traffic, edge::EdgeOptions& options)
{
    options.loop.access_log = traffic.access_log;
    TRY(proxies, net::AddressSet::parse(traffic.proxies));
    options.loop.proxies = std::move(proxies);
    return {};
}

}  // namespace app
