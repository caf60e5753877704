#include "support/run.h"

namespace test {

namespace {

asio::awaitable<bool> with_value(asio::awaitable<void> task)
{
    co_await std::move(task);
    co_return true;
}

}  // namespace

void run(asio::io_context& loop, asio::awaitable<void> task, std::chrono::seconds limit)
{
    auto valued = with_value(std::move(task));
    static_cast<void>(run(loop, std::move(valued), limit));
}

}  // namespace test
