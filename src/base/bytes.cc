#include "base/bytes.h"

#include <array>

namespace base {

namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Emits `bytes` in groups of `width` bits, high bits first, the last group padded with zero bits.
std::string encode_bits(ByteView bytes, std::string_view alphabet, unsigned width)
{
    std::string text;
    text.reserve((bytes.size() * 8 + width - 1) / width);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const auto byte : bytes) {
        pending = (pending << 8) | byte;
        bits += 8;
        while (bits >= width) {
            bits -= width;
            text += alphabet[(pending >> bits) & ((1U << width) - 1)];
        }
        pending &= (1U << bits) - 1;
    }
    if (bits > 0) {
        text += alphabet[(pending << (width - bits)) & ((1U << width) - 1)];
    }
    return text;
}

Result<Bytes> decode_base64(std::string_view text, std::string_view alphabet, bool skip_breaks)
{
    std::array<std::int8_t, 256> value{};
    value.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        value[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    while (!text.empty() &&
           (text.back() == '=' || (skip_breaks && (text.back() == '\n' || text.back() == '\r')))) {
        text.remove_suffix(1);
    }
    Bytes bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    std::size_t symbols = 0;
    for (const char c : text) {
        if (skip_breaks && (c == '\n' || c == '\r')) {
            continue;
        }
        const auto digit = value[static_cast<std::uint8_t>(c)];
        if (digit < 0) {
            return fail(Errc::invalid, "not base64");
        }
        ++symbols;
        pending = ((pending << 6) | static_cast<std::uint32_t>(digit)) & 0xffffffU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes.push_back(static_cast<std::uint8_t>(pending >> bits));
        }
    }
    if (symbols % 4 == 1) {
        return fail(Errc::invalid, "base64 is cut short");
    }
    return bytes;
}

}  // namespace

std::string to_hex(ByteView bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const auto byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text)
{
    if (text.size() % 2 != 0) {
        return fail(Errc::invalid, "hexadecimal text needs an even number of digits");
    }
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    int pending = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        int digit = -1;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        }
        if (digit < 0) {
            return fail(Errc::invalid, "not hexadecimal");
        }
        if (i % 2 == 0) {
            pending = digit;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(pending * 16 + digit));
        }
    }
    return bytes;
}

std::string to_base64url(ByteView bytes)
{
    return encode_bits(bytes, url_alphabet, 6);
}

Result<Bytes> from_base64url(std::string_view text)
{
    return decode_base64(text, url_alphabet, false);
}

std::string to_base64(ByteView bytes)
{
    auto text = encode_bits(bytes, standard_alphabet, 6);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

Result<Bytes> from_base64(std::string_view text)
{
    return decode_base64(text, standard_alphabet, true);
}

std::string to_base32(ByteView bytes)
{
    return encode_bits(bytes, "abcdefghijklmnopqrstuvwxyz234567", 5);
}

}  // namespace base
