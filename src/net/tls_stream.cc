#include "net/tls_stream.h"

#include "net/tls_errors.h"

#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace net {

namespace {

constexpr std::size_t record_size = 16 * 1024;
constexpr std::size_t outbox_size = 4 * (record_size + 256);
// More than a write and what OpenSSL says in between: the peer makes us answer (key updates, renegotiation)
// and does not read.
constexpr std::size_t most_unread = 4 * outbox_size;

base::Error not_reading()
{
    return base::Error(base::Errc::unavailable, "the peer does not read our TLS records")
        .with_code("peer_not_reading");
}

// Outboxes of streams that have nothing to send, kept by the thread so that idle connections hold no memory.
class SpareOutboxes {
public:
    std::string take()
    {
        if (spare_.empty()) {
            return {};
        }
        auto out = std::move(spare_.back());
        spare_.pop_back();
        return out;
    }
    void give(std::string outbox)
    {
        if (spare_.size() < 16 && outbox.capacity() <= 2 * outbox_size) {
            outbox.clear();
            spare_.push_back(std::move(outbox));
        }
    }

private:
    std::vector<std::string> spare_;
};

thread_local SpareOutboxes spare_outboxes;

}  // namespace

// The BIO between OpenSSL and a TlsStream.
struct SocketBio {
    static TlsStream& stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int read(BIO* bio, char* buffer, std::size_t size, std::size_t* got)
    {
        BIO_clear_retry_flags(bio);
        auto& self = stream(bio);
        self.last_ = self.socket_.receive(std::span(buffer, size));
        *got = self.last_.bytes;
        if (self.last_.outcome == Attempt::Outcome::again) {
            BIO_set_retry_read(bio);
        }
        return self.last_.outcome == Attempt::Outcome::done && self.last_.bytes > 0 ? 1 : 0;
    }
    static int write(BIO* bio, const char* data, std::size_t size, std::size_t* taken)
    {
        BIO_clear_retry_flags(bio);
        auto& self = stream(bio);
        if (self.outbox_.empty() && self.outbox_.capacity() < record_size) {
            self.outbox_ = spare_outboxes.take();
        }
        self.outbox_.append(data, size);
        *taken = size;
        return 1;
    }
    static long control(BIO* bio, int command, long, void*)
    {
        switch (command) {
            case BIO_CTRL_FLUSH:
                return 1;
            case BIO_CTRL_EOF: {
                const auto& last = stream(bio).last_;
                return last.outcome == Attempt::Outcome::done && last.bytes == 0 ? 1 : 0;
            }
            default:
                return 0;
        }
    }
    static BIO_METHOD* make_method()
    {
        BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "certwright socket");
        BIO_meth_set_read_ex(method, read);
        BIO_meth_set_write_ex(method, write);
        BIO_meth_set_ctrl(method, control);
        return method;
    }
    static BIO* make(TlsStream* owner)
    {
        static BIO_METHOD* const method = make_method();
        BIO* bio = BIO_new(method);
        BIO_set_data(bio, owner);
        BIO_set_init(bio, 1);
        return bio;
    }
};

TlsStream::TlsStream(asio::ip::tcp::socket socket, SslHandle ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl))
{
    BIO* bio = SocketBio::make(this);
    SSL_set_bio(ssl_.get(), bio, bio);
    facts_.client = socket_.remote();
    facts_.local = socket_.local();
    facts_.tls = true;
}

TlsStream::~TlsStream()
{
    spare_outboxes.give(std::move(outbox_));
}

base::Error TlsStream::read_error(int ssl_error) const
{
    if (last_.outcome == Attempt::Outcome::failed) {
        return peer_error(last_.error);
    }
    if (ssl_error == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        return peer_error(EPIPE);
    }
    return take_tls_error(SSL_is_server(ssl_.get()) == 1);
}

base::Task<TlsStream::Step> TlsStream::handshake()
{
    for (;;) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        const int reason = SSL_get_error(ssl_.get(), result);
        if (result == 1) {
            handshaken_ = true;
            break;
        }
        if (reason == SSL_ERROR_WANT_X509_LOOKUP) {
            co_return Step::load_identity;
        }
        if (reason != SSL_ERROR_WANT_READ) {
            auto error = read_error(reason);
            static_cast<void>(co_await flush());  // The alert, if it still gets through.
            co_return base::fail(std::move(error));
        }
        CO_CHECKED(co_await flush());
        CO_CHECKED(co_await socket_.wait_readable());
    }
    // Session tickets of TLS 1.3 wait for the first answer; the end of older handshakes must not.
    if (SSL_version(ssl_.get()) != TLS1_3_VERSION || SSL_is_server(ssl_.get()) == 0) {
        CO_CHECKED(co_await flush());
    }
    co_return Step::done;
}

asio::awaitable<void> TlsStream::refuse(std::uint8_t alert)
{
    const std::array<unsigned char, 7> record{21, 3, 3, 0, 2, 2, alert};
    outbox_.append(record.begin(), record.end());
    static_cast<void>(co_await flush());
}

