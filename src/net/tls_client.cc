#include "net/tls.h"
#include "net/tls_errors.h"
#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <mutex>

namespace net {

namespace {

using Clock = std::chrono::steady_clock;
using SharedContext = std::shared_ptr<SSL_CTX>;

base::Error bad_trust(const std::string& file)
{
    return base::Error(base::Errc::invalid,
                       fmt::format("cannot read trusted certificates from {}: {}",
                                   file.empty() ? "the system" : file, take_openssl_error()))
        .with_code("trust_unreadable")
        .with_fix(file.empty() ? "install the package ca-certificates" : "give a PEM file with certificates");
}

base::Result<SharedContext> make_context(const std::string& trust_file)
{
    ERR_clear_error();
    SharedContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
        return base::fail(base::Errc::internal, "cannot set up TLS: " + take_openssl_error());
    }
    SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context.get(), 1);
    const int loaded = trust_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                          : SSL_CTX_load_verify_file(context.get(), trust_file.c_str());
    if (loaded != 1) {
        return base::fail(bad_trust(trust_file));
    }
    return context;
}

// Reading the trusted roots takes milliseconds, so contexts are kept, by file and its time of change. Safe
// from any thread.
class ClientContexts {
public:
    base::Result<SharedContext> get(const std::string& trust_file)
    {
        std::error_code unknown;
        std::filesystem::file_time_type changed{};
        if (!trust_file.empty()) {
            changed = std::filesystem::last_write_time(trust_file, unknown);
        }
        const std::lock_guard lock(mutex_);
        const auto known = contexts_.find(trust_file);
        if (known != contexts_.end() && known->second.changed == changed) {
            return known->second.context;
        }
        TRY(context, make_context(trust_file));
        contexts_[trust_file] = Entry{context, changed};
        return context;
    }

private:
    struct Entry {
        SharedContext context;
        std::filesystem::file_time_type changed;
    };
    std::mutex mutex_;
    std::map<std::string, Entry> contexts_;
};

bool expect_name(SSL* ssl, const std::string& name)
{
    boost::system::error_code not_address;
    asio::ip::make_address(name, not_address);
    if (!not_address) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name.c_str()) == 1;
}

bool send_server_name(SSL* ssl, const std::string& name)
{
    boost::system::error_code not_address;
    asio::ip::make_address(name, not_address);
    return !not_address || SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

bool offer_alpn(SSL* ssl, const std::vector<std::string>& names)
{
    std::string wire;
    for (const auto& name : names) {
        wire += static_cast<char>(static_cast<unsigned char>(name.size()));
        wire += name;
    }
    return wire.empty() || SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                                               static_cast<unsigned>(wire.size())) == 0;
}

base::Result<SslHandle> make_client(const TlsClientOptions& options)
{
    static ClientContexts contexts;
    TRY(context, contexts.get(options.verify ? options.trust_file : std::string()));
    SslHandle ssl(SSL_new(context.get()));
    if (!ssl || !send_server_name(ssl.get(), options.server_name) || !offer_alpn(ssl.get(), options.alpn)) {
        return base::fail(base::Errc::invalid, "cannot set up TLS: " + take_openssl_error());
    }
    if (options.verify) {
        SSL_set_verify(ssl.get(), SSL_VERIFY_PEER, nullptr);
        if (!expect_name(ssl.get(), options.server_name)) {
            return base::fail(base::Errc::invalid, "cannot set up TLS: " + take_openssl_error());
        }
    }
    SSL_set_connect_state(ssl.get());
    return ssl;
}

base::Task<asio::ip::tcp::socket> send_preamble(asio::ip::tcp::socket socket, std::string octets,
                                                Clock::time_point deadline)
{
    Socket sending(std::move(socket));
    sending.set_deadline(deadline);
    for (std::span<const char> left(octets); !left.empty();) {
        const auto attempt = sending.send(left);
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        left = left.subspan(attempt.bytes);
        if (attempt.outcome == Attempt::Outcome::again) {
            CO_CHECKED(co_await sending.wait_writable());
        }
    }
    co_return sending.release();
}

base::Error explain(base::Error error, SSL* ssl, const std::string& host)
{
    const auto verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        return base::Error(base::Errc::unavailable, fmt::format("the certificate of {} is not valid: {}",
                                                                host, X509_verify_cert_error_string(verdict)))
            .with_code("certificate_invalid")
            .with_fix(
                "renew the certificate of that server, or name the right server name and trusted roots");
    }
    return std::move(error).with_context(fmt::format("TLS with {}", host));
}

}  // namespace

base::Task<std::unique_ptr<Stream>> connect_tls(std::string host, std::uint16_t port,
                                                TlsClientOptions options, std::chrono::milliseconds limit)
{
    const auto deadline = Clock::now() + limit;
    if (options.server_name.empty()) {
        options.server_name = host;
    }
    CO_TRY(ssl, make_client(options));
    CO_TRY(connected, co_await connect_socket(host, port, limit, std::move(options.allowed), options.memory));
    auto socket = std::move(connected);
    if (!options.preamble.empty()) {
        CO_TRY(sent, co_await send_preamble(std::move(socket), options.preamble, deadline));
        socket = std::move(sent);
    }
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(ssl));
    stream->set_deadline(deadline);
    auto shaken = co_await stream->handshake();
    if (!shaken) {
        co_return base::fail(explain(std::move(shaken).error(), stream->native(), host));
    }
    auto& facts = stream->mutable_facts();
    const unsigned char* alpn = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(stream->native(), &alpn, &size);
    facts.alpn.assign(reinterpret_cast<const char*>(alpn), size);
    facts.server_name = std::move(options.server_name);
    stream->set_deadline(Clock::time_point::max());
    co_return std::move(stream);
}

}  // namespace net
