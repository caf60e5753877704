#include "http/prefixed_stream.h"

#include <algorithm>
#include <cstring>

namespace http {

namespace {

class PrefixedStream final : public net::Stream {
public:
    PrefixedStream(std::string prefix, std::unique_ptr<net::Stream> stream)
        : prefix_(std::move(prefix)), stream_(std::move(stream))
    {
    }

    base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) override
    {
        if (used_ == prefix_.size()) {
            return stream_->read_now(buffer);
        }
        const auto count = std::min(buffer.size(), prefix_.size() - used_);
        std::memcpy(buffer.data(), prefix_.data() + used_, count);
        used_ += count;
        return count;
    }
    base::Task<> readable() override { return stream_->readable(); }
    using net::Stream::write_now;
    base::Result<bool> write_now(Pieces pieces) override { return stream_->write_now(pieces); }
    base::Task<> flush() override { return stream_->flush(); }
    void set_deadline(std::chrono::steady_clock::time_point when) override { stream_->set_deadline(when); }
    boost::asio::awaitable<void> shutdown() override { return stream_->shutdown(); }
    void close() override { stream_->close(); }
    bool is_idle() override { return used_ == prefix_.size() && stream_->is_idle(); }
    bool peer_ended() override { return used_ == prefix_.size() && stream_->peer_ended(); }
    const net::ConnectionFacts& facts() const override { return stream_->facts(); }
    boost::asio::any_io_executor executor() override { return stream_->executor(); }

private:
    std::string prefix_;
    std::size_t used_ = 0;
    std::unique_ptr<net::Stream> stream_;
};

}  // namespace

std::unique_ptr<net::Stream> with_prefix(std::string prefix, std::unique_ptr<net::Stream> stream)
{
    if (prefix.empty()) {
        return stream;
    }
    return std::make_unique<PrefixedStream>(std::move(prefix), std::move(stream));
}

}  // namespace http
