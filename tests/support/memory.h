// How much memory the test's own process holds.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>

namespace test {

// Octets handed out by the allocator. Large blocks are mapped, and counted apart.
inline std::size_t memory_in_use()
{
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// Waits until the memory in use has not grown for a while, and returns it.
inline std::size_t settled_memory()
{
    std::size_t last = 0;
    for (int still = 0; still < 10;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        const auto now = memory_in_use();
        still = now > last + 4096 ? 0 : still + 1;
        last = std::max(last, now);
    }
    return last;
}

}  // namespace test
