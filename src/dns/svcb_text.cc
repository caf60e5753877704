#include "dns/svcb_text.h"

#include "dns/wire.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <vector>

namespace dns {

namespace {

namespace ip = boost::asio::ip;

enum SvcKey : std::uint16_t { mandatory, alpn, no_default_alpn, port, ipv4hint, ech, ipv6hint };

constexpr std::string_view key_names[] = {"mandatory", "alpn", "no-default-alpn", "port",
                                          "ipv4hint",  "ech",  "ipv6hint"};

std::optional<std::uint16_t> key_from(std::string_view text)
{
    if (const auto known = std::ranges::find(key_names, text); known != std::end(key_names)) {
        return static_cast<std::uint16_t>(known - std::begin(key_names));
    }
    std::uint16_t number = 0;
    if (!text.starts_with("key") || text.size() == 3) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text.data() + 3, text.data() + text.size(), number);
    const bool good = error == std::errc() && end == text.data() + text.size() && number != 65'535;
    return good ? std::optional(number) : std::nullopt;
}

std::string key_text(std::uint16_t key)
{
    return key < std::size(key_names) ? std::string(key_names[key]) : fmt::format("key{}", key);
}

void append_u16(base::Bytes& out, std::size_t value)
{
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

// The octets of a text with \X and \DDD.
std::optional<std::string> plain(std::string_view text)
{
    std::string made;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '\\') {
            made += text[at];
            continue;
        }
        unsigned octet = 0;
        const auto digits = text.substr(at + 1, 3);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet);
        if (error == std::errc() && end == digits.data() + 3 && octet <= 255) {
            made += static_cast<char>(octet);
            at += 3;
        } else if (at + 1 < text.size() && (text[at + 1] < '0' || text[at + 1] > '9')) {
            made += text[++at];
        } else {
            return std::nullopt;
        }
    }
    return made;
}

// Parts between commas; \, and \\ within a part (RFC 9460 appendix A.1). None may be empty.
std::optional<std::vector<std::string>> parts_of(std::string_view text)
{
    std::vector<std::string> parts(1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == ',') {
            parts.emplace_back();
        } else {
            at += text[at] == '\\' && at + 1 < text.size() ? 1 : 0;
            parts.back() += text[at];
        }
    }
    return std::ranges::any_of(parts, &std::string::empty) ? std::nullopt : std::optional(std::move(parts));
}

bool put_part(base::Bytes& out, std::uint16_t key, const std::string& part)
{
    boost::system::error_code failure;
    switch (key) {
        case mandatory: {
            const auto other = key_from(part);
            if (other && *other != mandatory) {
                append_u16(out, *other);
            }
            return other && *other != mandatory;
        }
        case alpn:
            out.push_back(static_cast<std::uint8_t>(part.size()));
            out.insert(out.end(), part.begin(), part.end());
            return part.size() <= 255;
        case ipv4hint: {
            const auto octets = ip::make_address_v4(part, failure).to_bytes();
            out.insert(out.end(), octets.begin(), octets.end());
            return !failure;
        }
        default: {
            const auto octets = ip::make_address_v6(part, failure).to_bytes();
            out.insert(out.end(), octets.begin(), octets.end());
            return !failure;
        }
    }
}

std::optional<base::Bytes> value_from(std::uint16_t key, bool given, const std::string& text)
{
    base::Bytes value;
    switch (key) {
        case no_default_alpn:
            return given ? std::nullopt : std::optional(value);
        case port: {
            std::uint16_t number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            append_u16(value, number);
            return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                            : std::nullopt;
        }
        case ech: {
            auto octets = base::from_base64(text);
            return octets && !octets->empty() ? std::optional(std::move(*octets)) : std::nullopt;
        }
        case mandatory:
        case alpn:
        case ipv4hint:
        case ipv6hint: {
            const auto parts = parts_of(text);
            const bool good = parts && std::ranges::all_of(*parts, [&](const std::string& part) {
                                  return put_part(value, key, part);
                              });
            return good ? std::optional(value) : std::nullopt;
        }
        default:
            return base::Bytes(text.begin(), text.end());
    }
}