base::Result<std::optional<std::size_t>> TlsStream::read_now(std::span<char> buffer)
{
    if (socket_.drained() && SSL_has_pending(ssl_.get()) == 0) {
        return std::nullopt;
    }
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
    if (result == 1) {
        CHECKED(check_unread());
        return got;
    }
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason == SSL_ERROR_ZERO_RETURN) {
        return std::size_t{0};
    }
    if (reason != SSL_ERROR_WANT_READ) {
        return base::fail(read_error(reason));
    }
    return std::nullopt;
}

// Also where there is always something to read: answers must not pile up.
base::Result<> TlsStream::check_unread()
{
    if (outbox_.size() > most_unread) {
        CHECKED(send_outbox());
    }
    return outbox_.size() > most_unread ? base::fail(not_reading()) : base::Result<>();
}

base::Task<> TlsStream::readable()
{
    return outbox_.empty() ? socket_.wait_readable() : answer_then_wait();
}

// Reading has made OpenSSL answer: key updates, tickets.
base::Task<> TlsStream::answer_then_wait()
{
    CO_TRY(empty, send_outbox());
    // What a writer waits to send is the writer's: a peer that reads only after it has sent all must not
    // hold up reading.
    if (!empty && flushing_ == 0) {
        CO_CHECKED(co_await flush());
    } else if (outbox_.size() > most_unread) {
        co_return base::fail(not_reading());
    }
    co_return co_await socket_.wait_readable();
}

base::Result<void> TlsStream::encrypt(std::span<const char> data)
{
    ERR_clear_error();
    std::size_t taken = 0;
    if (SSL_write_ex(ssl_.get(), data.data(), data.size(), &taken) != 1) {
        return base::fail(base::Errc::unavailable, "TLS failed: " + take_openssl_error());
    }
    return {};
}

base::Result<bool> TlsStream::send_outbox()
{
    while (sent_ < outbox_.size()) {
        const auto attempt = socket_.send(std::span(outbox_).subspan(sent_));
        if (attempt.outcome == Attempt::Outcome::failed) {
            return base::fail(peer_error(attempt.error));
        }
        if (attempt.outcome == Attempt::Outcome::again) {
            return false;
        }
        sent_ += attempt.bytes;
    }
    sent_ = 0;
    spare_outboxes.give(std::exchange(outbox_, std::string()));
    return true;
}

base::Task<> TlsStream::flush()
{
    struct Flushing {
        int& count;
        explicit Flushing(int& all) : count(++all) {}
        ~Flushing() { --count; }
    };
    const Flushing flushing(flushing_);
    for (;;) {
        CO_TRY(empty, send_outbox());
        if (empty) {
            co_return base::Result<>();
        }
        CO_CHECKED(co_await socket_.wait_writable());
    }
}

// In full records, whatever the pieces are.
base::Result<bool> TlsStream::write_now(Pieces pieces)
{
    thread_local std::array<char, record_size> joined;
    std::size_t at = 0;
    for (auto piece : pieces) {
        while (!piece.empty()) {
            const bool whole_records = at == 0 && (pieces.size() == 1 || piece.size() >= record_size);
            if (whole_records) {
                const auto records =
                    pieces.size() == 1 ? piece.size() : piece.size() - piece.size() % record_size;
                CHECKED(encrypt(piece.first(records)));
                piece = piece.subspan(records);
                continue;
            }
            const auto part = std::min(piece.size(), record_size - at);
            std::memcpy(joined.data() + at, piece.data(), part);
            at += part;
            piece = piece.subspan(part);
            if (at == record_size) {
                CHECKED(encrypt(joined));
                at = 0;
            }
        }
    }
    if (at > 0) {
        CHECKED(encrypt(std::span(joined).first(at)));
    }
    return send_outbox();
}

asio::awaitable<void> TlsStream::shutdown()
{
    socket_.set_deadline(std::chrono::steady_clock::now() + std::chrono::seconds(2));
    if (handshaken_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
    }
    const auto flushed = co_await flush();
    if (flushed) {
        socket_.end_sending();
        co_await socket_.drain();
    }
    socket_.close();
}

bool TlsStream::is_idle()
{
    if (SSL_pending(ssl_.get()) > 0 || !outbox_.empty()) {
        return false;
    }
    if (socket_.quiet() && SSL_has_pending(ssl_.get()) == 0) {
        return true;
    }
    // Session tickets arrive unasked; reading them is not data.
    return peek() == SSL_ERROR_WANT_READ;
}

bool TlsStream::peer_ended()
{
    if (SSL_has_pending(ssl_.get()) == 0 && socket_.quiet()) {
        return false;
    }
    const int reason = peek();
    return reason != SSL_ERROR_NONE && reason != SSL_ERROR_WANT_READ;
}

// Takes in what has arrived; SSL_ERROR_NONE when there is data to read.
int TlsStream::peek()
{
    socket_.expect_data();
    char byte = 0;
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
    return result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
}

}  // namespace net
