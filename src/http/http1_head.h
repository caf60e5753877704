// Heads of HTTP/1 messages, parsed strictly (RFC 9112): whatever two parsers could read in two ways is
// refused, since request smuggling lives on such differences. An own parser because this is the edge's core
// and Beast's is lenient (bare LF, folded lines) and copies every field twice.
#pragma once

#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace http {

struct HeadLimits {
    std::size_t bytes = 32 * 1024;
    std::size_t fields = 200;
};

// Why a head is refused: the status that says so, and a sentence.
struct HeadError {
    int status = 400;
    std::string_view why;
};

// How a message's body ends.
struct BodyFraming {
    enum class Kind { none, length, chunked, until_close };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

struct ParsedRequest {
    RequestHead head;  // scheme is the caller's to set
    BodyFraming body;
    bool keep_alive = true;
    bool expects_continue = false;
};

struct ParsedResponse {
    ResponseHead head;
    BodyFraming body;
    bool keep_alive = true;
};

// Octets of the head at the front of `data` with its empty line, 0 while incomplete. The first `seen` octets
// held no end.
std::size_t find_head_end(std::string_view data, std::size_t seen);
// A line ended by LF alone: no complete head can follow.
bool has_bare_line_feed(std::string_view data);

// `head` ends with the empty line.
std::expected<ParsedRequest, HeadError> parse_request(std::string_view head, const HeadLimits& limits);
// `request_method` decides whether a body follows.
std::expected<ParsedResponse, HeadError> parse_response(std::string_view head,
                                                        std::string_view request_method,
                                                        const HeadLimits& limits);
// Field lines, each ended by CRLF; for heads after the first line, and trailers.
std::expected<Headers, HeadError> parse_fields(std::string_view lines, std::size_t most);

}  // namespace http
