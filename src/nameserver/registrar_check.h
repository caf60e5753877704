// What must exist at the registrar, or at whoever runs the parent zone, before anybody finds our name server;
// and whether it does. Printed at the first start, and by `certwright status` and `certwright doctor`.
#pragma once

#include "base/task.h"
#include "dns/resolver.h"
#include "model/endpoint.h"
#include "model/records.h"

#include <string>
#include <vector>

namespace nameserver {

// One record set at the parent: the delegation, or the glue of a name server within the zone.
struct DelegationRecord {
    std::string name;                   // absolute, no final dot
    dns::RecordType type{};             // ns, a or aaaa
    std::vector<std::string> expected;  // sorted
    std::vector<std::string> found;     // sorted
    model::RecordStatus status = model::RecordStatus::unknown;
    std::string why;  // of unknown, or what is wrong
};

struct DelegationReport {
    std::vector<DelegationRecord> records;
    bool ok() const;       // every record is as expected
    bool unknown() const;  // at least one could not be looked up, none is wrong
};

// What to create for `zone`, everything unknown yet. The challenge zone needs none when it lies in a zone of
// ours.
DelegationReport wanted_at_registrar(const model::Zone& zone);

// Asks a server of the parent zone, found through `resolver`, what it refers to: only there a name server
// that is missing from the delegation shows. Where no server of the parent can be asked (a network without
// port 53 to the outside), looks the records up as everybody else sees them. Cannot fail: what could not be
// found out is `unknown` and says why.
boost::asio::awaitable<DelegationReport> check_registrar(model::Zone zone, dns::Resolver& resolver,
                                                         std::uint16_t port = 53);

// A table for people: name, type, value to create, found, and whether that is right.
std::string to_table(const DelegationReport& report);

}  // namespace nameserver
