#include "net/stream.h"

#include "net/socket.h"

#include <sys/uio.h>

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

    base::Task<std::size_t> read_some(std::span<char> buffer) override;
    base::Task<> write(std::span<const char> data) override;
    base::Task<> write(std::vector<std::span<const char>> pieces) override;
    void set_deadline(std::chrono::steady_clock::time_point when) override { socket_.set_deadline(when); }
    asio::awaitable<void> shutdown() override;
    void close() override { socket_.close(); }
    bool is_idle() override { return socket_.quiet(); }
    const ConnectionFacts& facts() const override { return facts_; }
    asio::any_io_executor executor() override { return socket_.executor(); }

private:
    Socket socket_;
    ConnectionFacts facts_;
};

base::Task<std::size_t> PlainStream::read_some(std::span<char> buffer)
{
    for (;;) {
        const auto attempt = socket_.receive(buffer);
        if (attempt.outcome == Attempt::Outcome::done) {
            co_return attempt.bytes;
        }
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        CO_CHECKED(co_await socket_.wait_readable());
    }
}

base::Task<> PlainStream::write(std::span<const char> data)
{
    while (!data.empty()) {
        const auto attempt = socket_.send(data);
        if (attempt.outcome == Attempt::Outcome::done) {
            data = data.subspan(attempt.bytes);
            continue;
        }
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        CO_CHECKED(co_await socket_.wait_writable());
    }
    co_return base::Result<>();
}

// Takes `bytes` off the front of the pieces from `first` on; returns the new first.
std::size_t advance(std::vector<iovec>& pieces, std::size_t first, std::size_t bytes)
{
    while (first < pieces.size() && bytes >= pieces[first].iov_len) {
        bytes -= pieces[first].iov_len;
        ++first;
    }
    if (first < pieces.size()) {
        pieces[first].iov_base = static_cast<char*>(pieces[first].iov_base) + bytes;
        pieces[first].iov_len -= bytes;
    }
    return first;
}

base::Task<> PlainStream::write(std::vector<std::span<const char>> pieces)
{
    constexpr std::size_t most_at_once = 64;
    std::vector<iovec> left;
    left.reserve(pieces.size());
    for (const auto& piece : pieces) {
        if (!piece.empty()) {
            left.push_back(iovec{const_cast<char*>(piece.data()), piece.size()});
        }
    }
    for (std::size_t first = 0; first < left.size();) {
        const auto attempt = socket_.send(&left[first], std::min(left.size() - first, most_at_once));
        if (attempt.outcome == Attempt::Outcome::done) {
            first = advance(left, first, attempt.bytes);
            continue;
        }
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        CO_CHECKED(co_await socket_.wait_writable());
    }
    co_return base::Result<>();
}

asio::awaitable<void> PlainStream::shutdown()
{
    socket_.set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(2));
    socket_.end_sending();
    co_await socket_.drain();
    socket_.close();
}

}  // namespace

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
