// RecordSet: the DNS records of one type at one name of a zone, whoever wrote them.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// Names are canonical: absolute, lower case, no final dot, escaped as in master files (RFC 1035 5.1), as
// dns::Name::text() writes them.
struct RecordSet {
    std::string zone;  // the apex of the zone that it belongs to
    std::string name;  // the owner; may begin with "*."
    std::uint16_t type = 0;
    std::uint32_t ttl = 3'600;        // seconds
    std::vector<base::Bytes> values;  // data as it travels, names in it not compressed; at least one
    std::optional<base::Time> expires_at{};
    // Empty: written by people. Else the client of a protocol that wrote it, "<protocol>:<who>", such as
    // "update:<key name>".
    std::string source{};

    bool written_by_people() const { return source.empty(); }
    bool operator==(const RecordSet&) const = default;
};

// Sorted and each once (RFC 2181 5): sets with the same values are equal.
void canonicalise(RecordSet& set);

// Octets whose order is the canonical order of names (RFC 4034 6.1). `name` is canonical.
base::Bytes canonical_place(std::string_view name);

}  // namespace model
