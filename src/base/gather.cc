#include "base/gather.h"

#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>

namespace base {

asio::awaitable<void> core::all_of(std::vector<asio::awaitable<void>> tasks)
{
    if (tasks.empty()) {
        co_return;
    }
    const auto executor = co_await asio::this_coro::executor;
    using Operation = decltype(asio::co_spawn(executor, std::move(tasks.front()), asio::deferred));
    std::vector<Operation> operations;
    operations.reserve(tasks.size());
    for (auto& task : tasks) {
        operations.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    }
    auto all = asio::experimental::make_parallel_group(std::move(operations));
    auto outcome = co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    const auto& [order, failures] = outcome;
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

}  // namespace base
