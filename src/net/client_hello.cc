#include "net/client_hello.h"

#include "base/ascii.h"
#include "base/bytes.h"

namespace net {

namespace {

using View = std::span<const unsigned char>;

// Takes big-endian numbers and vectors off the front; anything after a failure fails too.
class Reader {
public:
    explicit Reader(View data) : left_(data) {}

    std::optional<unsigned> number(std::size_t octets)
    {
        if (left_.size() < octets) {
            return std::nullopt;
        }
        unsigned value = 0;
        for (std::size_t i = 0; i < octets; ++i) {
            value = value << 8 | left_[i];
        }
        left_ = left_.subspan(octets);
        return value;
    }
    std::optional<View> vector(std::size_t length_octets)
    {
        const auto length = number(length_octets);
        if (!length || *length > left_.size()) {
            return std::nullopt;
        }
        const auto out = left_.first(*length);
        left_ = left_.subspan(*length);
        return out;
    }
    bool at_end() const { return left_.empty(); }

private:
    View left_;
};

std::optional<View> extension(SSL* ssl, unsigned type)
{
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, type, &data, &size) != 1) {
        return std::nullopt;
    }
    return View(data, size);
}

bool is_name_octet(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// The one host_name of the extension, in lower case and without a final dot.
std::optional<std::string> read_server_name(View extension_data)
{
    constexpr unsigned host_name = 0;
    Reader outer(extension_data);
    const auto list = outer.vector(2);
    if (!list || !outer.at_end()) {
        return std::nullopt;
    }
    Reader entry(*list);
    const auto type = entry.number(1);
    const auto octets = entry.vector(2);
    if (type != host_name || !octets || !entry.at_end()) {
        return std::nullopt;
    }
    std::string name = base::to_lower(base::as_text(*octets));
    if (name.ends_with('.')) {
        name.pop_back();
    }
    const bool good = !name.empty() && name.size() <= 253 && name.front() != '.' && !name.contains("..");
    if (!good || !std::all_of(name.begin(), name.end(), is_name_octet)) {
        return std::nullopt;
    }
    return name;
}

std::optional<std::vector<std::string>> read_alpn(View extension_data)
{
    Reader outer(extension_data);
    const auto list = outer.vector(2);
    if (!list || list->empty() || !outer.at_end()) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (Reader entries(*list); !entries.at_end();) {
        const auto name = entries.vector(1);
        if (!name || name->empty()) {
            return std::nullopt;
        }
        names.emplace_back(name->begin(), name->end());
    }
    return names;
}

bool lists_number(View extension_data, std::size_t length_octets, std::initializer_list<unsigned> wanted)
{
    Reader outer(extension_data);
    const auto list = outer.vector(length_octets);
    if (!list) {
        return false;
    }
    Reader numbers(*list);
    while (auto number = numbers.number(2)) {
        if (std::find(wanted.begin(), wanted.end(), *number) != wanted.end()) {
            return true;
        }
    }
    return false;
}

using Numbers = std::initializer_list<unsigned>;

// Those of our own cipher suites for TLS 1.2 that sign with such a key.
constexpr Numbers ecdsa_suites{0xC02B, 0xC02C, 0xCCA9};
constexpr Numbers rsa_suites{0xC02F, 0xC030, 0xCCA8};
// ecdsa_secp256r1_sha256; rsa_pss_rsae_*; and for TLS 1.2 rsa_pkcs1_* too (RFC 8446 4.2.3).
constexpr Numbers ecdsa_algorithms{0x0403};
constexpr Numbers pss_algorithms{0x0804, 0x0805, 0x0806};
constexpr Numbers rsa_algorithms{0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601};

bool offers_suite(SSL* ssl, Numbers wanted)
{
    const unsigned char* suites = nullptr;
    const std::size_t size = SSL_client_hello_get0_ciphers(ssl, &suites);
    for (std::size_t i = 0; i + 1 < size; i += 2) {
        const unsigned suite = static_cast<unsigned>(suites[i]) << 8 | suites[i + 1];
        if (std::find(wanted.begin(), wanted.end(), suite) != wanted.end()) {
            return true;
        }
    }
    return false;
}

// TLS 1.3 separates signatures from cipher suites; TLS 1.2 needs both.
void read_key_types(SSL* ssl, ClientHello& hello)
{
    constexpr unsigned tls13 = 0x0304;
    const auto algorithms = extension(ssl, TLSEXT_TYPE_signature_algorithms);
    const auto versions = extension(ssl, TLSEXT_TYPE_supported_versions);
    const bool new_enough = versions && lists_number(*versions, 1, {tls13});
    const auto lists = [&](Numbers wanted) { return algorithms && lists_number(*algorithms, 2, wanted); };
    hello.ecdsa = lists(ecdsa_algorithms) && (new_enough || offers_suite(ssl, ecdsa_suites));
    // A client of TLS 1.2 that lists no algorithms takes RSA (RFC 5246 7.4.1.4.1).
    hello.rsa = (new_enough && lists(pss_algorithms)) ||
                ((!algorithms || lists(rsa_algorithms)) && offers_suite(ssl, rsa_suites));
}

}  // namespace

std::optional<ClientHello> read_client_hello(SSL* ssl)
{
    ClientHello hello;
    if (const auto data = extension(ssl, TLSEXT_TYPE_server_name)) {
        auto name = read_server_name(*data);
        if (!name) {
            return std::nullopt;
        }
        hello.server_name = std::move(*name);
    }
    if (const auto data = extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation)) {
        auto names = read_alpn(*data);
        if (!names) {
            return std::nullopt;
        }
        hello.alpn = std::move(*names);
    }
    read_key_types(ssl, hello);
    return hello;
}

}  // namespace net
