// Content delivery networks that stand in front of names, told by their addresses and host names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace diagnosis {

// The network that all of `addresses` belong to ("Cloudflare"); empty when it is none that we know.
std::string network_of_addresses(const std::vector<std::string>& addresses);
// The network whose proxies a CNAME to `target` leads to; empty when unknown.
std::string network_of_target(std::string_view target);

}  // namespace diagnosis
