#include "http/uri.h"

#include <fmt/format.h>

#include <optional>

namespace http {

namespace {

std::optional<unsigned> hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<unsigned>(lower - 'a' + 10);
    }
    return std::nullopt;
}

std::optional<char> escaped(std::string_view text, std::size_t percent)
{
    if (percent + 2 >= text.size()) {
        return std::nullopt;
    }
    const auto high = hex_value(text[percent + 1]);
    const auto low = hex_value(text[percent + 2]);
    if (!high || !low) {
        return std::nullopt;
    }
    return static_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
}

std::string decode_query_part(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = text[i] == '%' ? escaped(text, i) : std::nullopt;
        if (octet) {
            out += *octet;
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

}  // namespace

std::string percent_encode(std::string_view text)
{
    constexpr std::string_view plain = "-._~";
    std::string out;
    for (const char c : text) {
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (alphanumeric || plain.contains(c)) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

base::Result<std::string> percent_decode(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto octet = escaped(text, i);
        if (!octet) {
            return base::fail(base::Errc::invalid, fmt::format("\"{}\" has a broken percent-encoding", text));
        }
        out += *octet;
        i += 2;
    }
    return out;
}

std::map<std::string, std::string> parse_query(std::string_view query)
{
    std::map<std::string, std::string> out;
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
        if (pair.empty()) {
            continue;
        }
        const auto equals = pair.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        out[decode_query_part(pair.substr(0, equals))] = decode_query_part(value);
    }
    return out;
}

}  // namespace http
