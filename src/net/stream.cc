#include "net/stream.h"

#include "net/socket.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace net {

namespace {

class PlainStream final : public Stream {
public:
    explicit PlainStream(asio::ip::tcp::socket socket) : socket_(std::move(socket))
    {
        facts_.client = socket_.remote();
        facts_.local = socket_.local();
    }

    base::Result<std::optional<std::size_t>> read_now(std::span<char> buffer) override;
    base::Task<> readable() override { return socket_.wait_readable(); }
    using Stream::write_now;
    base::Result<bool> write_now(Pieces pieces) override;
    base::Task<> flush() override;
    void set_deadline(std::chrono::steady_clock::time_point when) override { socket_.set_deadline(when); }
    asio::awaitable<void> shutdown() override;
    void close() override { socket_.close(); }
    bool is_idle() override { return kept_.empty() && socket_.quiet(); }
    bool peer_ended() override { return socket_.peer_ended(); }
    const ConnectionFacts& facts() const override { return facts_; }
    asio::any_io_executor executor() override { return socket_.executor(); }

private:
    Socket socket_;
    ConnectionFacts facts_;
    std::string kept_;      // of a write that did not fit
    std::size_t sent_ = 0;  // of kept_
};

base::Result<std::optional<std::size_t>> PlainStream::read_now(std::span<char> buffer)
{
    const auto attempt = socket_.receive(buffer);
    if (attempt.outcome == Attempt::Outcome::failed) {
        return base::fail(peer_error(attempt.error));
    }
    return attempt.outcome == Attempt::Outcome::done ? std::optional(attempt.bytes) : std::nullopt;
}

base::Result<bool> PlainStream::write_now(Pieces pieces)
{
    std::array<iovec, most_pieces> parts;
    std::size_t count = 0;
    for (const auto& piece : pieces.first(std::min(pieces.size(), most_pieces))) {
        if (!piece.empty()) {
            parts[count++] = iovec{const_cast<char*>(piece.data()), piece.size()};
        }
    }
    if (count == 0) {
        return kept_.empty();
    }
    const auto attempt = socket_.send(parts.data(), count);
    if (attempt.outcome == Attempt::Outcome::failed) {
        return base::fail(peer_error(attempt.error));
    }
    std::size_t gone = attempt.outcome == Attempt::Outcome::done ? attempt.bytes : 0;
    for (const auto& part : std::span(parts).first(count)) {
        const auto here = std::min(gone, part.iov_len);
        kept_.append(static_cast<const char*>(part.iov_base) + here, part.iov_len - here);
        gone -= here;
    }
    return kept_.empty();
}

base::Task<> PlainStream::flush()
{
    while (sent_ < kept_.size()) {
        const auto attempt = socket_.send(std::span(kept_).subspan(sent_));
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        sent_ += attempt.bytes;
        if (attempt.outcome == Attempt::Outcome::again) {
            CO_CHECKED(co_await socket_.wait_writable());
        }
    }
    sent_ = 0;
    kept_ = std::string();
    co_return base::Result<>();
}

asio::awaitable<void> PlainStream::shutdown()
{
    socket_.set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(2));
    const auto flushed = co_await flush();
    if (flushed) {
        socket_.end_sending();
        co_await socket_.drain();
    }
    socket_.close();
}

}  // namespace

base::Task<std::size_t> Stream::read_some(std::span<char> buffer)
{
    for (;;) {
        CO_TRY(count, read_now(buffer));
        if (count) {
            co_return *count;
        }
        CO_CHECKED(co_await readable());
    }
}

base::Task<> Stream::write(std::span<const char> data)
{
    while (!data.empty()) {
        const auto piece = data.first(std::min(data.size(), most_at_once));
        data = data.subspan(piece.size());
        CO_TRY(gone, write_now(piece));
        if (!gone) {
            CO_CHECKED(co_await flush());
        }
    }
    co_return base::Result<>();
}

base::Task<> Stream::write(std::vector<std::span<const char>> pieces)
{
    std::vector<std::span<const char>> together;
    std::size_t octets = 0;
    for (std::size_t next = 0; next < pieces.size();) {
        const auto part = pieces[next].first(std::min(pieces[next].size(), most_at_once - octets));
        together.push_back(part);
        octets += part.size();
        pieces[next] = pieces[next].subspan(part.size());
        next += pieces[next].empty() ? 1 : 0;
        if (octets == most_at_once || together.size() == most_pieces || next == pieces.size()) {
            CO_TRY(gone, write_now(Pieces(together)));
            if (!gone) {
                CO_CHECKED(co_await flush());
            }
            together.clear();
            octets = 0;
        }
    }
    co_return base::Result<>();
}

std::unique_ptr<Stream> make_stream(asio::ip::tcp::socket socket)
{
    return std::make_unique<PlainStream>(std::move(socket));
}

base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit, AddressPolicy allowed)
{
    CO_TRY(socket, co_await connect_socket(std::move(host), port, limit, std::move(allowed)));
    co_return make_stream(std::move(socket));
}

base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit, AddressPolicy allowed,
                                            AddressMemory& memory)
{
    CO_TRY(socket, co_await connect_socket(std::move(host), port, limit, std::move(allowed), &memory));
    co_return make_stream(std::move(socket));
}

base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit)
{
    CO_TRY(socket, co_await connect_socket(std::move(host), port, limit, AddressPolicy()));
    co_return make_stream(std::move(socket));
}

}  // namespace net
