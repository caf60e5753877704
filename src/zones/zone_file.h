// A zone from a master file, and back.
#pragma once

#include "model/record_set.h"
#include "model/records.h"

#include <string>
#include <string_view>
#include <vector>

namespace zones {

// A zone and all that is in it.
struct Content {
    model::Zone zone;
    std::vector<model::RecordSet> sets;  // in canonical order, then by type
};

// Reads the records of `zone`; its SOA and the NS records of its apex replace what the zone says of them.
// Names are relative to the apex at first. zone_file_invalid: with the lines and what is wrong there, several
// at once.
base::Result<Content> read_zone_file(model::Zone zone, std::string_view text);

// The SOA with `serial`, the NS records, and the sets, as a master file.
std::string write_zone_head(const model::Zone& zone, std::uint32_t serial);
std::string write_set(const model::RecordSet& set);

// What would have to be done to one list of sets to become another. Both in any order.
struct Difference {
    struct Change {
        model::RecordSet before;
        model::RecordSet after;
    };
    std::vector<model::RecordSet> added;
    std::vector<model::RecordSet> removed;
    std::vector<Change> changed;

    bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};
Difference difference(const std::vector<model::RecordSet>& before,
                      const std::vector<model::RecordSet>& after);

}  // namespace zones
