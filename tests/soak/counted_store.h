// A store that knows how many of its callers still wait, so that a simulation can tell when nothing is on its
// way.
#pragma once

#include "store/store.h"

namespace soak {

// Runs on the executor of its callers: no locks. The store outlives it.
class CountedStore final : public store::Store {
public:
    explicit CountedStore(store::Store& store) : store_(store) {}

    base::Task<> run_write(Operation operation) override;
    base::Task<> run_read(Operation operation) override;
    void on_revision(std::function<void(std::int64_t)> listener) override;

    std::size_t waiting() const { return waiting_; }

private:
    base::Task<> counted(base::Task<> work);

    store::Store& store_;
    std::size_t waiting_ = 0;
};

}  // namespace soak
