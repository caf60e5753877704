// Task<T>: a coroutine that may fail. Parameters of a coroutine are values, or references to objects that
// outlive it.
#pragma once

#include "base/result.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <optional>
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
    using Value = std::invoke_result_t<F>;
    auto start = [&pool](auto handler, F work) {
        auto home = asio::get_associated_executor(handler);
        auto run = [handler = std::move(handler), work = std::move(work), home,
                    kept = keep_running(home)]() mutable {
            std::exception_ptr failure;
            std::optional<Value> value;
            try {
                value.emplace(work());
            } catch (...) {
                failure = std::current_exception();
            }
            auto resume = [handler = std::move(handler), failure, value = std::move(value),
                           kept = std::move(kept)]() mutable {
                std::move(handler)(failure, std::move(value));
            };
            asio::post(home, std::move(resume));
        };
        asio::post(pool, std::move(run));
    };
    auto value = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                               void(std::exception_ptr, std::optional<Value>)>(
        std::move(start), asio::use_awaitable, std::move(function));
    co_return std::move(*value);
}

// Runs `task` on another loop and resumes the caller on its own. Never await co_spawn on another executor
// instead: a cancelled caller would be resumed and gone while Boost 1.81 still tells the other loop about it.
// Here `task` always runs to its end, so it must be short or bounded; a cancelled caller unwinds after it.
template <class T>
asio::awaitable<T> run_on(asio::any_io_executor executor, asio::awaitable<T> task)
{
    constexpr bool valued = !std::is_void_v<T>;
    using Value = std::conditional_t<valued, T, bool>;
    auto start = [](auto handler, asio::any_io_executor there, asio::awaitable<T> work) {
        auto home = asio::get_associated_executor(handler);
        auto done = [handler = std::move(handler), home, kept = keep_running(home)](
                        std::exception_ptr failure, auto... result) mutable {
            std::optional<Value> value;
            if (!failure) {
                value.emplace(Value(std::move(result)...));
            }
            auto resume = [handler = std::move(handler), failure, value = std::move(value),
                           kept = std::move(kept)]() mutable {
                std::move(handler)(failure, std::move(value));
            };
            asio::post(home, std::move(resume));
        };
        asio::co_spawn(there, std::move(work), std::move(done));
    };
    auto value = co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                               void(std::exception_ptr, std::optional<Value>)>(
        std::move(start), asio::use_awaitable, std::move(executor), std::move(task));
    if constexpr (valued) {
        co_return std::move(*value);
    }
}

// Waits `duration` on the real clock of this executor. Cancellation unwinds it.
inline asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace base
