// gather: several coroutines at once, all awaited.
#pragma once

#include "base/task.h"

#include <vector>

namespace base {

namespace core {

// Runs every task on the caller's executor, waits for all, then throws what the first of them threw.
asio::awaitable<void> all_of(std::vector<asio::awaitable<void>> tasks);

}  // namespace core

// Runs every task on the caller's executor and returns their results in order. A cancelled caller unwinds
// after all of them. REQUIRES: each is bounded by itself.
template <class T>
asio::awaitable<std::vector<Result<T>>> gather(std::vector<Task<T>> tasks)
{
    std::vector<std::optional<Result<T>>> kept(tasks.size());
    std::vector<asio::awaitable<void>> running;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        running.push_back(core::keep(std::move(tasks[i]), kept[i]));
    }
    co_await core::all_of(std::move(running));
    std::vector<Result<T>> results;
    for (auto& result : kept) {
        results.push_back(std::move(*result));
    }
    co_return results;
}

}  // namespace base
