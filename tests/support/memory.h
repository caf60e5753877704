// How much memory the test's own process holds.
#pragma once

#include <malloc.h>

#include <cstddef>

namespace test {

// Octets handed out by the allocator. Large blocks are mapped, and counted apart.
inline std::size_t memory_in_use()
{
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

}  // namespace test
