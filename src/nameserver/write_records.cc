// How records are written into a reply.
#include "dns/rdata.h"
#include "nameserver/exchange.h"

namespace nameserver {

namespace {

using dns::RecordType;

constexpr std::uint32_t any_ttl = 3'600;
constexpr std::size_t type_and_data = before_data - owner_size;

void count(Exchange& exchange, Section section, std::size_t records)
{
    exchange.written[section] = static_cast<std::uint16_t>(exchange.written[section] + records);
}

// The name that is looked for: the question, with its case, or where a CNAME has led.
void write_owner(Exchange& exchange)
{
    exchange.writer.name(exchange.chained ? exchange.name : exchange.asked);
}

void write_head(Exchange& exchange, RecordType type, std::uint32_t ttl)
{
    dns::Writer& writer = exchange.writer;
    writer.u16(static_cast<std::uint16_t>(type));
    writer.u16(dns::class_in);
    writer.u32(ttl);
    writer.u16(0);
}

void close_data(dns::Writer& writer, std::size_t start)
{
    writer.patch_u16(start - 2, static_cast<std::uint16_t>(writer.size() - start));
}

std::size_t data_size(base::ByteView record)
{
    return static_cast<std::size_t>(record[before_data - 2]) << 8 | record[before_data - 1];
}

// Calls visit(one rendered record) for each of a set.
template <class F>
void each_record(base::ByteView wire, F visit)
{
    while (!wire.empty()) {
        const std::size_t size = before_data + data_size(wire);
        visit(wire.first(size));
        wire = wire.subspan(size);
    }
}

// A record after its owner has been written.
void write_rest(dns::Writer& writer, const SetHead& head, base::ByteView record)
{
    if (!head.compressible) {
        return writer.bytes(record.subspan(owner_size));
    }
    writer.bytes(record.subspan(owner_size, type_and_data));
    const std::size_t start = writer.size();
    dns::write_data(writer, static_cast<RecordType>(head.type), record.subspan(before_data));
    if (writer.ok()) {
        close_data(writer, start);
    }
}

void write_set(Exchange& exchange, const SetHead& head, base::ByteView wire)
{
    count(exchange, Section::answers, head.count);
    if (!exchange.chained && !head.compressible) {
        return exchange.writer.bytes(wire);
    }
    each_record(wire, [&](base::ByteView record) {
        write_owner(exchange);
        write_rest(exchange.writer, head, record);
    });
}

// Calls visit(head, records) for the sets that the zone has at a node.
template <class F>
void each_set(Exchange& exchange, const NameNode& node, F visit)
{
    const auto visit_served = [&](const SetHead& head, base::ByteView wire) {
        if (exchange.serves(head)) {
            visit(head, wire);
        }
    };
    if (const Group* const group = node.group.load(std::memory_order_acquire)) {
        if (const NameRecords* const sets = group->sets.load(std::memory_order_acquire)) {
            sets->each(visit_served);
        }
    }
    if (const NameRecords* const records = node.records.load(std::memory_order_acquire)) {
        records->each(visit_served);
    }
}

void write_addresses(Exchange& exchange, const dns::Name& host)
{
    const Suffixes suffixes(host);
    const NameNode* const node = exchange.view.find(suffixes, 0);
    if (node == nullptr) {
        return;
    }
    each_set(exchange, *node, [&](const SetHead& head, base::ByteView wire) {
        if (!head.is(RecordType::a) && !head.is(RecordType::aaaa)) {
            return;
        }
        each_record(wire, [&](base::ByteView record) {
            exchange.writer.name(host);
            write_rest(exchange.writer, head, record);
        });
        count(exchange, Section::additional, head.count);
    });
}

// The same, or nothing when it does not fit.
bool write_addresses_that_fit(Exchange& exchange, const dns::Name& host)
{
    const std::size_t mark = exchange.writer.size();
    const std::uint16_t before = exchange.written[Section::additional];
    write_addresses(exchange, host);
    if (exchange.writer.ok()) {
        return true;
    }
    exchange.writer.rewind(mark);
    exchange.written[Section::additional] = before;
    return false;
}

// Calls visit(name) for the targets of the NS records of the zone at a node.
template <class F>
void each_name_server(Exchange& exchange, const NameNode& node, F visit)
{
    each_set(exchange, node, [&](const SetHead& head, base::ByteView wire) {
        if (head.is(RecordType::ns)) {
            each_record(wire, [&](base::ByteView record) {
                dns::Reader data(record.subspan(before_data));
                visit(data.name().lower());
            });
        }
    });
}

}  // namespace

void write_sets(Exchange& exchange, const NameNode& node)
{
    each_set(exchange, node, [&](const SetHead& head, base::ByteView wire) {
        if (head.is(exchange.type)) {
            write_set(exchange, head, wire);
        }
    });
}

void write_soa(Exchange& exchange, Section section, std::uint32_t ttl)
{
    const ZoneApex& zone = *exchange.zone;
    dns::Writer& writer = exchange.writer;
    if (section == Section::answers) {
        write_owner(exchange);
    } else {
        writer.name(zone.name);
    }
    write_head(exchange, RecordType::soa, ttl);
    const std::size_t start = writer.size();
    writer.name(zone.primary);
    writer.name(zone.hostmaster);
    writer.u32(exchange.data.serial());
    writer.u32(zone.refresh);
    writer.u32(zone.retry);
    writer.u32(zone.expire);
    writer.u32(zone.negative_ttl);
    close_data(writer, start);
    count(exchange, section, 1);
}

void write_name_servers(Exchange& exchange)
{
    for (const auto& server : exchange.zone->servers) {
        write_owner(exchange);
        write_head(exchange, RecordType::ns, exchange.zone->ttl);
        const std::size_t start = exchange.writer.size();
        exchange.writer.name(server.name);
        close_data(exchange.writer, start);
        count(exchange, Section::answers, 1);
    }
}

void write_any(Exchange& exchange)
{
    constexpr std::string_view cpu = "RFC8482";
    write_owner(exchange);
    write_head(exchange, RecordType::hinfo, any_ttl);
    const std::size_t start = exchange.writer.size();
    exchange.writer.u8(static_cast<std::uint8_t>(cpu.size()));
    exchange.writer.bytes(base::as_bytes(cpu));
    exchange.writer.u8(0);
    close_data(exchange.writer, start);
    count(exchange, Section::answers, 1);
}

void write_identity(Exchange& exchange)
{
    const std::string& nsid = exchange.asker.manners->nsid;
    const auto size = static_cast<std::uint8_t>(std::min<std::size_t>(nsid.size(), 255));
    write_owner(exchange);
    exchange.writer.u16(static_cast<std::uint16_t>(RecordType::txt));
    exchange.writer.u16(class_chaos);
    exchange.writer.u32(0);
    exchange.writer.u16(static_cast<std::uint16_t>(size + 1));
    exchange.writer.u8(size);
    exchange.writer.bytes(base::as_bytes(nsid).first(size));
    count(exchange, Section::answers, 1);
}

std::optional<dns::Name> write_cname(Exchange& exchange, const NameNode& node)
{
    std::optional<dns::Name> target;
    each_set(exchange, node, [&](const SetHead& head, base::ByteView wire) {
        if (head.is(RecordType::cname) && !target) {
            write_set(exchange, head, wire);
            dns::Reader data(wire.subspan(before_data));
            target = data.name();
        }
    });
    return target;
}

void write_referral(Exchange& exchange, const Place& place)
{
    dns::Name cut = exchange.name;
    for (std::size_t i = 0; i < place.suffix; ++i) {
        cut = cut.parent();
    }
    each_set(exchange, *place.node, [&](const SetHead& head, base::ByteView wire) {
        if (head.is(RecordType::ns)) {
            each_record(wire, [&](base::ByteView record) {
                exchange.writer.name(cut);
                write_rest(exchange.writer, head, record);
            });
            count(exchange, Section::authority, head.count);
        }
    });
    each_name_server(exchange, *place.node, [&](const dns::Name& server) {
        if (server.is_within(cut)) {
            write_addresses(exchange, server);
        }
    });
    if (!exchange.writer.ok()) {
        return;
    }
    each_name_server(exchange, *place.node, [&](const dns::Name& server) {
        if (!server.is_within(cut) && server.is_within(exchange.zone->name)) {
            write_addresses_that_fit(exchange, server);
        }
    });
}

void write_glue(Exchange& exchange)
{
    for (const auto& server : exchange.zone->servers) {
        if (server.inside && !write_addresses_that_fit(exchange, server.name)) {
            return;
        }
    }
}

}  // namespace nameserver
