// What people may do with zones and their records. The functions are coroutines on the caller's executor;
// `store` outlives them.
//
// Zones of the settings (platform, challenge) keep their SOA and name servers from there; records may be
// added to them. Only the operator adds, imports and removes zones; a tenant writes records into zones of its
// own.
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "endpoints/service.h"
#include "store/store.h"
#include "zones/zone_file.h"

#include <optional>
#include <string>
#include <vector>

namespace zones {

using endpoints::Caller;

struct NewZone {
    std::string apex;
    std::string tenant;                           // empty: the platform's own
    std::vector<model::NameServer> name_servers;  // empty: those of the platform
    std::string hostmaster;                       // a mailbox or a name; empty: hostmaster.<apex>
};

struct Summary {
    model::Zone zone;
    std::int64_t sets = 0;
    std::uint32_t serial = 0;
};

// The zone is there already, in just that way: created is false. zone_exists, zone_invalid.
struct Added {
    Summary summary;
    bool created = false;
};
base::Task<Added> add(store::Store& store, NewZone wanted);

// With all its records. zone_configured for those of the settings.
base::Task<> remove(store::Store& store, std::string apex);

base::Task<std::vector<model::Zone>> list(store::Store& store, Caller caller);
base::Task<Summary> get(store::Store& store, Caller caller, std::string apex);
// The zone, with the addresses that its own records give to its name servers: the glue that its parent needs.
base::Task<model::Zone> with_glue(store::Store& store, Caller caller, std::string apex);

struct Imported {
    model::Zone zone;
    bool zone_changed = false;  // its SOA or name servers
    Difference difference;
};
// Makes the records that people write those of the file, all at once; what clients of protocols wrote stays
// where the file has nothing. With `preview` nothing is changed.
base::Task<Imported> import_file(store::Store& store, std::string apex, std::string text, bool preview);

base::Task<std::string> export_file(store::Store& store, Caller caller, std::string apex);

struct Listing {
    std::string apex;
    std::string name;  // empty: all
    std::string after;
    std::size_t limit = 100;
};
base::Task<store::Page<model::RecordSet>> records(store::Store& store, Caller caller, Listing listing);

struct Put {
    model::RecordSet set;
    bool created = false;
    bool changed = false;
};
base::Task<Put> put(store::Store& store, Caller caller, model::RecordSet set);

// record_not_found.
base::Task<> remove_set(store::Store& store, Caller caller, model::RecordSet set);

// Removes sets that expired; how many. For a timer.
base::Task<std::size_t> remove_expired(store::Store& store, const base::Clock& clock);

}  // namespace zones
