#include "net/address_set.h"

#include <fmt/format.h>

#include <charconv>

namespace net {

namespace {

namespace ip = boost::asio::ip;

constexpr unsigned mapped_prefix = 96;  // ::ffff:0:0/96

ip::address_v6 as_v6(const ip::address& address)
{
    return address.is_v6() ? address.to_v6() : ip::make_address_v6(ip::v4_mapped, address.to_v4());
}

ip::address_v6 masked(const ip::address_v6& address, unsigned prefix)
{
    auto bytes = address.to_bytes();
    for (unsigned i = 0; i < bytes.size(); ++i) {
        const unsigned kept = prefix > i * 8 ? std::min(prefix - i * 8, 8U) : 0;
        bytes[i] = static_cast<unsigned char>(bytes[i] & static_cast<unsigned char>(0xFF00U >> kept));
    }
    return ip::address_v6(bytes);
}

base::Error bad_block(const std::string& text, std::string_view why)
{
    return base::Error(base::Errc::invalid, fmt::format("\"{}\" is not an address or block: {}", text, why))
        .with_code("bad_address_block")
        .with_fix("write an address, or a block such as 192.0.2.0/24 or 2001:db8::/32");
}

}  // namespace

base::Result<AddressSet> AddressSet::parse(const std::vector<std::string>& blocks)
{
    AddressSet set;
    for (const auto& text : blocks) {
        const auto slash = text.find('/');
        boost::system::error_code error;
        const auto address = ip::make_address(text.substr(0, slash), error);
        if (error || (address.is_v6() && address.to_v6().scope_id() != 0)) {
            return base::fail(bad_block(text, "the address cannot be read"));
        }
        const unsigned width = address.is_v4() ? 32 : 128;
        unsigned prefix = width;
        if (slash != std::string::npos) {
            const char* begin = text.data() + slash + 1;
            const char* end = text.data() + text.size();
            const auto parsed = std::from_chars(begin, end, prefix);
            if (parsed.ec != std::errc() || parsed.ptr != end || prefix > width) {
                return base::fail(bad_block(text, fmt::format("the prefix must be 0 to {}", width)));
            }
        }
        const unsigned prefix6 = address.is_v4() ? prefix + mapped_prefix : prefix;
        if (masked(as_v6(address), prefix6) != as_v6(address)) {
            return base::fail(bad_block(text, "bits are set after the prefix"));
        }
        set.blocks_.push_back(Block{as_v6(address), prefix6});
    }
    return set;
}

bool AddressSet::contains(const ip::address& address) const
{
    const auto wanted = as_v6(address);
    const bool v4 = wanted.is_v4_mapped();
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
        const bool v4_block = block.prefix >= mapped_prefix && block.network.is_v4_mapped();
        return v4 == v4_block && masked(wanted, block.prefix) == block.network;
    });
}

bool is_special(const ip::address& address)
{
    // IANA special-purpose address registries (RFC 6890 and updates), plus multicast.
    static const AddressSet special =
        AddressSet::parse(
            {"0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
             "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
             "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
             "::/128",        "::1/128",         "64:ff9b::/96",   "64:ff9b:1::/48", "100::/64",
             "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",      "5f00::/16",
             "fc00::/7",      "fe80::/10",       "fec0::/10",      "ff00::/8"})
            .value();
    return special.contains(address);
}

}  // namespace net
