#include "http/http2_memory.h"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

namespace {

constexpr std::size_t buffer_octets = 16 * 1024 + 19;

// Octets that the kernel holds for these buffers, each of which begins a page.
std::size_t resident(const std::vector<void*>& buffers)
{
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> held((buffer_octets + page - 1) / page);
    std::size_t pages = 0;
    for (auto* buffer : buffers) {
        EXPECT_EQ(::mincore(buffer, buffer_octets, held.data()), 0);
        pages += static_cast<std::size_t>(
            std::ranges::count_if(held, [](unsigned char each) { return (each & 1) != 0; }));
    }
    return pages * page;
}

TEST(Http2Memory, ABufferForAFrameTakesWhatWasWrittenAndGivesItBack)
{
    auto* memory = http::http2_memory();
    constexpr std::size_t count = 2'000;
    std::vector<void*> buffers;
    for (std::size_t i = 0; i < count; ++i) {
        // In the way nghttp2 does.
        buffers.push_back(memory->realloc(nullptr, buffer_octets, memory->mem_user_data));
        std::memset(buffers.back(), 1, 300);
    }
    EXPECT_LT(resident(buffers), count * 5'000) << "a page each, not five";
    EXPECT_EQ(std::set<void*>(buffers.begin(), buffers.end()).size(), count);
    for (auto* each : buffers) {
        std::memset(each, 1, buffer_octets);
    }
    EXPECT_GT(resident(buffers), count * buffer_octets);
    for (auto* each : buffers) {
        memory->free(each, memory->mem_user_data);
    }
    EXPECT_EQ(resident(buffers), 0U);
    EXPECT_EQ(memory->malloc(buffer_octets, memory->mem_user_data), buffers.back()) << "used again";
    memory->free(buffers.back(), memory->mem_user_data);
}

TEST(Http2Memory, OtherSizesAreMallocs)
{
    auto* memory = http::http2_memory();
    for (const std::size_t size : {1U, 1'000U, 15'000U, 30'000U, 1'000'000U}) {
        auto* small = memory->malloc(size, memory->mem_user_data);
        std::memset(small, 1, size);
        small = memory->realloc(small, 2 * size, memory->mem_user_data);
        std::memset(small, 1, 2 * size);
        memory->free(small, memory->mem_user_data);
    }
    auto* grown = static_cast<char*>(memory->malloc(buffer_octets, memory->mem_user_data));
    std::memset(grown, 7, buffer_octets);
    grown = static_cast<char*>(memory->realloc(grown, 4 * buffer_octets, memory->mem_user_data));
    EXPECT_EQ(grown[buffer_octets - 1], 7);
    memory->free(grown, memory->mem_user_data);
    memory->free(nullptr, memory->mem_user_data);
    auto* zeroed = static_cast<char*>(memory->calloc(2, buffer_octets, memory->mem_user_data));
    EXPECT_EQ(zeroed[2 * buffer_octets - 1], 0);
    memory->free(zeroed, memory->mem_user_data);
}

}  // namespace
