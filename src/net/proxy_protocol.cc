#include "net/proxy_protocol.h"

#include "net/listener.h"
#include "net/socket.h"

#include <array>
#include <vector>

namespace net {

namespace {

namespace ip = asio::ip;

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t fixed_size = 16;         // of version 2
constexpr std::size_t longest_v1 = 107;        // with CRLF
constexpr std::size_t longest_v2 = 16 + 2048;  // with extensions, which are skipped
// Each version is at least as long, so that so much can be read before the version is known.
constexpr std::size_t common_size = 8;

base::Error bad(std::string_view why)
{
    return base::Error(base::Errc::invalid, "the PROXY protocol header is malformed: " + std::string(why))
        .with_code("bad_proxy_header");
}

unsigned octet(std::string_view data, std::size_t at)
{
    return static_cast<unsigned char>(data[at]);
}

std::uint16_t number(std::string_view data, std::size_t at)
{
    return static_cast<std::uint16_t>(octet(data, at) << 8 | octet(data, at + 1));
}

template <class Address>
Endpoint endpoint(std::string_view address, std::uint16_t port)
{
    typename Address::bytes_type octets;
    std::ranges::copy(address, octets.begin());
    return Endpoint(Address(octets), port);
}

base::Result<std::optional<ProxyHeader>> parse_v2(std::string_view data)
{
    if (data.size() < fixed_size) {
        return std::nullopt;
    }
    const auto command = octet(data, 12);
    const auto family = octet(data, 13);
    const std::size_t length = number(data, 14);
    if (command != 0x20 && command != 0x21) {
        return base::fail(bad("neither LOCAL nor PROXY of version 2"));
    }
    ProxyHeader header;
    header.size = fixed_size + length;
    if (header.size > longest_v2) {
        return base::fail(bad("it is too long"));
    }
    if (data.size() < header.size) {
        return std::nullopt;
    }
    const auto addresses = data.substr(fixed_size, length);
    constexpr unsigned tcp4 = 0x11;
    constexpr unsigned tcp6 = 0x21;
    if (command == 0x20 || (family != tcp4 && family != tcp6)) {
        return header;
    }
    if (addresses.size() < (family == tcp4 ? 12U : 36U)) {
        return base::fail(bad("its addresses are cut"));
    }
    header.client = family == tcp4 ? endpoint<ip::address_v4>(addresses.substr(0, 4), number(addresses, 8))
                                   : endpoint<ip::address_v6>(addresses.substr(0, 16), number(addresses, 32));
    return header;
}

std::vector<std::string_view> words_of(std::string_view line)
{
    std::vector<std::string_view> words;
    for (std::size_t begin = 0; begin <= line.size();) {
        const auto end = std::min(line.find(' ', begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        begin = end + 1;
    }
    return words;
}

base::Result<std::optional<ProxyHeader>> parse_v1(std::string_view data)
{
    const auto end = data.substr(0, longest_v1).find('\n');
    if (end == std::string_view::npos) {
        if (data.size() >= longest_v1) {
            return base::fail(bad("its line does not end"));
        }
        return std::nullopt;
    }
    if (data[end - 1] != '\r') {
        return base::fail(bad("its line does not end with CRLF"));
    }
    ProxyHeader header;
    header.size = end + 1;
    const auto words = words_of(data.substr(0, end - 1));
    if (words.size() >= 2 && words[1] == "UNKNOWN") {
        return header;
    }
    if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) {
        return base::fail(bad("it names neither TCP4, TCP6 nor UNKNOWN"));
    }
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(words[2]), error);
    const auto port = parse_port(words[4]);
    const bool scoped = words[2].contains('%');  // It would end up in X-Forwarded-For.
    if (error || scoped || !port || address.is_v4() != (words[1] == "TCP4")) {
        return base::fail(bad("its address or port cannot be read"));
    }
    header.client = Endpoint(address, *port);
    return header;
}

base::Task<> read_exactly(Socket& socket, std::string& data, std::size_t more)
{
    const auto begin = data.size();
    data.resize(begin + more);
    for (auto left = std::span(data).subspan(begin); !left.empty();) {
        const auto attempt = socket.receive(left);
        if (attempt.outcome == Attempt::Outcome::failed) {
            co_return base::fail(peer_error(attempt.error));
        }
        if (attempt.outcome == Attempt::Outcome::again) {
            CO_CHECKED(co_await socket.wait_readable());
            continue;
        }
        if (attempt.bytes == 0) {
            co_return base::fail(base::Errc::unavailable, "the peer ended within its PROXY protocol header");
        }
        left = left.subspan(attempt.bytes);
    }
    co_return base::Result<>();
}

// How many octets more the header has for sure.
std::size_t missing(std::string_view data)
{
    if (data.size() < common_size) {
        return common_size - data.size();
    }
    if (!data.starts_with(signature.substr(0, common_size))) {
        return 1;  // Version 1 ends where its line does.
    }
    const auto whole = data.size() < fixed_size ? fixed_size : fixed_size + number(data, 14);
    return whole - data.size();
}

base::Task<std::optional<Endpoint>> take(Socket& socket)
{
    std::string data;
    while (true) {
        CO_TRY(header, parse_proxy_header(data));
        if (header) {
            co_return std::move(header->client);
        }
        CO_CHECKED(co_await read_exactly(socket, data, missing(data)));
    }
}

}  // namespace

base::Result<std::optional<ProxyHeader>> parse_proxy_header(std::string_view data)
{
    if (data.size() < common_size) {
        return std::nullopt;
    }
    if (data.starts_with("PROXY ")) {
        return parse_v1(data);
    }
    const auto known = data.substr(0, signature.size());
    if (known != signature.substr(0, known.size())) {
        return base::fail(bad("it is missing"));
    }
    return parse_v2(data);
}

base::Task<std::optional<Endpoint>> take_proxy_header(asio::ip::tcp::socket& socket,
                                                      std::chrono::milliseconds limit)
{
    Socket reading(std::move(socket));
    reading.set_deadline(std::chrono::steady_clock::now() + limit);
    auto client = co_await take(reading);
    socket = reading.release();
    co_return client;
}

namespace {

void append_number(std::string& out, std::uint16_t value)
{
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value & 0xff);
}

void append_address(std::string& out, const ip::address& address, bool v4)
{
    if (v4) {
        const auto octets = address.to_v4().to_bytes();
        out.append(octets.begin(), octets.end());
    } else {
        const auto v6 =
            address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()) : address.to_v6();
        const auto octets = v6.to_bytes();
        out.append(octets.begin(), octets.end());
    }
}

}  // namespace

std::string proxy_header(const Endpoint& client, const Endpoint& local)
{
    constexpr char proxied = 0x21;
    const bool v4 = client.address().is_v4() && local.address().is_v4();
    std::string header(signature);
    header += proxied;
    header += v4 ? char{0x11} : char{0x21};  // TCP over IPv4, over IPv6
    append_number(header, v4 ? 12 : 36);
    append_address(header, client.address(), v4);
    append_address(header, local.address(), v4);
    append_number(header, client.port());
    append_number(header, local.port());
    return header;
}

std::string own_proxy_header()
{
    constexpr std::string_view local_without_addresses("\x20\0\0\0", 4);
    return std::string(signature) + std::string(local_without_addresses);
}

}  // namespace net
