// TLS over sockets with certificates chosen during the handshake. No OpenSSL type shows here.
//
// asio::ssl::stream cannot suspend in the certificate callback and costs about 74 KB a connection, so this is
// our own.
#pragma once

#include "base/bytes.h"
#include "net/stream.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace net {

// A parsed certificate chain and its key, ready to be served. Immutable; shared between loops and
// connections.
class TlsIdentity {
public:
    virtual ~TlsIdentity() = default;
    virtual const std::string& name()
        const = 0;                           // e.g. the certificate's id; shows in ConnectionFacts::identity
    virtual std::size_t memory() const = 0;  // estimated bytes, for size-bounded caches
};
// `issuers`: DER of the chain after the leaf.
base::Result<std::shared_ptr<const TlsIdentity>> make_identity(std::string name, base::ByteView leaf_der,
                                                               const std::vector<base::Bytes>& issuers,
                                                               base::ByteView key_pkcs8);

// The only protocol that a CA offers when it validates TLS-ALPN-01 (RFC 8737 3); visitors never do.
inline constexpr std::string_view acme_protocol = "acme-tls/1";

struct ClientHello {
    std::string server_name;  // lower case, no final dot; empty when absent
    std::vector<std::string> alpn;
    bool ecdsa = true;  // the client verifies ECDSA P-256 signatures
    bool rsa = true;    // the client verifies RSA signatures
    bool acme = false;  // it offers acme_protocol alone, and the policy answers that
    Endpoint client;
    Endpoint local;
};

// Chooses what a listener serves. Called on the connection's loop; one instance a loop.
class IdentitySource {
public:
    virtual ~IdentitySource() = default;

    enum class Verdict { ready, wait, refuse };  // refuse: alert unrecognized_name
    struct Choice {
        Verdict verdict = Verdict::refuse;
        std::shared_ptr<const TlsIdentity> identity;  // when ready
    };
    // From memory only: must not block and not suspend.
    virtual Choice choose(const ClientHello& hello) = 0;
    // When choose() said `wait`: loads it while the handshake is suspended. Null: refuse after all. Bounded
    // by the caller.
    virtual base::Task<std::shared_ptr<const TlsIdentity>> load(ClientHello hello) = 0;
};

struct TlsPolicy {
    std::vector<std::string> alpn{"http/1.1"};  // in the server's order of preference
    bool tls12 = true;
    // A client that offers acme_protocol alone gets that protocol, and the source chooses knowing it
    // (ClientHello::acme). What it gets is for the handshake only: close the connection then.
    bool acme = false;
    // PEM of the root of client certificates: a client may show one, and one that does not lead there ends
    // the handshake. Sessions are then not resumed. Empty: none is asked for.
    std::string client_root;
    base::Bytes
        ticket_keys;  // 80 octets shared by loops and edges, so that sessions resume anywhere; empty: random
};

// One SSL_CTX for a policy, shared by every connection of a loop.
class TlsServer {
public:
    static base::Result<std::unique_ptr<TlsServer>> create(TlsPolicy policy);
    virtual ~TlsServer() = default;
    // Performs the handshake on an accepted socket. REQUIRES: `source` outlives the call. Errors say what the
    // client did. `client`: who it is behind a load balancer; none: the socket's peer.
    virtual base::Task<std::unique_ptr<Stream>> accept(asio::ip::tcp::socket socket, IdentitySource& source,
                                                       std::chrono::milliseconds limit,
                                                       std::optional<Endpoint> client = std::nullopt) = 0;
};

class AddressMemory;

struct TlsClientOptions {
    std::string server_name;  // SNI and what the certificate must cover
    std::string trust_file;   // PEM; empty: the system's roots
    bool verify = true;
    std::vector<std::string> alpn;
    AddressPolicy allowed;            // see connect()
    AddressMemory* memory = nullptr;  // see AddressMemory; outlives the call
    std::string preamble;             // octets that go before the handshake: the PROXY protocol
};
// The addresses of `host` as connect() tries them; then the handshake, within the same limit. Errors of the
// handshake: unavailable with code tls_failed, or certificate_invalid and the reason.
base::Task<std::unique_ptr<Stream>> connect_tls(std::string host, std::uint16_t port,
                                                TlsClientOptions options, std::chrono::milliseconds limit);

}  // namespace net
