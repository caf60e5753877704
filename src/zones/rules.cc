#include "zones/rules.h"

#include "dns/rdata.h"
#include "model/domain_name.h"

#include <fmt/format.h>

#include <algorithm>

namespace zones {

namespace {

using base::Errc;
using base::Error;
using dns::RecordType;
using model::RecordSet;

RecordType type_of(const RecordSet& set)
{
    return static_cast<RecordType>(set.type);
}

Error invalid(const RecordSet& set, std::string_view why)
{
    return Error(Errc::invalid, fmt::format("{} {}: {}", set.name, dns::to_string(type_of(set)), why))
        .with_code("record_invalid");
}

Error conflict(const RecordSet& set, std::string_view why, std::string fix)
{
    return Error(Errc::conflict, fmt::format("{} {}: {}", set.name, dns::to_string(type_of(set)), why))
        .with_code("record_conflict")
        .with_fix(std::move(fix));
}

// Types that are no data, or data that somebody else makes.
std::string_view refused_type(RecordType type)
{
    const auto number = static_cast<std::uint16_t>(type);
    switch (type) {
        case RecordType::soa:
            return "the SOA comes from the zone itself";
        case RecordType::rrsig:
        case RecordType::nsec:
            return "signatures and proofs are not taken: zones are not signed here";
        case RecordType::dname:
            return "a DNAME cannot be answered here";
        case RecordType::opt:
            return "OPT is no data";
        default:
            return number == 0 || (number >= 128 && number <= 255) ? "the type is no data" : "";
    }
}

base::Result<> check_values(const RecordSet& set)
{
    if (set.values.empty() || set.values.size() > most_values) {
        return base::fail(invalid(set, fmt::format("takes 1 to {} values", most_values)));
    }
    std::size_t size = 0;
    for (const auto& value : set.values) {
        dns::Reader reader(value);
        static_cast<void>(dns::read_data(reader, type_of(set), value.size()));
        if (!reader.ok() || (value.empty() && dns::has_layout(type_of(set)))) {
            return base::fail(invalid(set, "a value is not data of that type"));
        }
        size += value.size() + 12;
    }
    return size <= largest_set ? base::Result<>()
                               : base::fail(invalid(set, "the values are too large for one answer"));
}

base::Result<> check_place(const RecordSet& set)
{
    const auto name = dns::Name::parse(set.name);
    const auto zone = dns::Name::parse(set.zone);
    if (!name || !zone || name->lower().text() != set.name) {
        return base::fail(invalid(set, "the name is not one"));
    }
    if (!name->is_within(*zone)) {
        return base::fail(Error(Errc::invalid, fmt::format("{} is not in the zone {}", set.name, set.zone))
                              .with_code("record_outside_zone")
                              .with_fix("Name the zone that it belongs to."));
    }
    const bool at_apex = set.name == set.zone;
    if (at_apex && type_of(set) == RecordType::ns) {
        return base::fail(conflict(set, "the name servers of a zone come from the zone itself",
                                   "Give the zone's name servers: certwright zone add, or zone import."));
    }
    if (at_apex && (type_of(set) == RecordType::cname || type_of(set) == RecordType::ds)) {
        return base::fail(conflict(set, "it cannot stand at the top of its zone",
                                   type_of(set) == RecordType::ds
                                       ? "Give it to whoever has the zone above."
                                       : "Use A and AAAA records; HTTPS records where clients know them."));
    }
    if (set.name.starts_with("*.") && type_of(set) == RecordType::ns) {
        return base::fail(invalid(set, "a wildcard cannot be delegated"));
    }
    return {};
}

}  // namespace

base::Result<> check_set(const RecordSet& set)
{
    CHECKED(check_place(set));
    if (const auto why = refused_type(type_of(set)); !why.empty()) {
        return base::fail(invalid(set, why));
    }
    if (set.ttl > longest_ttl) {
        return base::fail(invalid(set, "the TTL is longer than 2147483647 seconds"));
    }
    if (type_of(set) == RecordType::cname && set.values.size() > 1) {
        return base::fail(invalid(set, "a name can have only one CNAME"));
    }
    return check_values(set);
}

base::Result<> check_beside(const RecordSet& set, const std::vector<RecordSet>& others)
{
    for (const auto& other : others) {
        if (other.zone != set.zone || other.name != set.name || other.type == set.type) {
            continue;
        }
        const bool cname = type_of(set) == RecordType::cname;
        if (cname || type_of(other) == RecordType::cname) {
            return base::fail(conflict(set,
                                       fmt::format("beside a CNAME nothing else may stand, and there is {}",
                                                   dns::to_string(type_of(other))),
                                       fmt::format("Remove it first: certwright record remove {} {}",
                                                   set.name, dns::to_string(type_of(other)))));
        }
    }
    return {};
}

base::Result<std::string> canonical_name(std::string_view text)
{
    const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (!ascii) {
        auto name = model::DomainName::parse(text);
        return name ? base::Result<std::string>(name->text())
                    : base::fail(std::move(name).error().with_code("record_invalid"));
    }
    const auto name = dns::Name::parse(text);
    if (!name || name->is_root()) {
        return base::fail(Error(Errc::invalid, fmt::format("'{}' is not a DNS name", text.substr(0, 80)))
                              .with_code("record_invalid"));
    }
    return name->lower().text();
}

}  // namespace zones
