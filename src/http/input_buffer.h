// InputBuffer: bytes of one connection that were read and not yet used. Its memory goes back to the thread
// while empty.
#pragma once

#include "base/task.h"
#include "net/stream.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace http {

// Runs on one executor: no locks.
class InputBuffer {
public:
    InputBuffer() = default;
    InputBuffer(const InputBuffer&) = delete;
    InputBuffer& operator=(const InputBuffer&) = delete;
    ~InputBuffer() { release(); }

    std::string_view view() const { return {memory_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t bytes);
    // Reads once from `stream`; 0 at its end. Grows while the buffer is full; the caller bounds
    // view().size().
    base::Task<std::size_t> fill(net::Stream& stream);
    // The same without waiting; empty when nothing has arrived.
    base::Result<std::optional<std::size_t>> fill_now(net::Stream& stream);
    // Moves up to `out.size()` bytes out.
    std::size_t take(std::span<char> out);

private:
    std::span<char> space();
    void release();

    std::unique_ptr<char[]> memory_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace http
