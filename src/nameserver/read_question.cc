#include "nameserver/exchange.h"

namespace nameserver {

namespace {

using dns::Rcode;
using dns::RecordType;

constexpr std::uint32_t flag_dnssec_ok = 0x8000;

State refuse(Exchange& exchange, Rcode rcode, Explanation why = Explanation::none)
{
    exchange.rcode = rcode;
    exchange.explanation = why;
    return State::finish;
}

State read_header(Exchange& exchange)
{
    exchange.id = exchange.query.u16();
    exchange.flags = exchange.query.u16();
    for (auto& count : exchange.counts) {
        count = exchange.query.u16();
    }
    if (!exchange.query.ok() || (exchange.flags & flag_response) != 0) {
        return State::drop;  // Answering an answer could go on for ever.
    }
    for (std::size_t i = 0; i < dns::header_size / 2; ++i) {
        exchange.writer.u16(0);
    }
    exchange.question_end = dns::header_size;
    return ((exchange.flags >> 11) & 15) == 0 ? State::next
                                              : refuse(exchange, Rcode::notimp, Explanation::not_supported);
}

State read_asked(Exchange& exchange)
{
    if (exchange.counts[0] == 0) {
        return State::next;
    }
    if (exchange.counts[0] != 1) {
        return refuse(exchange, Rcode::formerr);
    }
    exchange.asked = exchange.query.name();
    const bool compressed = exchange.query.offset() != dns::header_size + exchange.asked.size();
    exchange.type = static_cast<RecordType>(exchange.query.u16());
    exchange.klass = exchange.query.u16();
    if (!exchange.query.ok() || compressed) {
        return refuse(exchange, Rcode::formerr);
    }
    exchange.writer.name(exchange.asked);
    exchange.writer.u16(static_cast<std::uint16_t>(exchange.type));
    exchange.writer.u16(exchange.klass);
    exchange.question_end = exchange.writer.size();
    return State::next;
}

// Options that nobody here knows are passed over (RFC 6891 6.1.2).
void read_options(dns::Reader& data, Edns& edns)
{
    while (data.ok() && !data.at_end()) {
        const auto code = static_cast<dns::OptionCode>(data.u16());
        const base::ByteView value = data.bytes(data.u16());
        if (code == dns::OptionCode::nsid) {
            edns.wants_nsid = true;
        } else if (code == dns::OptionCode::cookie && edns.cookie.empty()) {
            const bool good =
                value.size() == dns::client_cookie_size ||
                (value.size() >= 2 * dns::client_cookie_size && value.size() <= dns::longest_cookie);
            if (!good) {
                return data.fail();  // RFC 7873 5.2.2
            }
            edns.cookie = value;
        }
    }
}

void read_record(Exchange& exchange, bool additional)
{
    dns::Reader& query = exchange.query;
    const dns::Name owner = query.name();
    const auto type = static_cast<RecordType>(query.u16());
    const std::uint16_t klass = query.u16();
    const std::uint32_t ttl = query.u32();
    dns::Reader data = query.section(query.u16());
    if (type != RecordType::opt) {
        return;
    }
    Edns edns{klass, static_cast<std::uint8_t>(ttl >> 16), (ttl & flag_dnssec_ok) != 0, false, {}};
    read_options(data, edns);
    if (!additional || exchange.edns || !owner.is_root() || !data.ok()) {
        return query.fail();
    }
    exchange.edns = edns;
}

State read_records(Exchange& exchange)
{
    for (std::size_t section = 1; section < 4; ++section) {
        for (std::size_t i = 0; i < exchange.counts[section] && exchange.query.ok(); ++i) {
            read_record(exchange, section == 3);
        }
    }
    const bool whole = exchange.query.ok() && exchange.query.at_end();
    return whole ? State::next : refuse(exchange, Rcode::formerr);
}

// A question without one asks for a cookie (RFC 7873 5.4).
State check_asked(Exchange& exchange)
{
    if (exchange.counts[0] == 1) {
        return State::next;
    }
    return refuse(exchange, exchange.speaks_cookies() ? Rcode::noerror : Rcode::formerr);
}

State check_version(Exchange& exchange)
{
    return exchange.edns && exchange.edns->version != 0 ? refuse(exchange, Rcode::badvers) : State::next;
}

// Which server this is, where it has a name (RFC 4892 3).
bool asks_identity(const Exchange& exchange)
{
    static const dns::Name names[] = {dns::Name::parse("id.server").value(),
                                      dns::Name::parse("hostname.bind").value()};
    const bool named = exchange.asked == names[0] || exchange.asked == names[1];
    return named && exchange.type == RecordType::txt && exchange.asker.manners != nullptr &&
           !exchange.asker.manners->nsid.empty();
}

// Transfers are not offered; what only has a meaning within a message cannot be asked for.
State check_type(Exchange& exchange)
{
    const auto number = static_cast<std::uint16_t>(exchange.type);
    if (exchange.klass == class_chaos && asks_identity(exchange)) {
        write_identity(exchange);
        return State::finish;
    }
    if (exchange.klass != dns::class_in) {
        return refuse(exchange, Rcode::refused);
    }
    if (exchange.type == RecordType::axfr || exchange.type == RecordType::ixfr) {
        return refuse(exchange, Rcode::refused, Explanation::prohibited);
    }
    if (exchange.type == RecordType::opt) {
        return refuse(exchange, Rcode::formerr);
    }
    const bool meta = number >= 128 && number < 255;
    return meta ? refuse(exchange, Rcode::notimp, Explanation::not_supported) : State::next;
}

constexpr Step parsing[] = {read_header, read_asked, read_records, check_version, check_asked, check_type};

}  // namespace

State find_zone(Exchange& exchange)
{
    exchange.name = exchange.asked.lower();
    exchange.suffixes.emplace(exchange.name);
    exchange.zone = exchange.view.zone_of(*exchange.suffixes);
    if (exchange.zone == nullptr) {
        return refuse(exchange, Rcode::refused, Explanation::not_authoritative);
    }
    if (exchange.type == RecordType::ds && exchange.at_apex()) {
        // It stands on the other side of the cut (RFC 4035 3.1.4.1), if that is ours too.
        const ZoneApex* const above = exchange.view.zone_of(*exchange.suffixes, 1);
        exchange.zone = above != nullptr ? above : exchange.zone;
    }
    exchange.authoritative = true;
    return State::next;
}

State read_question(Exchange& exchange)
{
    return run(exchange, parsing);
}

}  // namespace nameserver
