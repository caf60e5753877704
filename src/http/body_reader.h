// BodyReader: takes a message body off a connection by its framing (RFC 9112 6, 7).
#pragma once

#include "base/task.h"
#include "http/http1_head.h"
#include "http/input_buffer.h"
#include "net/stream.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace http {

// Runs on one executor: no locks.
class BodyReader {
public:
    void start(BodyFraming framing);

    // At least one byte, or 0 at the end of the body. Errors: invalid (code bad_chunk) for broken chunks,
    // unavailable (code body_cut) when the connection ends before the body.
    base::Task<std::size_t> read(net::Stream& stream, InputBuffer& input, std::span<char> out);
    // The same without waiting; empty when nothing has arrived.
    base::Result<std::optional<std::size_t>> read_now(net::Stream& stream, InputBuffer& input,
                                                      std::span<char> out);
    // Known as early as the buffered bytes tell.
    bool ended() const { return state_ == State::ended; }
    const Headers& trailers() const { return trailers_; }
    // What is left of a body whose length is known, when all of it is in `input`.
    std::optional<std::string_view> rest(const InputBuffer& input) const;
    void drop_rest(InputBuffer& input);

private:
    enum class State { ended, length, until_close, chunk_size, chunk_data, chunk_end, trailers };

    base::Result<std::optional<std::size_t>> take(net::Stream& stream, InputBuffer& input,
                                                  std::span<char> out);
    // Goes over buffered bytes that are not data; false when it needs more of them.
    base::Result<bool> skip_framing(InputBuffer& input);
    base::Result<bool> read_size(InputBuffer& input);
    base::Result<bool> read_chunk_end(InputBuffer& input);
    base::Result<bool> read_trailers(InputBuffer& input);
    bool in_data() const
    {
        return state_ == State::length || state_ == State::until_close || state_ == State::chunk_data;
    }
    void took(std::size_t bytes);

    State state_ = State::ended;
    std::uint64_t left_ = 0;  // of the body, or of the chunk
    Headers trailers_;
};

}  // namespace http
