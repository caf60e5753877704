// What an issued certificate waits for before its order is done.
#pragma once

#include "base/task.h"
#include "model/records.h"

#include <chrono>
#include <string>

namespace issuance {

class DeploymentGate {
public:
    virtual ~DeploymentGate() = default;
    // Returns when every live edge of `group` has applied `position`; timeout after `limit`, naming those
    // behind.
    virtual base::Task<> wait_until(std::string group, model::Position position,
                                    std::chrono::milliseconds limit) = 0;
};

}  // namespace issuance
