#include "http/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace http {

namespace {

// Nearly every request head fits; larger buffers are rare and not kept.
constexpr std::size_t block_size = 4096;

class SpareBlocks {
public:
    std::unique_ptr<char[]> take()
    {
        if (spare_.empty()) {
            return std::make_unique_for_overwrite<char[]>(block_size);
        }
        auto block = std::move(spare_.back());
        spare_.pop_back();
        return block;
    }
    void give(std::unique_ptr<char[]> block)
    {
        if (spare_.size() < 64) {
            spare_.push_back(std::move(block));
        }
    }

private:
    std::vector<std::unique_ptr<char[]>> spare_;
};

thread_local SpareBlocks spare_blocks;

}  // namespace

void InputBuffer::consume(std::size_t bytes)
{
    begin_ += bytes;
    if (begin_ == end_) {
        release();
    }
}

std::size_t InputBuffer::take(std::span<char> out)
{
    const auto count = std::min(out.size(), end_ - begin_);
    std::memcpy(out.data(), memory_.get() + begin_, count);
    consume(count);
    return count;
}

std::span<char> InputBuffer::space()
{
    if (!memory_) {
        memory_ = spare_blocks.take();
        capacity_ = block_size;
    } else if (end_ == capacity_ && begin_ > 0) {
        std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    } else if (end_ == capacity_) {
        auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
        std::memcpy(larger.get(), memory_.get(), end_);
        memory_ = std::move(larger);
        capacity_ *= 2;
    }
    return {memory_.get() + end_, capacity_ - end_};
}

base::Task<std::size_t> InputBuffer::fill(net::Stream& stream)
{
    for (;;) {
        CO_TRY(count, fill_now(stream));
        if (count) {
            co_return *count;
        }
        CO_CHECKED(co_await stream.readable());
    }
}

base::Result<std::optional<std::size_t>> InputBuffer::fill_now(net::Stream& stream)
{
    auto count = stream.read_now(space());
    end_ += count ? count->value_or(0) : 0;
    if (empty()) {
        release();
    }
    return count;
}

void InputBuffer::release()
{
    begin_ = 0;
    end_ = 0;
    if (capacity_ == block_size) {
        spare_blocks.give(std::move(memory_));
    }
    memory_.reset();
    capacity_ = 0;
}

}  // namespace http
