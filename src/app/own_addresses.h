// The public addresses that this machine has itself: what `addresses` is when nobody says.
#pragma once

#include <string>
#include <vector>

namespace app {

// Those at which a listener of `listen` answers, IPv4 first, without the ones that change by themselves (RFC
// 8981). Empty behind NAT, where only the router knows.
std::vector<std::string> own_addresses(const std::vector<std::string>& listen);

// What does not work without a public address, and what to do: for people at the start.
std::string words_without_address(const std::string& domain, bool other_name_servers);

// The lines of /proc/net/if_inet6 as addresses, without temporary and unusable ones.
std::vector<std::string> stable_ipv6(const std::string& lines);

}  // namespace app
