// Record sets of zones. As in store/tables.h they are only reachable inside a Transaction.
#pragma once

#include "model/record_set.h"
#include "store/tables.h"

#include <string>
#include <vector>

namespace store {

// Every change appends the revision that name servers follow: RevisionKind::records, whose key is the owner.
// What may stand beside what is not known here: zones/ checks it.
class RecordSets {
public:
    RecordSets(sql::Connection& db, Revisions& revisions) : db_(db), revisions_(revisions) {}

    // Adds the set, or replaces the one of its zone, name and type. False, and no revision, when it was there
    // just so. REQUIRES: at least one value.
    base::Result<bool> put(model::RecordSet set);
    // False when there was none.
    base::Result<bool> remove(const std::string& zone, const std::string& name, std::uint16_t type);
    // All sets at a name, by zone and type. Expired ones are there until expire() has removed them.
    base::Result<std::vector<model::RecordSet>> of_name(const std::string& name);
    // In canonical order of names (RFC 4034 6.1), then by type.
    base::Result<Page<model::RecordSet>> of_zone(const std::string& zone, const std::string& after,
                                                 std::size_t limit);
    base::Result<std::int64_t> count(const std::string& zone);
    // Removes up to `limit` sets that expired; how many.
    base::Result<std::size_t> expire(base::Time now, std::size_t limit);
    // Removes up to `limit` sets of a zone; how many. A zone may have more than one transaction should hold.
    base::Result<std::size_t> clear(const std::string& zone, std::size_t limit);

private:
    sql::Connection& db_;
    Revisions& revisions_;
};

}  // namespace store
