#include "nameserver/exchange.h"

namespace nameserver {

namespace {

using dns::Rcode;
using dns::RecordType;

constexpr std::uint32_t apex_ttl = 3'600;
constexpr std::uint32_t any_ttl = 3'600;
constexpr std::uint32_t soa_refresh = 3'600;
constexpr std::uint32_t soa_retry = 600;
constexpr std::uint32_t soa_expire = 604'800;
constexpr std::uint16_t not_authoritative = 20;  // extended error (RFC 8914 4.21)
constexpr std::uint16_t edns_extended_error = 15;

bool live(const NameNode& node, const base::Clock& clock)
{
    if (node.group.load(std::memory_order_acquire) != nullptr ||
        node.children.load(std::memory_order_relaxed) != 0) {
        return true;
    }
    const NameRecords* const records = node.records.load(std::memory_order_acquire);
    if (records == nullptr || !records->sets.empty()) {
        return records != nullptr;
    }
    const base::Time now = clock.now();
    return std::ranges::any_of(records->challenges,
                               [now](const ChallengeValue& value) { return value.expires_at > now; });
}

// The wildcard below the closest encloser, the nearest ancestor that exists (RFC 4592 3.3.1).
const NameNode* find_wildcard(const Exchange& exchange, std::size_t encloser)
{
    const auto& suffixes = *exchange.suffixes;
    dns::Name wildcard;
    static_cast<void>(wildcard.append(base::as_bytes("*")));
    const base::ByteView rest = suffixes.wire(encloser);
    for (std::size_t at = 0; rest[at] != 0; at += rest[at] + 1U) {
        if (!wildcard.append(rest.subspan(at + 1, rest[at]))) {
            return nullptr;
        }
    }
    const Suffixes hashed(wildcard);
    const NameNode* const node = exchange.view.find(hashed, 0);
    return node != nullptr && live(*node, exchange.clock) ? node : nullptr;
}

State find_name(Exchange& exchange)
{
    const auto& suffixes = *exchange.suffixes;
    const std::size_t apex = suffixes.count - exchange.zone->labels;
    const NameNode* const exact = exchange.view.find(suffixes, 0);
    if (apex == 0 || (exact != nullptr && live(*exact, exchange.clock))) {
        exchange.node = exact;
        return State::next;
    }
    std::size_t encloser = 1;
    while (encloser < apex) {
        const NameNode* const ancestor = exchange.view.find(suffixes, encloser);
        if (ancestor != nullptr && live(*ancestor, exchange.clock)) {
            break;
        }
        ++encloser;
    }
    exchange.node = find_wildcard(exchange, encloser);
    exchange.rcode = exchange.node == nullptr ? Rcode::nxdomain : Rcode::noerror;
    return State::next;
}

void write_head(dns::Writer& writer, const dns::Name& owner, RecordType type, std::uint32_t ttl)
{
    writer.name(owner);
    writer.u16(static_cast<std::uint16_t>(type));
    writer.u16(dns::class_in);
    writer.u32(ttl);
    writer.u16(0);
}

void close_data(dns::Writer& writer, std::size_t start)
{
    writer.patch_u16(start - 2, static_cast<std::uint16_t>(writer.size() - start));
}

void write_soa(Exchange& exchange, std::uint32_t ttl)
{
    const ZoneApex& zone = *exchange.zone;
    dns::Writer& writer = exchange.writer;
    write_head(writer, zone.name, RecordType::soa, ttl);
    const std::size_t start = writer.size();
    writer.name(zone.servers.empty() ? zone.name : zone.servers.front().name);
    writer.name(zone.hostmaster);
    writer.u32(exchange.data.serial());
    writer.u32(soa_refresh);
    writer.u32(soa_retry);
    writer.u32(soa_expire);
    writer.u32(zone.negative_ttl);
    close_data(writer, start);
}

State answer_apex(Exchange& exchange)
{
    if (exchange.suffixes->count != exchange.zone->labels) {
        return State::next;
    }
    if (exchange.type == RecordType::soa) {
        write_soa(exchange, apex_ttl);
        exchange.written[0] = 1;
    }
    if (exchange.type == RecordType::ns) {
        for (const auto& server : exchange.zone->servers) {
            write_head(exchange.writer, exchange.asked, RecordType::ns, apex_ttl);
            const std::size_t start = exchange.writer.size();
            exchange.writer.name(server.name);
            close_data(exchange.writer, start);
            ++exchange.written[0];
        }
    }
    return State::next;
}

// One record instead of all of them (RFC 8482 4.2).
State answer_any(Exchange& exchange)
{
    if (exchange.type != RecordType::any) {
        return State::next;
    }
    const bool at_apex = exchange.suffixes->count == exchange.zone->labels;
    const bool has_data = exchange.node != nullptr && (exchange.node->group.load() != nullptr ||
                                                       exchange.node->records.load() != nullptr);
    if (at_apex || has_data) {
        constexpr std::string_view cpu = "RFC8482";
        write_head(exchange.writer, exchange.asked, RecordType::hinfo, any_ttl);
        const std::size_t start = exchange.writer.size();
        exchange.writer.u8(static_cast<std::uint8_t>(cpu.size()));
        exchange.writer.bytes(base::as_bytes(cpu));
        exchange.writer.u8(0);
        close_data(exchange.writer, start);
        exchange.written[0] = 1;
    }
    return State::next;
}

void write_set(Exchange& exchange, const RecordSet& set)
{
    exchange.writer.bytes(set.wire);
    exchange.written[0] = static_cast<std::uint16_t>(exchange.written[0] + set.count);
}

void write_sets(Exchange& exchange, const std::vector<RecordSet>& sets)
{
    for (const auto& set : sets) {
        if (set.type == exchange.type) {
            write_set(exchange, set);
        }
    }
}

State answer_records(Exchange& exchange)
{
    if (exchange.node == nullptr) {
        return State::next;
    }
    if (const Group* const group = exchange.node->group.load(std::memory_order_acquire)) {
        if (const auto* const sets = group->sets.load(std::memory_order_acquire)) {
            write_sets(exchange, *sets);
        }
    }
    const NameRecords* const records = exchange.node->records.load(std::memory_order_acquire);
    if (records == nullptr) {
        return State::next;
    }
    write_sets(exchange, records->sets);
    if (exchange.type == RecordType::txt) {
        const base::Time now = exchange.clock.now();
        for (const auto& value : records->challenges) {
            if (value.expires_at > now) {
                write_set(exchange, value.set);
            }
        }
    }
    return State::next;
}

// Both kinds of negative answer carry the SOA, with the TTL for which they may be kept (RFC 2308 3).
State deny(Exchange& exchange)
{
    if (exchange.written[0] == 0) {
        write_soa(exchange, std::min(apex_ttl, exchange.zone->negative_ttl));
        exchange.written[1] = 1;
    }
    return State::next;
}

State truncate(Exchange& exchange)
{
    if (!exchange.writer.ok()) {
        exchange.truncated = true;
        exchange.writer.rewind(exchange.question_end);
        std::ranges::fill(exchange.written, std::uint16_t{0});
        return State::finish;
    }
    return State::next;
}

// The addresses of name servers within the zone, as far as they fit.
State add_glue(Exchange& exchange)
{
    if (exchange.type != RecordType::ns || exchange.written[0] == 0) {
        return State::next;
    }
    dns::Writer& writer = exchange.writer;
    for (const auto& server : exchange.zone->servers) {
        for (const auto& set : server.glue) {
            const std::size_t mark = writer.size();
            if (!server.inside) {
                continue;
            }
            const std::size_t each = set.wire.size() / set.count;
            for (std::size_t i = 0; i < set.count; ++i) {
                writer.name(server.name);
                writer.bytes(base::ByteView(set.wire).subspan(i * each + 2, each - 2));
            }
            if (!writer.ok()) {
                writer.rewind(mark);
                return State::next;
            }
            exchange.written[2] = static_cast<std::uint16_t>(exchange.written[2] + set.count);
        }
    }
    return State::next;
}

constexpr Step answering[] = {find_name, answer_apex, answer_any, answer_records, deny, truncate, add_glue};

bool explains(const Exchange& exchange)
{
    return exchange.rcode == Rcode::refused && exchange.klass == dns::class_in && exchange.zone == nullptr;
}

constexpr std::size_t opt_size = 11;
constexpr std::size_t explanation_size = 6;

// How many octets the whole reply may have, and of them how many are kept for OPT.
void set_limits(Exchange& exchange, std::size_t buffer)
{
    std::size_t limit = buffer;
    if (exchange.transport == dns::Transport::udp) {
        const std::size_t wanted = exchange.edns ? std::size_t{exchange.edns->udp_size} : smallest_udp;
        limit = std::min(buffer, std::clamp(wanted, smallest_udp, largest_udp));
    }
    exchange.writer.reserve(buffer - limit + (exchange.edns ? opt_size + explanation_size : 0));
}

void write_opt(Exchange& exchange)
{
    dns::Writer& writer = exchange.writer;
    writer.u8(0);
    writer.u16(static_cast<std::uint16_t>(RecordType::opt));
    writer.u16(static_cast<std::uint16_t>(largest_udp));
    writer.u8(static_cast<std::uint8_t>(static_cast<unsigned>(exchange.rcode) >> 4));
    writer.u8(0);
    writer.u16(0);
    if (!explains(exchange)) {
        return writer.u16(0);
    }
    writer.u16(explanation_size);
    writer.u16(edns_extended_error);
    writer.u16(2);
    writer.u16(not_authoritative);
}

Reply finish(Exchange& exchange)
{
    dns::Writer& writer = exchange.writer;
    if (!writer.ok()) {
        return {};
    }
    writer.reserve(0);
    if (exchange.edns) {
        write_opt(exchange);
    }
    unsigned flags =
        flag_response | (exchange.flags & kept_flags) | (static_cast<unsigned>(exchange.rcode) & 15U);
    flags |= exchange.authoritative ? flag_authoritative : 0U;
    flags |= exchange.truncated ? flag_truncated : 0U;
    writer.patch_u16(0, exchange.id);
    writer.patch_u16(2, static_cast<std::uint16_t>(flags));
    writer.patch_u16(4, exchange.question_end > dns::header_size ? 1 : 0);
    writer.patch_u16(6, exchange.written[0]);
    writer.patch_u16(8, exchange.written[1]);
    writer.patch_u16(10, static_cast<std::uint16_t>(exchange.written[2] + (exchange.edns ? 1 : 0)));
    return {writer.size(), Outcome::answered, exchange.truncated};
}

Outcome outcome_of(const Exchange& exchange)
{
    switch (exchange.rcode) {
        case Rcode::noerror:
            return exchange.written[1] != 0 ? Outcome::nodata : Outcome::answered;
        case Rcode::nxdomain:
            return Outcome::nxdomain;
        case Rcode::refused:
            return Outcome::refused;
        case Rcode::formerr:
            return Outcome::malformed;
        default:
            return Outcome::unsupported;
    }
}

}  // namespace

Reply answer(const ZoneData& data, const base::Clock& clock, base::ByteView query, dns::Transport transport,
             std::span<std::uint8_t> reply)
{
    Exchange exchange(data, clock, query, transport, reply);
    State state = read_question_and_zone(exchange);
    if (state == State::next) {
        set_limits(exchange, reply.size());
        state = run(exchange, answering);
    }
    if (state == State::drop) {
        return {};
    }
    Reply made = finish(exchange);
    made.outcome = made.size > 0 ? outcome_of(exchange) : Outcome::dropped;
    return made;
}

Reply answer_truncated(base::ByteView query, std::span<std::uint8_t> reply)
{
    dns::Reader reader(query);
    const std::uint16_t id = reader.u16();
    const std::uint16_t flags = reader.u16();
    const std::uint16_t questions = reader.u16();
    static_cast<void>(reader.bytes(6));
    const dns::Name name = reader.name();
    const std::uint16_t type = reader.u16();
    const std::uint16_t klass = reader.u16();
    if (!reader.ok() || (flags & flag_response) != 0 || questions != 1) {
        return {};
    }
    dns::Writer writer(reply);
    writer.u16(id);
    writer.u16(static_cast<std::uint16_t>(flag_response | flag_truncated | (flags & kept_flags)));
    writer.u16(1);
    for (int i = 0; i < 3; ++i) {
        writer.u16(0);
    }
    writer.name(name);
    writer.u16(type);
    writer.u16(klass);
    return {writer.size(), Outcome::answered, true};
}

}  // namespace nameserver
