#include "http/syntax.h"

#include "http/message.h"

#include <algorithm>
#include <array>

namespace http {

namespace {

enum Class : unsigned char { token = 1, value = 2, target = 4, host = 8 };

constexpr std::array<unsigned char, 256> make_classes()
{
    std::array<unsigned char, 256> table{};
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    const std::string_view host_marks = "-._~!$&'()*+,;=%";
    for (unsigned c = 0; c < 256; ++c) {
        const char ch = static_cast<char>(static_cast<unsigned char>(c));
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        unsigned char classes = 0;
        if (alphanumeric || marks.find(ch) != std::string_view::npos) {
            classes |= token;
        }
        if (c == '\t' || (c >= 0x20 && c != 0x7F)) {
            classes |= value;
        }
        if (c > 0x20 && c < 0x7F && c != '#') {
            classes |= target;
        }
        if (alphanumeric || host_marks.find(ch) != std::string_view::npos) {
            classes |= host;
        }
        table[c] = classes;
    }
    return table;
}

constexpr auto classes = make_classes();

bool all_of_class(std::string_view text, Class wanted)
{
    unsigned char common = wanted;
    for (const char c : text) {
        common = static_cast<unsigned char>(common & classes[static_cast<unsigned char>(c)]);
    }
    return common != 0;
}

}  // namespace

bool is_token(std::string_view text)
{
    return !text.empty() && all_of_class(text, token);
}

bool is_field_value(std::string_view text)
{
    return all_of_class(text, value);
}

bool is_target(std::string_view text)
{
    return !text.empty() && all_of_class(text, target);
}

bool is_authority(std::string_view text)
{
    std::string_view name = text;
    std::string_view port;
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
        name = text.substr(0, colon);
        port = text.substr(colon + 1);
    }
    const bool good_port = port.size() <= 5 &&
                           std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
        const auto inside = name.substr(1, name.size() - 2);
        return good_port && inside.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
    }
    return good_port && !name.empty() && all_of_class(name, host);
}

bool is_idempotent(std::string_view method)
{
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
           method == "DELETE" || method == "TRACE";
}

std::string_view trim(std::string_view text)
{
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::uint64_t> parse_length(std::string_view digits)
{
    if (digits.empty() || digits.size() > 18) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

bool list_has(std::string_view list, std::string_view element)
{
    for (;;) {
        const auto comma = list.find(',');
        if (same_name(trim(list.substr(0, comma)), element)) {
            return true;
        }
        if (comma == std::string_view::npos) {
            return false;
        }
        list.remove_prefix(comma + 1);
    }
}

}  // namespace http
