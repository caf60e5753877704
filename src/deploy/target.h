// Target: a place that certificates are delivered to.
#pragma once

#include "base/task.h"
#include "deploy/item.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace deploy {

using Items = std::shared_ptr<const std::vector<Item>>;

// Calls come one after the other, from one worker. Every call is idempotent and bounded; one that failed is
// made again.
class Target {
public:
    virtual ~Target() = default;

    virtual std::string name() const = 0;
    // Brings the endpoints of `items` to what those say; an item without bundles is taken away.
    virtual base::Task<> put(Items items) = 0;
    // Between these two, put() names every endpoint that there is: what was not named goes at the end.
    virtual base::Task<> begin_all() = 0;
    virtual base::Task<> end_all() = 0;
    // True when it may have lost what it was given, so that everything must be put again.
    virtual base::Task<bool> lost() { co_return false; }
    // How long after a put() changes are gathered before the next.
    virtual std::chrono::milliseconds rest() const { return std::chrono::milliseconds(0); }
};

}  // namespace deploy
