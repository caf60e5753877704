// HTTP/2 frames written octet by octet (RFC 9113 4, 6; RFC 7541 6.2.2), so that a test can send what no
// client library would.
#pragma once

#include "http/testing/http1_server.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test::h2 {

enum Type : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    rst_stream = 3,
    settings = 4,
    push_promise = 5,
    ping = 6,
    goaway = 7,
    window_update = 8,
    continuation = 9
};
enum Flag : std::uint8_t {
    none = 0,
    ack = 1,
    end_stream = 1,
    end_headers = 4,
    padded = 8,
    with_priority = 32
};

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint64_t value, int octets)
{
    std::string out;
    for (int shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<unsigned char>(value >> shift));
    }
    return out;
}

inline std::string frame(unsigned type, unsigned flags, std::uint32_t stream, std::string_view payload = {})
{
    return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4) +
           std::string(payload);
}

inline std::string setting(std::uint16_t id, std::uint32_t value)
{
    return number(id, 2) + number(value, 4);
}

inline std::string hello()
{
    return std::string(preface) + frame(settings, none, 0);
}

// A length as HPACK writes it with a prefix of seven bits, without Huffman coding.
inline std::string text(std::string_view value)
{
    std::string out;
    if (value.size() < 127) {
        out += static_cast<char>(value.size());
    } else {
        out += static_cast<char>(127);
        auto left = value.size() - 127;
        for (; left >= 128; left /= 128) {
            out += static_cast<char>(static_cast<unsigned char>(left % 128 + 128));
        }
        out += static_cast<char>(left);
    }
    return out + std::string(value);
}

using Fields = std::vector<std::pair<std::string, std::string>>;

// Literal fields that are not indexed.
inline std::string block(const Fields& fields)
{
    std::string out;
    for (const auto& [name, value] : fields) {
        out += '\0';
        out += text(name);
        out += text(value);
    }
    return out;
}

inline Fields request_fields(std::string_view method = "GET", Fields more = {})
{
    Fields fields{{":method", std::string(method)}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

inline std::string get(std::uint32_t stream)
{
    return frame(headers, end_headers | end_stream, stream, block(request_fields()));
}

struct Frame {
    unsigned type;
    unsigned flags;
    std::uint32_t stream;
    std::string payload;
};

inline std::uint32_t read_number(std::string_view octets)
{
    std::uint32_t value = 0;
    for (const char c : octets) {
        value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
}

inline std::vector<Frame> parse(std::string_view octets)
{
    std::vector<Frame> frames;
    while (octets.size() >= 9) {
        const auto size = read_number(octets.substr(0, 3));
        if (octets.size() < 9 + size) {
            break;
        }
        frames.push_back({static_cast<unsigned char>(octets[3]), static_cast<unsigned char>(octets[4]),
                          read_number(octets.substr(5, 4)), std::string(octets.substr(9, size))});
        octets.remove_prefix(9 + size);
    }
    return frames;
}

// What the server said of the connection and its streams, in order: "GOAWAY 1", "RST_STREAM 3 8",
// "1 :status 200" (an answer; the static table has it in one octet), "PONG".
inline std::string summary(const std::vector<Frame>& frames)
{
    std::string out;
    const auto add = [&](const std::string& word) { out += (out.empty() ? "" : ", ") + word; };
    for (const auto& each : frames) {
        if (each.type == goaway) {
            add(fmt::format("GOAWAY {}", read_number(std::string_view(each.payload).substr(4, 4))));
        } else if (each.type == rst_stream) {
            add(fmt::format("RST_STREAM {} {}", each.stream, read_number(each.payload)));
        } else if (each.type == headers && !each.payload.empty()) {
            // The size of the table may stand before the fields (RFC 7541 6.3).
            const bool sized = (static_cast<unsigned char>(each.payload.front()) & 0xE0) == 0x20;
            const auto first = static_cast<unsigned char>(each.payload[sized ? 1 : 0]);
            add(fmt::format("{} {}", each.stream, first == 0x88 ? "200" : fmt::format("0x{:x}", first)));
        } else if (each.type == ping && (each.flags & ack) != 0) {
            add("PONG");
        }
    }
    return out;
}

}  // namespace test::h2
