// One transaction of the store: a batch of operations that write, or one that reads. Internal to store/.
#pragma once

#include "base/result.h"
#include "store/job_queue.h"
#include "store/sql/connection.h"

#include <cstdint>
#include <span>
#include <vector>

namespace store {

struct BatchOutcome {
    std::vector<base::Result<>> results;  // of each operation, in order
    std::int64_t head = 0;                // the newest revision when the batch appended any, else 0
};

// Runs the operations in one transaction with a savepoint each, numbers their revisions and events, and
// commits. An error means that nothing was committed, unless the connection's health is `lost` and
// commit_sent is true: then it is unknown.
base::Result<BatchOutcome> run_batch(sql::Connection& db, std::span<Job> jobs, bool& commit_sent);

// Runs one operation on a snapshot and throws its transaction away.
base::Result<> run_read(sql::Connection& db, const Store::Operation& operation);

}  // namespace store
