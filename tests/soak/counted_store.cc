#include "soak/counted_store.h"

namespace soak {

namespace {

class Waiting {
public:
    explicit Waiting(std::size_t& count) : count_(count) { ++count_; }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() { --count_; }

private:
    std::size_t& count_;
};

}  // namespace

base::Task<> CountedStore::counted(base::Task<> work)
{
    const Waiting waiting(waiting_);
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
