#include "edge/tunnel.h"

#include <boost/asio/experimental/parallel_group.hpp>

namespace edge {

namespace {

constexpr std::size_t piece_size = 16 * 1024;

base::Task<> pump(net::Stream& from, net::Stream& to, std::chrono::milliseconds idle)
{
    const auto buffer = std::make_unique_for_overwrite<char[]>(piece_size);
    while (true) {
        CO_TRY(count, co_await from.read_some({buffer.get(), piece_size}));
        if (count == 0) {
            co_return base::Result<>();
        }
        const auto deadline = std::chrono::steady_clock::now() + idle;
        from.set_deadline(deadline);
        to.set_deadline(deadline);
        const std::span<const char> piece(buffer.get(), count);
        CO_CHECKED(co_await to.write(piece));
    }
}

}  // namespace

boost::asio::awaitable<void> tunnel(std::unique_ptr<net::Stream> a, std::unique_ptr<net::Stream> b,
                                    std::chrono::milliseconds idle)
{
    const auto deadline = std::chrono::steady_clock::now() + idle;
    a->set_deadline(deadline);
    b->set_deadline(deadline);
    auto executor = co_await boost::asio::this_coro::executor;
    auto there = boost::asio::co_spawn(executor, pump(*a, *b, idle), boost::asio::deferred);
    auto back = boost::asio::co_spawn(executor, pump(*b, *a, idle), boost::asio::deferred);
    auto both = boost::asio::experimental::make_parallel_group(std::move(there), std::move(back));
    co_await both.async_wait(boost::asio::experimental::wait_for_one(), boost::asio::use_awaitable);
    co_await a->shutdown();
    co_await b->shutdown();
}

}  // namespace edge
