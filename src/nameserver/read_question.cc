#include "nameserver/exchange.h"

namespace nameserver {

namespace {

using dns::Rcode;
using dns::RecordType;

State refuse(Exchange& exchange, Rcode rcode)
{
    exchange.rcode = rcode;
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
    return ((exchange.flags >> 11) & 15) == 0 ? State::next : refuse(exchange, Rcode::notimp);
}

State read_question(Exchange& exchange)
{
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
    while (data.ok() && !data.at_end()) {
        data.u16();
        static_cast<void>(data.bytes(data.u16()));
    }
    if (!additional || exchange.edns || !owner.is_root() || !data.ok()) {
        return query.fail();
    }
    exchange.edns = Edns{klass, static_cast<std::uint8_t>(ttl >> 16)};
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

State check_version(Exchange& exchange)
{
    return exchange.edns && exchange.edns->version != 0 ? refuse(exchange, Rcode::badvers) : State::next;
}

// Transfers are not offered; what only has a meaning within a message cannot be asked for.
State check_type(Exchange& exchange)
{
    const auto number = static_cast<std::uint16_t>(exchange.type);
    if (exchange.klass != dns::class_in || exchange.type == RecordType::axfr ||
        exchange.type == RecordType::ixfr) {
        return refuse(exchange, Rcode::refused);
    }
    if (exchange.type == RecordType::opt) {
        return refuse(exchange, Rcode::formerr);
    }
    const bool meta = number >= 128 && number < 255;
    return meta ? refuse(exchange, Rcode::notimp) : State::next;
}

State find_zone(Exchange& exchange)
{
    exchange.name = exchange.asked.lower();
    exchange.suffixes.emplace(exchange.name);
    exchange.zone = exchange.view.zone_of(*exchange.suffixes);
    if (exchange.zone == nullptr) {
        return refuse(exchange, Rcode::refused);
    }
    if (exchange.type == RecordType::ds && exchange.at_apex()) {
        // It stands on the other side of the cut (RFC 4035 3.1.4.1), if that is ours too.
        const ZoneApex* const above = exchange.view.zone_of(*exchange.suffixes, 1);
        exchange.zone = above != nullptr ? above : exchange.zone;
    }
    exchange.authoritative = true;
    return State::next;
}

constexpr Step parsing[] = {read_header, read_question, read_records, check_version, check_type, find_zone};

}  // namespace

State read_question_and_zone(Exchange& exchange)
{
    return run(exchange, parsing);
}

}  // namespace nameserver
