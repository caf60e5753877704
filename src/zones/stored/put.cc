#include "zones/stored/put.h"

#include "dns/resolver.h"
#include "zones/rules.h"

#include <fmt/format.h>

namespace zones {

namespace {

using base::Errc;
using base::Error;
using dns::RecordType;
using model::RecordSet;

// Names that an endpoint has: their addresses and proofs are the endpoint's.
base::Result<> check_endpoint(store::Transaction& tx, const model::Zone& zone, const RecordSet& set)
{
    const auto type = static_cast<RecordType>(set.type);
    const bool replaces = type == RecordType::a || type == RecordType::aaaa || type == RecordType::cname;
    const auto label = set.name.substr(0, set.name.find('.'));
    if (zone.kind == model::ZoneKind::fixed || !replaces || label + "." + zone.apex != set.name) {
        return {};
    }
    const auto endpoint = tx.endpoints.find_by_label(label);
    if (!endpoint) {
        return endpoint.error().kind() == Errc::not_found ? base::Result<>() : base::fail(endpoint.error());
    }
    return base::fail(Error(Errc::conflict, fmt::format("{} belongs to an endpoint", set.name))
                          .with_code("record_of_endpoint")
                          .with_fix("Choose another name; the endpoint's own records lead there."));
}

}  // namespace

base::Result<model::Zone> find_zone(store::Transaction& tx, const std::string& apex)
{
    auto zone = tx.groups.zone(apex);
    if (!zone && zone.error().kind() == Errc::not_found) {
        return base::fail(Error(Errc::not_found, fmt::format("there is no zone {}", apex))
                              .with_code("zone_not_found")
                              .with_fix("See `certwright zone list`, or add it: certwright zone add."));
    }
    return zone;
}

base::Result<bool> put_checked(store::Transaction& tx, RecordSet set)
{
    TRY(zone, find_zone(tx, set.zone));
    CHECKED(check_set(set));
    TRY(others, tx.records.of_name(set.name));
    CHECKED(check_beside(set, others));
    CHECKED(check_endpoint(tx, zone, set));
    return tx.records.put(std::move(set));
}

}  // namespace zones
