#include "support/run.h"

#include <exception>
#include <stdexcept>

namespace test {

void run(asio::io_context& loop, asio::awaitable<void> task, std::chrono::seconds limit)
{
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error) {
        failure = error;
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
}

}  // namespace test
