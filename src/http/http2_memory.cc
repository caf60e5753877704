#include "http/http2_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

namespace http {

namespace {

constexpr std::size_t smallest_buffer = 16 * 1024;
constexpr std::size_t buffer_size = 20 * 1024;  // whole pages
// Address space alone: more connections than a process has.
constexpr std::size_t most_buffers = 200'000;

class FrameBuffers {
public:
    FrameBuffers()
    {
        void* mapped = ::mmap(nullptr, most_buffers * buffer_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped != MAP_FAILED) {
            begin_ = static_cast<char*>(mapped);
            // A huge page would be written to, and held, as a whole.
            ::madvise(begin_, most_buffers * buffer_size, MADV_NOHUGEPAGE);
        }
    }

    // Null when there is none: malloc does as well.
    void* take()
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            auto* buffer = free_.back();
            free_.pop_back();
            return buffer;
        }
        const bool room = begin_ != nullptr && used_ < most_buffers;
        return room ? begin_ + buffer_size * used_++ : nullptr;
    }
    bool owns(const void* memory) const
    {
        const auto at = reinterpret_cast<std::uintptr_t>(memory);
        const auto begin = reinterpret_cast<std::uintptr_t>(begin_);
        return begin_ != nullptr && at >= begin && at < begin + most_buffers * buffer_size;
    }
    void give(void* buffer)
    {
        ::madvise(buffer, buffer_size, MADV_DONTNEED);
        const std::lock_guard lock(mutex_);
        free_.push_back(static_cast<char*>(buffer));
    }

private:
    char* begin_ = nullptr;
    std::mutex mutex_;
    std::size_t used_ = 0;  // how many have ever been taken
    std::vector<char*> free_;
};

// Lives until the process ends: sessions may be destroyed by any thread.
FrameBuffers& frame_buffers()
{
    static auto* const buffers = new FrameBuffers;
    return *buffers;
}

void* take_memory(std::size_t size, void*)
{
    const bool whole_frame = size >= smallest_buffer && size <= buffer_size;
    void* buffer = whole_frame ? frame_buffers().take() : nullptr;
    return buffer != nullptr ? buffer : std::malloc(size);
}

void give_memory(void* memory, void*)
{
    if (frame_buffers().owns(memory)) {
        frame_buffers().give(memory);
    } else {
        std::free(memory);
    }
}

void* take_zeroed(std::size_t count, std::size_t size, void*)
{
    return std::calloc(count, size);
}

void* resize_memory(void* memory, std::size_t size, void* user_data)
{
    if (memory == nullptr) {
        return take_memory(size, user_data);  // As nghttp2 asks for its buffers.
    }
    if (!frame_buffers().owns(memory)) {
        return std::realloc(memory, size);
    }
    void* larger = std::malloc(size);
    if (larger != nullptr) {
        std::memcpy(larger, memory, std::min(size, buffer_size));
        give_memory(memory, user_data);
    }
    return larger;
}

}  // namespace

nghttp2_mem* http2_memory()
{
    static nghttp2_mem memory{nullptr, take_memory, give_memory, take_zeroed, resize_memory};
    return &memory;
}

}  // namespace http
