// Drives a coroutine to its end on a loop of its own, so that a test reads as straight code.
#pragma once

#include "base/task.h"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace test {

namespace asio = boost::asio;

namespace detail {

template <class T>
asio::awaitable<void> keep(asio::awaitable<T> task, std::optional<T>& value)
{
    value.emplace(co_await std::move(task));
}

}  // namespace detail

// Runs `task` on `loop` until it ends. Throws what it throws, and when it takes longer than `limit`.
void run(asio::io_context& loop, asio::awaitable<void> task,
         std::chrono::seconds limit = std::chrono::seconds(20));

// The same for a coroutine with a value.
template <class T>
T run(asio::io_context& loop, asio::awaitable<T> task, std::chrono::seconds limit = std::chrono::seconds(20))
{
    std::optional<T> value;
    run(loop, detail::keep(std::move(task), value), limit);
    return std::move(*value);
}

// The same on a loop made for this one call.
template <class T>
T run(asio::awaitable<T> task)
{
    asio::io_context loop(1);
    return run(loop, std::move(task));
}

}  // namespace test
