#include "nameserver/exchange.h"

namespace nameserver {

namespace {

using dns::Rcode;
using dns::RecordType;

constexpr std::size_t longest_chain = 16;  // CNAMEs

// What the zone has of the type at a place; false: nothing.
bool write_answer(Exchange& exchange, const Place& place)
{
    const std::uint16_t before = exchange.written[Section::answers];
    if (exchange.at_apex() && exchange.type == RecordType::soa) {
        write_soa(exchange, Section::answers, exchange.zone->ttl);
    }
    if (exchange.at_apex() && exchange.type == RecordType::ns) {
        write_name_servers(exchange);
    }
    if (place.node != nullptr && exchange.type != RecordType::any) {
        write_sets(exchange, *place.node);
    }
    const bool has_data = exchange.at_apex() ||
                          (place.node != nullptr &&
                           (place.node->group.load() != nullptr || place.node->records.load() != nullptr));
    if (exchange.type == RecordType::any && has_data) {
        write_any(exchange);
    }
    return exchange.written[Section::answers] != before;
}

// Goes on at the target of a CNAME; false: it is not in a zone of ours.
bool follow(Exchange& exchange, const dns::Name& target)
{
    exchange.name = target.lower();
    exchange.suffixes.emplace(exchange.name);
    exchange.zone = exchange.view.zone_of(*exchange.suffixes);
    exchange.chained = true;
    return exchange.zone != nullptr;
}

// The names of a chain, so that a loop ends where it comes back: nobody needs its records twice.
class Chain {
public:
    // False when the name was there before, or the chain is too long.
    bool take(const Exchange& exchange)
    {
        const std::uint32_t hash = exchange.suffixes->hash[0];
        const auto end = seen_.begin() + static_cast<std::ptrdiff_t>(count_);
        if (count_ > longest_chain || std::find(seen_.begin(), end, hash) != end) {
            return false;
        }
        seen_[count_++] = hash;
        return true;
    }

private:
    std::array<std::uint32_t, longest_chain + 1> seen_;
    std::size_t count_ = 0;
};

// RFC 1034 4.3.2. The code is that of the last name of a chain (RFC 6604).
State answer_names(Exchange& exchange)
{
    Chain chain;
    while (chain.take(exchange)) {
        const Place place = find_place(exchange);
        if (place.kind == Place::Kind::delegated) {
            exchange.authoritative = exchange.chained;
            write_referral(exchange, place);
            return State::next;
        }
        exchange.rcode = place.kind == Place::Kind::nothing ? Rcode::nxdomain : Rcode::noerror;
        if (place.kind == Place::Kind::found && write_answer(exchange, place)) {
            return State::next;
        }
        const auto target = place.node != nullptr && exchange.type != RecordType::any
                                ? write_cname(exchange, *place.node)
                                : std::nullopt;
        if (!target) {
            exchange.negative = true;
            return State::next;
        }
        if (!follow(exchange, *target)) {
            return State::next;
        }
    }
    return State::next;
}

// Both kinds of negative answer carry the SOA, with the TTL for which they may be kept (RFC 2308 3).
State deny(Exchange& exchange)
{
    if (exchange.negative) {
        write_soa(exchange, Section::authority, std::min(exchange.zone->ttl, exchange.zone->negative_ttl));
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

State add_glue(Exchange& exchange)
{
    if (exchange.type == RecordType::ns && exchange.written[Section::answers] != 0 && !exchange.negative &&
        exchange.zone != nullptr && exchange.at_apex()) {
        write_glue(exchange);
    }
    return State::next;
}

constexpr Step answering[] = {answer_names, deny, truncate, add_glue};

// How many octets the whole reply may have, and of them how many are kept for OPT.
void set_limits(Exchange& exchange, std::size_t buffer)
{
    std::size_t limit = buffer;
    if (exchange.asker.transport == dns::Transport::udp) {
        const std::size_t wanted = exchange.edns ? std::size_t{exchange.edns->udp_size} : smallest_udp;
        limit = std::min(buffer, std::clamp(wanted, smallest_udp, largest_udp));
    }
    exchange.writer.reserve(buffer - limit + size_of_opt(exchange));
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
            return exchange.negative ? Outcome::nodata : Outcome::answered;
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

Reply answer(const ZoneData& data, const base::Clock& clock, base::ByteView query, const Asker& asker,
             std::span<std::uint8_t> reply)
{
    Exchange exchange(data, clock, query, asker, reply);
    State state = read_question(exchange);
    if (state == State::next) {
        state = find_zone(exchange);
    }
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

bool shows_good_cookie(const ZoneData& data, const base::Clock& clock, base::ByteView query,
                       const Asker& asker)
{
    std::array<std::uint8_t, smallest_udp> unused;
    Exchange exchange(data, clock, query, asker, unused);
    if (read_question(exchange) == State::drop || !exchange.speaks_cookies()) {
        return false;
    }
    const base::ByteView cookie = exchange.edns->cookie;
    return asker.manners->cookies.good(cookie.first(dns::client_cookie_size),
                                       cookie.subspan(dns::client_cookie_size), asker.address,
                                       exchange.now_seconds());
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
