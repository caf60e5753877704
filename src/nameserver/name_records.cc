#include "nameserver/name_records.h"

#include "base/log.h"
#include "dns/message.h"
#include "dns/rdata.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace nameserver {

namespace {

constexpr std::size_t largest_set = 65'000;  // the rest of a message is for the question and OPT

void put_u16(base::Bytes& out, std::size_t value)
{
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void render(base::Bytes& out, std::uint16_t type, std::uint32_t ttl, base::ByteView data)
{
    constexpr std::uint16_t question_pointer = 0xc000 | dns::header_size;
    put_u16(out, question_pointer);
    put_u16(out, type);
    put_u16(out, dns::class_in);
    put_u16(out, ttl >> 16);
    put_u16(out, ttl & 0xffff);
    put_u16(out, data.size());
    out.insert(out.end(), data.begin(), data.end());
}

}  // namespace

void NameRecords::Free::operator()(const NameRecords* records) const
{
    ::operator delete(const_cast<NameRecords*>(records));
}

void RecordsBuilder::add(const Kind& kind, std::uint16_t type, std::span<const base::Bytes> values)
{
    Set set;
    set.head.type = type;
    set.head.origin = kind.origin;
    set.head.zone = kind.zone;
    set.head.compressible = dns::has_compressible_names(static_cast<dns::RecordType>(type));
    if (kind.expires_at) {
        set.head.expires_at = base::to_millis(*kind.expires_at);
    }
    for (const auto& value : values) {
        render(set.wire, type, kind.ttl, value);
    }
    if (set.wire.size() > largest_set) {
        base::log::warning("dns_records_too_large", {{"type", type}, {"octets", set.wire.size()}});
        return;
    }
    set.head.count = static_cast<std::uint16_t>(values.size());
    set.head.size = static_cast<std::uint16_t>(set.wire.size());
    if (set.head.count > 0) {
        sets_.push_back(std::move(set));
    }
}

void RecordsBuilder::keep(const NameRecords& records, Origin origin)
{
    records.each([&](const SetHead& head, base::ByteView wire) {
        if (head.origin != origin && head.origin != Origin::host) {
            sets_.push_back({head, base::Bytes(wire.begin(), wire.end())});
        }
    });
}

bool RecordsBuilder::has(std::uint16_t type) const
{
    return std::ranges::any_of(sets_, [type](const Set& set) { return set.head.type == type; });
}

NameRecords::Pointer RecordsBuilder::build() const
{
    if (sets_.empty()) {
        return nullptr;
    }
    static_assert(sizeof(NameRecords) % alignof(SetHead) == 0 && sizeof(SetHead) == 16);
    std::size_t size = sizeof(NameRecords);
    for (const auto& set : sets_) {
        size += sizeof(SetHead) + set.wire.size();
    }
    void* const memory = ::operator new(size);
    NameRecords::Pointer records(new (memory) NameRecords(sets_.size()));
    auto* at = static_cast<std::uint8_t*>(memory) + sizeof(NameRecords);
    for (const auto& set : sets_) {
        new (at) SetHead(set.head);
        at += sizeof(SetHead);
    }
    for (const auto& set : sets_) {
        std::memcpy(at, set.wire.data(), set.wire.size());
        at += set.wire.size();
    }
    return records;
}

}  // namespace nameserver
