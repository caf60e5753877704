// Task<T>: a coroutine that may fail. Parameters of a coroutine are values, or references to objects that
// outlive it.
#pragma once

#include "base/result.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace base {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<Result<T>>;

// What the templates below share, compiled once: asio's templates are slow to compile for each type of
// result.
namespace core {

// Stores what `task` returns in `result`, which must outlive the task.
template <class Value>
asio::awaitable<void> keep(asio::awaitable<Value> task, std::optional<Value>& result)
{
    result.emplace(co_await std::move(task));
}

// Runs `operation`; false when `limit` ended first and `operation` has unwound.
asio::awaitable<bool> in_time(std::chrono::steady_clock::duration limit, asio::awaitable<void> operation);
// Runs `work` on `pool` and resumes the caller on its own executor; what `work` throws is thrown there.
asio::awaitable<void> on_pool(asio::thread_pool& pool, std::function<void()> work);
// Runs `task` on `executor` and resumes the caller on its own; what `task` throws is thrown there.
asio::awaitable<void> elsewhere(asio::any_io_executor executor, asio::awaitable<void> task);

}  // namespace core

// Runs `operation`; after `limit` cancels it, waits until it has unwound, and reports Errc::timeout.
template <class T>
Task<T> with_timeout(std::chrono::steady_clock::duration limit, Task<T> operation)
{
    std::optional<Result<T>> result;
    auto kept = core::keep(std::move(operation), result);
    const bool ended = co_await core::in_time(limit, std::move(kept));
    if (!ended) {
        co_return fail(Errc::timeout, "timed out");
    }
    co_return std::move(*result);
}

// Keeps the loop behind `executor` running while the result lives. It must come home with what it waits for:
// destroyed on another thread it could touch a loop that has ended meanwhile.
inline auto keep_running(const asio::any_io_executor& executor)
{
    return asio::prefer(executor, asio::execution::outstanding_work.tracked);
}

// Runs `function` on `pool` and resumes the caller on its own executor. For work that blocks: SQL, files, key
// generation. `function` always runs to its end: a cancelled caller unwinds after it. (A coroutine spawned on
// the pool would be told of the cancellation by another thread while it runs.)
template <class F>
asio::awaitable<std::invoke_result_t<F>> blocking(asio::thread_pool& pool, F function)
{
    std::optional<std::invoke_result_t<F>> value;
    auto work = [&function, &value] { value.emplace(function()); };
    co_await core::on_pool(pool, work);
    co_return std::move(*value);
}

// Runs `task` on another loop and resumes the caller on its own. Never await co_spawn on another executor
// instead: a cancelled caller would be resumed and gone while Boost 1.81 still tells the other loop about it.
// Here `task` always runs to its end, so it must be short or bounded; a cancelled caller unwinds after it.
template <class T>
asio::awaitable<T> run_on(asio::any_io_executor executor, asio::awaitable<T> task)
{
    if constexpr (std::is_void_v<T>) {
        co_await core::elsewhere(std::move(executor), std::move(task));
    } else {
        std::optional<T> value;
        auto kept = core::keep(std::move(task), value);
        co_await core::elsewhere(std::move(executor), std::move(kept));
        co_return std::move(*value);
    }
}

// Waits `duration` on the real clock of this executor. Cancellation unwinds it.
asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration);

}  // namespace base
