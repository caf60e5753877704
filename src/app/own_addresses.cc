#include "app/own_addresses.h"

#include "net/address_set.h"
#include "net/listener.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace app {

namespace {

namespace ip = boost::asio::ip;

std::vector<std::string> ipv4_of_interfaces()
{
    std::vector<std::string> found;
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return found;
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
    for (const auto* each = list; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET &&
            (each->ifa_flags & IFF_UP) != 0) {
            sockaddr_in address{};
            std::copy_n(reinterpret_cast<const char*>(each->ifa_addr), sizeof(address),
                        reinterpret_cast<char*>(&address));
            found.push_back(ip::address_v4(ntohl(address.sin_addr.s_addr)).to_string());
        }
    }
    return found;
}

std::string whole_file(const char* path)
{
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// 32 hexadecimal digits.
std::string ipv6_text(std::string_view digits)
{
    ip::address_v6::bytes_type bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto pair = digits.substr(2 * i, 2);
        std::from_chars(pair.data(), pair.data() + pair.size(), bytes[i], 16);
    }
    return ip::address_v6(bytes).to_string();
}

bool answers_at(const std::vector<std::string>& listen, const ip::address& address)
{
    return std::ranges::any_of(listen, [&](const std::string& text) {
        const auto places = net::parse_endpoints(text);
        return places && std::ranges::any_of(*places, [&](const net::Endpoint& where) {
                   return where.address() == address ||
                          (where.address().is_unspecified() && where.address().is_v4() == address.is_v4());
               });
    });
}

}  // namespace

std::vector<std::string> stable_ipv6(const std::string& lines)
{
    // linux/if_addr.h: temporary, duplicate, deprecated, tentative.
    constexpr unsigned unwanted = 0x01 | 0x08 | 0x20 | 0x40;
    std::vector<std::string> found;
    std::istringstream in(lines);
    std::string digits;
    std::string index;
    std::string prefix;
    std::string scope;
    std::string flags;
    std::string interface;
    while (in >> digits >> index >> prefix >> scope >> flags >> interface) {
        unsigned set = 0;
        std::from_chars(flags.data(), flags.data() + flags.size(), set, 16);
        if (digits.size() == 32 && (set & unwanted) == 0) {
            found.push_back(ipv6_text(digits));
        }
    }
    return found;
}

std::vector<std::string> own_addresses(const std::vector<std::string>& listen)
{
    auto all = ipv4_of_interfaces();
    std::ranges::move(stable_ipv6(whole_file("/proc/net/if_inet6")), std::back_inserter(all));
    std::erase_if(all, [&](const std::string& text) {
        boost::system::error_code bad;
        const auto address = ip::make_address(text, bad);
        return bad || net::is_special(address) || !answers_at(listen, address);
    });
    return all;
}

std::string words_without_address(const std::string& domain, bool other_name_servers)
{
    return fmt::format(
        "No public address is known: this machine has none of its own (it is behind NAT or a load "
        "balancer).\n"
        "Until it is given, no name below {} leads to it, and {}.\n"
        "Give the address at which the Internet reaches this machine, and forward the ports 53 (UDP and "
        "TCP),\n"
        "80 and 443 to it:\n\n"
        "  certwright serve --domain {} --addresses 192.0.2.1\n",
        domain,
        other_name_servers ? "names can be proved only by their record _acme-challenge (DNS-01)"
                           : "none can be proved to a public CA",
        domain);
}

}  // namespace app
