// ClientHello: whatever comes as first flight, what is read from it is a name that can be looked up, or none.
// Once as it is, and once as the data of one extension of a hello that is well-formed.
#include "net/client_hello.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string number(std::size_t value, int octets)
{
    std::string out;
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(value >> shift & 0xFF);
    }
    return out;
}

// `data` behind its own length.
std::string vector(std::string_view data, int octets)
{
    return number(data.size(), octets) + std::string(data);
}

// A hello of TLS 1.2 or 1.3 with that extension and the usual ones (RFC 8446 4.1.2).
std::string hello_with(unsigned type, std::string_view data)
{
    std::string extensions = number(type, 2) + vector(data, 2);
    if (type != TLSEXT_TYPE_signature_algorithms) {
        extensions += number(TLSEXT_TYPE_signature_algorithms, 2) + vector(vector("\x04\x03\x08\x04", 2), 2);
    }
    const std::string suites("\x13\x01\xC0\x2B", 4);
    const auto body = "\x03\x03" + std::string(32, 'r') + vector("", 1) + vector(suites, 2) +
                      vector(std::string_view("\0", 1), 1) + vector(extensions, 2);
    const auto message = "\x01" + vector(body, 3);
    return "\x16\x03\x01" + vector(message, 2);
}

void check(const net::ClientHello& hello)
{
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    const auto& name = hello.server_name;
    const bool bad = name.size() > 253 || name.starts_with('.') || name.ends_with("..") ||
                     name.contains("..") || !std::ranges::all_of(name, good) ||
                     std::ranges::any_of(hello.alpn, [](const auto& each) { return each.empty(); });
    if (bad) {
        std::abort();
    }
}

int on_hello(SSL* ssl, int* alert, void*)
{
    if (const auto hello = net::read_client_hello(ssl)) {
        check(*hello);
    }
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;  // No certificate is wanted: the handshake ends here.
}

SSL_CTX* make_context()
{
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_client_hello_cb(context, on_hello, nullptr);
    return context;
}

void first_flight(std::string_view octets)
{
    static SSL_CTX* const context = make_context();
    SSL* ssl = SSL_new(context);
    BIO* in = BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size()));
    BIO_set_mem_eof_return(in, 0);
    SSL_set_bio(ssl, in, BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl);
    ERR_clear_error();
    SSL_do_handshake(ssl);
    SSL_free(ssl);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    if (octets.empty() || octets.size() > 16'000) {
        return 0;
    }
    first_flight(octets);
    constexpr std::array<unsigned, 4> types{TLSEXT_TYPE_server_name,
                                            TLSEXT_TYPE_application_layer_protocol_negotiation,
                                            TLSEXT_TYPE_signature_algorithms, TLSEXT_TYPE_supported_versions};
    first_flight(hello_with(types[data[0] % types.size()], octets.substr(1)));
    return 0;
}
