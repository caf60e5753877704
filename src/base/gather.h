// gather: several coroutines at once, all awaited.
#pragma once

#include "base/task.h"

#include <vector>

namespace base {

// Runs every task on the caller's executor and returns their results in order. A cancelled caller unwinds
// after all of them. REQUIRES: each is bounded by itself.
template <class T>
asio::awaitable<std::vector<Result<T>>> gather(std::vector<Task<T>> tasks)
{
    const auto executor = co_await asio::this_coro::executor;
    using Operation = decltype(asio::co_spawn(executor, std::move(tasks.front()), asio::deferred));
    std::vector<Operation> operations;
    operations.reserve(tasks.size());
    for (auto& task : tasks) {
        operations.push_back(asio::co_spawn(executor, std::move(task), asio::deferred));
    }
    if (operations.empty()) {
        co_return std::vector<Result<T>>();
    }
    auto all = asio::experimental::make_parallel_group(std::move(operations));
    auto outcome = co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    auto& [order, failures, results] = outcome;
    for (const auto& failure : failures) {
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
    co_return std::move(results);
}

}  // namespace base
