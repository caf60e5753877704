#include "diagnosis/foreign_network.h"

#include "net/address_set.h"

#include <algorithm>
#include <array>

namespace diagnosis {

namespace {

struct Network {
    std::string_view name;
    net::AddressSet addresses;
};

// The blocks that these networks publish for their proxies.
const std::array<Network, 2>& networks()
{
    static const std::array<Network, 2> known{
        {{"Cloudflare", net::AddressSet::parse(
                            {"173.245.48.0/20",  "103.21.244.0/22",  "103.22.200.0/22", "103.31.4.0/22",
                             "141.101.64.0/18",  "108.162.192.0/18", "190.93.240.0/20", "188.114.96.0/20",
                             "197.234.240.0/22", "198.41.128.0/17",  "162.158.0.0/15",  "104.16.0.0/13",
                             "104.24.0.0/14",    "172.64.0.0/13",    "131.0.72.0/22",   "2400:cb00::/32",
                             "2606:4700::/32",   "2803:f800::/32",   "2405:b500::/32",  "2405:8100::/32",
                             "2a06:98c0::/29",   "2c0f:f248::/32"})
                            .value()},
         {"Fastly", net::AddressSet::parse({"23.235.32.0/20",   "43.249.72.0/22",   "103.244.50.0/24",
                                            "103.245.222.0/23", "103.245.224.0/24", "104.156.80.0/20",
                                            "140.248.64.0/18",  "140.248.128.0/17", "146.75.0.0/17",
                                            "151.101.0.0/16",   "157.52.64.0/18",   "167.82.0.0/17",
                                            "167.82.128.0/20",  "167.82.160.0/20",  "167.82.224.0/20",
                                            "172.111.64.0/18",  "185.31.16.0/22",   "199.27.72.0/21",
                                            "199.232.0.0/16",   "2a04:4e40::/32",   "2a04:4e42::/32"})
                        .value()}}};
    return known;
}

struct Suffix {
    std::string_view suffix;
    std::string_view network;
};

constexpr std::array suffixes{
    Suffix{".cdn.cloudflare.net", "Cloudflare"},
    Suffix{".cloudfront.net", "Amazon CloudFront"},
    Suffix{".fastly.net", "Fastly"},
    Suffix{".fastlylb.net", "Fastly"},
    Suffix{".akamaiedge.net", "Akamai"},
    Suffix{".edgekey.net", "Akamai"},
    Suffix{".edgesuite.net", "Akamai"},
    Suffix{".azurefd.net", "Azure Front Door"},
    Suffix{".azureedge.net", "Azure CDN"},
    Suffix{".b-cdn.net", "bunny.net"},
    Suffix{".incapdns.net", "Imperva"},
    Suffix{".sucuri.net", "Sucuri"},
    Suffix{".cdn77.org", "CDN77"},
    Suffix{".gcdn.co", "Gcore"},
};

}  // namespace

std::string network_of_addresses(const std::vector<std::string>& addresses)
{
    for (const auto& network : networks()) {
        const bool all = !addresses.empty() && std::ranges::all_of(addresses, [&](const std::string& text) {
            boost::system::error_code bad;
            const auto address = boost::asio::ip::make_address(text, bad);
            return !bad && network.addresses.contains(address);
        });
        if (all) {
            return std::string(network.name);
        }
    }
    return {};
}

std::string network_of_target(std::string_view target)
{
    const auto found =
        std::ranges::find_if(suffixes, [&](const Suffix& each) { return target.ends_with(each.suffix); });
    return found == suffixes.end() ? std::string() : std::string(found->network);
}

}  // namespace diagnosis
