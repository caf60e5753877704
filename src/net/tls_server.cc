#include "net/client_hello.h"
#include "net/tls.h"
#include "net/tls_identity.h"
#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace net {

namespace {

using Clock = std::chrono::steady_clock;

using BioHandle = std::unique_ptr<BIO, Freed<BIO_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;

constexpr std::uint8_t alert_internal_error = 80;
constexpr std::uint8_t alert_unrecognized_name = 112;
constexpr std::uint8_t alert_no_application_protocol = 120;

// What the callbacks of one handshake share with the coroutine that drives it.
struct Handshake {
    IdentitySource* source = nullptr;
    ClientHello hello;
    IdentitySource::Verdict verdict = IdentitySource::Verdict::refuse;
    std::shared_ptr<const TlsIdentity> identity;
    bool answers_acme = false;
    bool malformed = false;
    bool chosen = false;
};

Handshake& handshake_of(SSL* ssl)
{
    return *static_cast<Handshake*>(SSL_get_app_data(ssl));
}

int on_client_hello(SSL* ssl, int* alert, void*)
{
    auto& state = handshake_of(ssl);
    if (state.chosen) {
        return SSL_CLIENT_HELLO_SUCCESS;  // The second hello after a HelloRetryRequest.
    }
    auto hello = read_client_hello(ssl);
    if (!hello) {
        state.malformed = true;
        *alert = SSL_AD_DECODE_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    hello->client = state.hello.client;
    hello->local = state.hello.local;
    state.hello = std::move(*hello);
    state.hello.acme =
        state.answers_acme && state.hello.alpn.size() == 1 && state.hello.alpn.front() == acme_protocol;
    if (state.hello.acme) {
        SSL_set_num_tickets(ssl, 0);  // Nobody comes back to what is closed at once.
    }
    auto choice = state.source->choose(state.hello);
    state.chosen = true;
    state.verdict = choice.verdict;
    state.identity = std::move(choice.identity);
    if (state.verdict == IdentitySource::Verdict::refuse) {
        *alert = state.hello.acme ? SSL_AD_NO_APPLICATION_PROTOCOL : SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

// -1 suspends the handshake: SSL_ERROR_WANT_X509_LOOKUP.
int on_certificate(SSL* ssl, void*)
{
    auto& state = handshake_of(ssl);
    if (!state.identity) {
        return state.verdict == IdentitySource::Verdict::wait ? -1 : 0;
    }
    return use_identity(ssl, *state.identity) ? 1 : 0;
}

// Without this callback OpenSSL would not confirm the name to the client (RFC 6066 3).
int on_server_name(SSL*, int*, void*)
{
    return SSL_TLSEXT_ERR_OK;
}

// `ours` is the policy's list in wire form; the server's order wins (RFC 7301 3.2).
int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
            unsigned offered_size, void* ours)
{
    if (handshake_of(ssl).hello.acme) {
        *out = reinterpret_cast<const unsigned char*>(acme_protocol.data());
        *size = static_cast<unsigned char>(acme_protocol.size());
        return SSL_TLSEXT_ERR_OK;
    }
    const auto& wire = *static_cast<const std::string*>(ours);
    unsigned char* selected = nullptr;
    const int result =
        SSL_select_next_proto(&selected, size, reinterpret_cast<const unsigned char*>(wire.data()),
                              static_cast<unsigned>(wire.size()), offered, offered_size);
    *out = selected;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::Error openssl_failure(std::string_view what)
{
    return base::Error(base::Errc::internal,
                       fmt::format("cannot set up TLS ({}): {}", what, take_openssl_error()));
}

class OpensslServer final : public TlsServer {
public:
    OpensslServer(SslContextHandle context, std::string alpn, bool acme)
        : context_(std::move(context)), alpn_(std::move(alpn)), acme_(acme)
    {
        SSL_CTX_set_alpn_select_cb(context_.get(), on_alpn, &alpn_);
    }

    base::Task<std::unique_ptr<Stream>> accept(asio::ip::tcp::socket socket, IdentitySource& source,
                                               std::chrono::milliseconds limit,
                                               std::optional<Endpoint> client) override;

private:
    SslContextHandle context_;
    std::string alpn_;
    const bool acme_;
};

base::Error explain(base::Error error, const Handshake& state)
{
    if (state.malformed) {
        return base::Error(base::Errc::invalid, "the client sent a malformed server name or protocol list")
            .with_code("bad_client_hello");
    }
    if (state.hello.acme && state.verdict == IdentitySource::Verdict::refuse) {
        return base::Error(base::Errc::not_found,
                           fmt::format("no challenge of {} is to be answered here", state.hello.server_name))
            .with_code("no_challenge");
    }
    if (state.chosen && state.verdict == IdentitySource::Verdict::refuse) {
        const auto name = state.hello.server_name.empty() ? "no name" : state.hello.server_name;
        return base::Error(base::Errc::not_found,
                           fmt::format("the client asked for {}, which is not served here", name))
            .with_code("unrecognized_name");
    }
    if (error.kind() == base::Errc::timeout) {
        return base::Error(base::Errc::timeout, "the client did not finish the TLS handshake in time")
            .with_code("handshake_timeout");
    }
    return std::move(error).with_context("TLS handshake");
}

base::Task<> load_identity(TlsStream& stream, Handshake& state)
{
    if (state.identity || state.verdict != IdentitySource::Verdict::wait) {
        co_return base::fail(base::Errc::internal, "the handshake asked for a certificate twice");
    }
    const auto left = stream.socket().deadline() - Clock::now();
    auto loading = state.source->load(state.hello);
    auto loaded = co_await base::with_timeout(left, std::move(loading));
    if (!loaded) {
        co_await stream.refuse(alert_internal_error);
        co_return base::fail(std::move(loaded).error().with_context("loading the certificate"));
    }
    if (!*loaded) {
        state.verdict = IdentitySource::Verdict::refuse;
        co_await stream.refuse(state.hello.acme ? alert_no_application_protocol : alert_unrecognized_name);
        co_return base::fail(base::Errc::not_found, "no certificate");
    }
    state.identity = std::move(*loaded);
    co_return base::Result<>();
}

base::Task<> shake_hands(TlsStream& stream, Handshake& state)
{
    for (;;) {
        CO_TRY(step, co_await stream.handshake());
        if (step == TlsStream::Step::done) {
            co_return base::Result<>();
        }
        CO_CHECKED(co_await load_identity(stream, state));
    }
}

std::string negotiated_alpn(const SSL* ssl)
{
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return std::string(reinterpret_cast<const char*>(name), size);
}

// SAN DNS, else nothing: a name that cannot be read is none.
std::string client_name_of(const SSL* ssl)
{
    const X509Handle certificate(SSL_get1_peer_certificate(ssl));
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK) {
        return {};
    }
    const GeneralNames names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
    const auto* first =
        sk_GENERAL_NAME_num(names.get()) > 0 ? sk_GENERAL_NAME_value(names.get(), 0) : nullptr;
    if (first == nullptr || first->type != GEN_DNS) {
        return {};
    }
    const auto* text = first->d.dNSName;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

base::Task<std::unique_ptr<Stream>> OpensslServer::accept(asio::ip::tcp::socket socket,
                                                          IdentitySource& source,
                                                          std::chrono::milliseconds limit,
                                                          std::optional<Endpoint> client)
{
    SslHandle ssl(SSL_new(context_.get()));
    if (!ssl) {
        co_return base::fail(openssl_failure("connection"));
    }
    SSL_set_accept_state(ssl.get());
    auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(ssl));
    stream->set_deadline(Clock::now() + limit);
    Handshake state;
    state.source = &source;
    state.answers_acme = acme_;
    state.hello.client = client.value_or(stream->facts().client);
    state.hello.local = stream->facts().local;
    SSL_set_app_data(stream->native(), &state);
    auto shaken = co_await shake_hands(*stream, state);
    SSL_set_app_data(stream->native(), nullptr);
    if (!shaken) {
        co_return base::fail(explain(std::move(shaken).error(), state));
    }
    auto& facts = stream->mutable_facts();
    facts.server_name = std::move(state.hello.server_name);
    facts.alpn = negotiated_alpn(stream->native());
    facts.client_name = client_name_of(stream->native());
    if (state.identity) {
        facts.identity = state.identity->name();
    }
    stream->set_deadline(Clock::time_point::max());
    co_return std::move(stream);
}

constexpr const char* tls12_suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* tls13_suites =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

bool set_algorithms(SSL_CTX* context, const TlsPolicy& policy)
{
    std::array<int, 2> groups{NID_X25519, NID_X9_62_prime256v1};
    return SSL_CTX_set_min_proto_version(context, policy.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, tls12_suites) == 1 &&
           SSL_CTX_set_ciphersuites(context, tls13_suites) == 1 &&
           SSL_CTX_set1_groups(context, groups.data(), groups.size()) == 1;
}

void set_behaviour(SSL_CTX* context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    // Sessions live in tickets, not in memory; one for each handshake is what clients use up.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
    SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
}

// Clients may show a certificate of this root and of no other; sessions would outlive what it says.
bool ask_for_certificates(SSL_CTX* context, const std::string& root_pem)
{
    const BioHandle pem(BIO_new_mem_buf(root_pem.data(), static_cast<int>(root_pem.size())));
    const X509Handle root(pem ? PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!root || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1 ||
        SSL_CTX_add_client_CA(context, root.get()) != 1) {
        return false;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    return true;
}

base::Result<std::string> alpn_wire(const std::vector<std::string>& names)
{
    std::string wire;
    for (const auto& name : names) {
        if (name.empty() || name.size() > 255) {
            return base::fail(base::Errc::invalid, "an ALPN name must have 1 to 255 octets");
        }
        wire += static_cast<char>(static_cast<unsigned char>(name.size()));
        wire += name;
    }
    return wire;
}

}  // namespace

base::Result<std::unique_ptr<TlsServer>> TlsServer::create(TlsPolicy policy)
{
    ERR_clear_error();
    TRY(alpn, alpn_wire(policy.alpn));
    SslContextHandle context(SSL_CTX_new(TLS_server_method()));
    if (!context || !set_algorithms(context.get(), policy)) {
        return base::fail(openssl_failure("algorithms"));
    }
    set_behaviour(context.get());
    if (!policy.client_root.empty() && !ask_for_certificates(context.get(), policy.client_root)) {
        return base::fail(openssl_failure("the root of client certificates"));
    }
    if (!policy.ticket_keys.empty() &&
        SSL_CTX_set_tlsext_ticket_keys(context.get(), policy.ticket_keys.data(),
                                       static_cast<long>(policy.ticket_keys.size())) != 1) {
        return base::fail(openssl_failure("ticket keys must have 80 octets"));
    }
    return std::make_unique<OpensslServer>(std::move(context), std::move(alpn), policy.acme);
}

}  // namespace net
