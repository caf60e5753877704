#include "net/tls_errors.h"

#include "net/openssl_handles.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

namespace net {

namespace {

base::Error failure(std::string message, std::string code)
{
    return base::Error(base::Errc::unavailable, std::move(message)).with_code(std::move(code));
}

// OpenSSL numbers an alert that the peer sent as 1000 + its value (RFC 8446 6.2).
constexpr int alert_base = 1000;

}  // namespace

base::Error take_tls_error(bool server)
{
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const std::string_view peer = server ? "the client" : "the server";
    const auto text = take_openssl_error();
    switch (reason) {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return failure(fmt::format("{} closed the connection without ending TLS", peer), "peer_gone");
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
            return failure(fmt::format("{} sent plain HTTP to a TLS port", peer), "plain_http")
                .with_fix("use https:// with this port");
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
            return failure(fmt::format("{} offers no TLS version that is allowed here (1.2 and 1.3)", peer),
                           "tls_version");
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return failure(fmt::format("{} offers no cipher suite that fits the certificate", peer),
                           "tls_cipher");
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_SHARED_GROUPS:
            return failure(fmt::format("{} offers neither X25519 nor P-256", peer), "tls_group");
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return failure(fmt::format("{} offers no application protocol that is spoken here", peer),
                           "tls_alpn");
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_RECORD_LENGTH_MISMATCH:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
            return failure(fmt::format("{} sent something that is not TLS ({})", peer, text), "not_tls");
        default:
            break;
    }
    if (reason >= alert_base && reason < alert_base + 256) {
        return failure(fmt::format("{} refused TLS: {}", peer, text), "peer_alert");
    }
    return failure(fmt::format("TLS with {} failed: {}", peer, text), "tls_failed");
}

}  // namespace net