// One parameter from the front of the text: "key", "key=value" or "key=\"value\"".
bool take_param(std::string_view& text, std::map<std::uint16_t, base::Bytes>& params)
{
    const auto key_end = std::min(text.find_first_of("= \t"), text.size());
    const auto key = key_from(text.substr(0, key_end));
    const bool given = key_end < text.size() && text[key_end] == '=';
    text.remove_prefix(key_end + (given ? 1 : 0));
    const bool quoted = given && text.starts_with('"');
    text.remove_prefix(quoted ? 1 : 0);
    std::size_t size = 0;
    while (given && size < text.size() &&
           (quoted ? text[size] != '"' : text[size] != ' ' && text[size] != '\t')) {
        size += text[size] == '\\' && size + 1 < text.size() ? 2 : 1;
    }
    if (quoted && size >= text.size()) {
        return false;
    }
    const auto value = plain(text.substr(0, size));
    text.remove_prefix(size + (quoted ? 1 : 0));
    auto wire = key && value ? value_from(*key, given, *value) : std::nullopt;
    return wire && wire->size() <= 65'535 && params.emplace(*key, std::move(*wire)).second;
}

// Those that are called mandatory, in order, and there (RFC 9460 8).
bool settle_mandatory(std::map<std::uint16_t, base::Bytes>& params)
{
    const auto found = params.find(mandatory);
    if (found == params.end()) {
        return true;
    }
    std::vector<std::uint16_t> keys;
    Reader reader(found->second);
    while (!reader.at_end()) {
        keys.push_back(reader.u16());
    }
    std::ranges::sort(keys);
    found->second.clear();
    for (const auto key : keys) {
        append_u16(found->second, key);
    }
    return std::ranges::adjacent_find(keys) == keys.end() &&
           std::ranges::all_of(keys, [&params](std::uint16_t key) { return params.contains(key); });
}

void append_escaped(std::string& out, std::string_view octets, bool in_list)
{
    for (const char c : octets) {
        const auto octet = static_cast<std::uint8_t>(c);
        if (in_list && (c == ',' || c == '\\')) {
            out += c == ',' ? "\\\\," : "\\\\\\\\";
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (octet >= 32 && octet < 127) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\{:03}", octet);
        }
    }
}

std::string list_text(std::uint16_t key, Reader& value)
{
    std::string text;
    while (value.ok() && !value.at_end()) {
        text += text.empty() ? "" : ",";
        if (key == mandatory) {
            text += key_text(value.u16());
        } else if (key == alpn) {
            append_escaped(text, base::as_text(value.bytes(value.u8())), true);
        } else if (key == ipv4hint) {
            text += ip::address_v4(value.u32()).to_string();
        } else {
            ip::address_v6::bytes_type octets{};
            std::ranges::copy(value.bytes(octets.size()), octets.begin());
            text += ip::address_v6(octets).to_string();
        }
    }
    return text;
}

std::string value_text(std::uint16_t key, base::ByteView octets)
{
    Reader value(octets);
    switch (key) {
        case mandatory:
        case alpn:
        case ipv4hint:
        case ipv6hint: {
            auto text = list_text(key, value);
            return value.ok() ? text : std::string();
        }
        case port:
            return octets.size() == 2 ? fmt::to_string(value.u16()) : std::string();
        case ech:
            return base::to_base64(octets);
        default: {
            std::string text;
            append_escaped(text, base::as_text(octets), false);
            return text;
        }
    }
}

}  // namespace

std::optional<base::Bytes> parse_svc_params(std::string_view text)
{
    std::map<std::uint16_t, base::Bytes> params;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
        if (text.empty()) {
            break;
        }
        if (!take_param(text, params)) {
            return std::nullopt;
        }
    }
    if (!settle_mandatory(params)) {
        return std::nullopt;
    }
    base::Bytes wire;
    for (const auto& [key, value] : params) {
        append_u16(wire, key);
        append_u16(wire, value.size());
        wire.insert(wire.end(), value.begin(), value.end());
    }
    return wire;
}

std::optional<std::string> svc_params_text(base::ByteView params)
{
    std::string text;
    Reader reader(params);
    int last = -1;
    while (!reader.at_end() && reader.ok()) {
        const std::uint16_t key = reader.u16();
        const base::ByteView value = reader.bytes(reader.u16());
        if (!reader.ok() || key <= last) {
            return std::nullopt;
        }
        last = key;
        text += (text.empty() ? "" : " ") + key_text(key);
        if (!value.empty()) {
            const auto shown = value_text(key, value);
            if (shown.empty()) {
                return std::nullopt;
            }
            const bool bare = shown.find_first_of(" \"\\;()") == std::string::npos;
            text += bare ? "=" + shown : "=\"" + shown + '"';
        }
    }
    return reader.ok() ? std::optional(text) : std::nullopt;
}

}  // namespace dns
