// NameRecords: the record sets at one name, rendered as they travel, in one block of memory.
//
// Immutable: a change makes another block. Readers look at it under the rules of NameTable.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "dns/resolver.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace nameserver {

// Who said that a set stands at a name; the sets of one origin are replaced together.
enum class Origin : std::uint8_t {
    host,       // the addresses of a name server, from a zone's list of them
    challenge,  // values of a proof
    records,    // record sets
};

// The set serves every zone that holds its name.
inline constexpr std::uint8_t any_zone = 255;

struct SetHead {
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

    std::int64_t expires_at = never;  // milliseconds
    std::uint16_t type = 0;
    std::uint16_t count = 0;
    std::uint16_t size = 0;  // octets of the rendered records
    std::uint8_t zone =
        any_zone;  // how many labels the apex of its zone has, which tells zones at one name apart
    Origin origin : 7 = Origin::records;
    bool compressible : 1 = false;  // there are names in the data that may be compressed

    bool is(dns::RecordType wanted) const { return type == static_cast<std::uint16_t>(wanted); }
};

// Rendered records: each is a pointer to the question (2 octets), type (2), class (2), TTL (4), length (2),
// data.
inline constexpr std::size_t owner_size = 2;
inline constexpr std::size_t before_data = 12;

class NameRecords {
public:
    NameRecords(const NameRecords&) = delete;
    NameRecords& operator=(const NameRecords&) = delete;

    struct Free {
        void operator()(const NameRecords* records) const;
    };
    using Pointer = std::unique_ptr<const NameRecords, Free>;

    std::span<const SetHead> heads() const { return {reinterpret_cast<const SetHead*>(this + 1), count_}; }

    // Calls visit(head, rendered records) for each set.
    template <class F>
    void each(F visit) const
    {
        const auto* at = reinterpret_cast<const std::uint8_t*>(heads().data() + count_);
        for (const auto& head : heads()) {
            visit(head, base::ByteView(at, head.size));
            at += head.size;
        }
    }

private:
    friend class RecordsBuilder;
    explicit NameRecords(std::size_t count) : count_(count) {}

    std::size_t count_;  // sets; their heads follow, then the records
};

// Collects sets for a block.
class RecordsBuilder {
public:
    struct Kind {
        Origin origin = Origin::records;
        std::uint8_t zone = any_zone;
        std::uint32_t ttl = 0;
        std::optional<base::Time> expires_at{};
    };
    // One more set. What would not fit into a message is left out, and logged.
    void add(const Kind& kind, std::uint16_t type, std::span<const base::Bytes> values);
    // The sets of another block, without those of `origin` and of hosts.
    void keep(const NameRecords& records, Origin origin);
    bool has(std::uint16_t type) const;

    // Null when there are no sets.
    NameRecords::Pointer build() const;

private:
    struct Set {
        SetHead head;
        base::Bytes wire;
    };
    std::vector<Set> sets_;
};

}  // namespace nameserver
