#include "soak/counted_store.h"

#include "base/counted.h"

namespace soak {

base::Task<> CountedStore::counted(base::Task<> work)
{
    const base::Counted waiting(waiting_);
    co_return co_await std::move(work);
}

base::Task<> CountedStore::run_write(Operation operation)
{
    return counted(store_.run_write(std::move(operation)));
}

base::Task<> CountedStore::run_read(Operation operation)
{
    return counted(store_.run_read(std::move(operation)));
}

void CountedStore::on_revision(std::function<void(std::int64_t)> listener)
{
    store_.on_revision(std::move(listener));
}

}  // namespace soak
