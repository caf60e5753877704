// Drives a coroutine to its end on a loop of its own, so that a test reads as straight code.
#pragma once

#include "base/task.h"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace test {

namespace asio = boost::asio;

// Runs `task` on `loop` until it ends and returns its value. Throws when it takes longer than `limit`.
template <class T>
T run(asio::io_context& loop, asio::awaitable<T> task, std::chrono::seconds limit = std::chrono::seconds(20))
{
    std::optional<T> value;
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T result) {
        failure = error;
        value.emplace(std::move(result));
        ended = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + limit;
    loop.restart();
    while (!ended && std::chrono::steady_clock::now() < deadline) {
        if (loop.run_one_until(deadline) == 0) {
            loop.restart();
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (!ended) {
        throw std::runtime_error("the coroutine did not end in time");
    }
    return std::move(*value);
}

// The same for a coroutine without a value.
void run(asio::io_context& loop, asio::awaitable<void> task,
         std::chrono::seconds limit = std::chrono::seconds(20));

// The same on a loop made for this one call.
template <class T>
T run(asio::awaitable<T> task)
{
    asio::io_context loop(1);
    return run(loop, std::move(task));
}

}  // namespace test
