#include "base/task.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

#include <exception>

namespace base {

namespace {

// Hands the outcome of what ran on another thread to the caller's executor, which runs until then.
template <class Handler>
auto coming_home(Handler handler)
{
    auto home = asio::get_associated_executor(handler);
    return
        [handler = std::move(handler), home, kept = keep_running(home)](std::exception_ptr failure) mutable {
            auto resume = [handler = std::move(handler), failure = std::move(failure),
                           kept = std::move(kept)]() mutable { std::move(handler)(std::move(failure)); };
            asio::post(home, std::move(resume));
        };
}

}  // namespace

asio::awaitable<bool> core::in_time(std::chrono::steady_clock::duration limit,
                                    asio::awaitable<void> operation)
{
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    auto spawned = asio::co_spawn(executor, std::move(operation), asio::deferred);
    auto expired = timer.async_wait(asio::deferred);
    auto both = asio::experimental::make_parallel_group(std::move(spawned), std::move(expired));
    auto outcome = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    auto& [order, failure, timer_error] = outcome;
    if (failure && !timer_error) {
        co_return false;
    }
    if (failure) {
        std::rethrow_exception(failure);  // A bug, or our own cancellation.
    }
    co_return true;
}

asio::awaitable<void> core::on_pool(asio::thread_pool& pool, std::function<void()> work)
{
    auto start = [&pool](auto handler, std::function<void()> job) {
        auto run = [done = coming_home(std::move(handler)), job = std::move(job)]() mutable {
            std::exception_ptr failure;
            try {
                job();
            } catch (...) {
                failure = std::current_exception();
            }
            done(std::move(failure));
        };
        asio::post(pool, std::move(run));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        std::move(start), asio::use_awaitable, std::move(work));
}

asio::awaitable<void> core::elsewhere(asio::any_io_executor executor, asio::awaitable<void> task)
{
    auto start = [](auto handler, asio::any_io_executor there, asio::awaitable<void> work) {
        asio::co_spawn(there, std::move(work), coming_home(std::move(handler)));
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        std::move(start), asio::use_awaitable, std::move(executor), std::move(task));
}

asio::awaitable<void> sleep_for(std::chrono::steady_clock::duration duration)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, duration);
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace base
