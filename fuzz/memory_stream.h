// A connection whose client is a string: it is read in pieces of one size, then ends; what is written is
// kept.
#pragma once

#include "net/stream.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace fuzz {

class MemoryStream final : public net::Stream {
public:
    MemoryStream(boost::asio::any_io_executor executor, std::string_view input, std::size_t piece)
        : executor_(std::move(executor)), input_(input), piece_(piece)
    {
    }

    base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) override
    {
        if (closed_) {
            return base::fail(base::Errc::unavailable, "closed");
        }
        if (!std::exchange(turned_, false)) {
            return std::nullopt;
        }
        const auto count = std::min({buffer.size(), input_.size(), piece_});
        std::memcpy(buffer.data(), input_.data(), count);
        input_.remove_prefix(count);
        return count;
    }
    // A turn of the loop, so that what runs beside the reader does.
    base::Task<> readable() override
    {
        co_await boost::asio::post(executor_, boost::asio::use_awaitable);
        turned_ = true;
        co_return base::Result<>();
    }
    using net::Stream::write_now;
    base::Result<bool> write_now(Pieces pieces) override
    {
        for (const auto& each : pieces) {
            written_ += each.size();
        }
        return true;
    }
    base::Task<> flush() override { co_return base::Result<>(); }
    void set_deadline(std::chrono::steady_clock::time_point) override {}
    boost::asio::awaitable<void> shutdown() override
    {
        closed_ = true;
        co_return;
    }
    void close() override { closed_ = true; }
    bool is_idle() override { return !closed_ && input_.empty(); }
    bool peer_ended() override { return closed_; }
    const net::ConnectionFacts& facts() const override { return facts_; }
    boost::asio::any_io_executor executor() override { return executor_; }

private:
    boost::asio::any_io_executor executor_;
    std::string_view input_;
    std::size_t piece_;
    std::size_t written_ = 0;
    bool turned_ = false;
    bool closed_ = false;
    net::ConnectionFacts facts_;
};

}  // namespace fuzz
