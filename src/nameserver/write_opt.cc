// OPT, the last record of a reply to who speaks EDNS (RFC 6891), and its options.
#include "nameserver/exchange.h"

namespace nameserver {

namespace {

constexpr std::size_t opt_size = 11;
constexpr std::size_t option_head = 4;
constexpr std::size_t explanation_size = 2;
constexpr std::size_t cookie_size = dns::client_cookie_size + dns::server_cookie_size;
constexpr std::uint32_t dnssec_ok = 0x8000;

std::size_t nsid_size(const Exchange& exchange)
{
    return exchange.tells_nsid() ? option_head + exchange.asker.manners->nsid.size() : 0;
}

void write_option(dns::Writer& writer, dns::OptionCode code, std::size_t size)
{
    writer.u16(static_cast<std::uint16_t>(code));
    writer.u16(static_cast<std::uint16_t>(size));
}

// Always a new one, so that a client which comes often never has one that is too old.
void write_cookie(Exchange& exchange)
{
    const base::ByteView client = exchange.edns->cookie.first(dns::client_cookie_size);
    write_option(exchange.writer, dns::OptionCode::cookie, cookie_size);
    exchange.writer.bytes(client);
    exchange.writer.bytes(
        exchange.asker.manners->cookies.make(client, exchange.asker.address, exchange.now_seconds()));
}

}  // namespace

std::size_t size_of_opt(const Exchange& exchange)
{
    // An explanation may still come.
    return exchange.edns ? opt_size + option_head + explanation_size + nsid_size(exchange) +
                               (exchange.speaks_cookies() ? option_head + cookie_size : 0)
                         : 0;
}

void write_opt(Exchange& exchange)
{
    dns::Writer& writer = exchange.writer;
    writer.u8(0);
    writer.u16(static_cast<std::uint16_t>(dns::RecordType::opt));
    writer.u16(static_cast<std::uint16_t>(largest_udp));
    writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(exchange.rcode) >> 4));
    writer.u8(0);
    writer.u16(exchange.edns->dnssec_ok ? dnssec_ok : 0);
    const std::size_t start = writer.size() + 2;
    writer.u16(0);
    if (exchange.tells_nsid()) {
        const std::string& nsid = exchange.asker.manners->nsid;
        write_option(writer, dns::OptionCode::nsid, nsid.size());
        writer.bytes(base::as_bytes(nsid));
    }
    if (exchange.speaks_cookies()) {
        write_cookie(exchange);
    }
    if (exchange.explanation != Explanation::none) {
        write_option(writer, dns::OptionCode::extended_error, explanation_size);
        writer.u16(static_cast<std::uint16_t>(exchange.explanation));
    }
    writer.patch_u16(start - 2, static_cast<std::uint16_t>(writer.size() - start));
}

}  // namespace nameserver
