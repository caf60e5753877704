// Task<T>: a coroutine that may fail. Parameters of a coroutine are values, or references to objects that
// outlive it.
#pragma once

#include "base/result.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>

namespace base {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<Result<T>>;

// Runs `operation`; after `limit` cancels it, waits until it has unwound, and reports Errc::timeout.
template <class T>
Task<T> with_timeout(std::chrono::steady_clock::duration limit, Task<T> operation)
{
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    auto spawned = asio::co_spawn(executor, std::move(operation), asio::deferred);
    auto expired = timer.async_wait(asio::deferred);
    auto both = asio::experimental::make_parallel_group(std::move(spawned), std::move(expired));
    auto outcome = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    auto& [order, failure, result, timer_error] = outcome;
    if (failure && !timer_error) {
        co_return fail(Errc::timeout, "timed out");
    }
    if (failure) {
        std::rethrow_exception(failure);  // A bug, or our own cancellation.
    }
    co_return std::move(result);
}

// Runs `function` on `pool` and resumes the caller on its own executor. For work that blocks: SQL, files, key
// generation.
template <class F>
asio::awaitable<std::invoke_result_t<F>> blocking(asio::thread_pool& pool, F function)
{
    auto work = [](F f) -> asio::awaitable<std::invoke_result_t<F>> { co_return f(); };
    auto task = work(std::move(function));
    co_return co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);
}

// Waits `duration` on the real clock of this executor. Cancellation unwinds it.
inline asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace base
