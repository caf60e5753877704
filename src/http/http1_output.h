// Writing the heads of HTTP/1 messages.
#pragma once

#include "http/message.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace http {

// How a written message marks the end of its body.
struct OutputFraming {
    enum class Kind { none, length, chunked };
    Kind kind = Kind::none;
    std::uint64_t length = 0;
};

enum class Persistence { implied, keep_alive, close, upgrade };

// False when a field holds what would break out of its line: nothing was appended then.
[[nodiscard]] bool append_response_head(std::string& out, const ResponseHead& head, OutputFraming framing,
                                        Persistence persistence);
// Of an interim answer, which has neither body nor Date.
[[nodiscard]] bool append_interim_head(std::string& out, const ResponseHead& head);
[[nodiscard]] bool append_request_head(std::string& out, const RequestHead& head, OutputFraming framing,
                                       Persistence persistence);
[[nodiscard]] bool append_trailers(std::string& out, const Headers& trailers);
void append_chunk_size(std::string& out, std::size_t size);

}  // namespace http
