// What an issued certificate waits for before its order is done.
#pragma once

#include "base/task.h"
#include "model/records.h"

#include <chrono>
#include <string>
#include <vector>

namespace issuance {

// Who has it when the waiting is over.
struct Deployment {
    std::size_t edges = 0;          // that live; all of them have it
    std::vector<std::string> lost;  // names of those that are not waited for: not heard of, or in trouble
};

class DeploymentGate {
public:
    virtual ~DeploymentGate() = default;
    // Returns when every live edge of `group` (empty: of all groups) has applied `position`; timeout after
    // `limit`, naming those behind.
    virtual base::Task<Deployment> wait_until(std::string group, model::Position position,
                                              std::chrono::milliseconds limit) = 0;
};

}  // namespace issuance
