#include "base/random.h"

#include <fmt/format.h>

#include <sys/random.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

namespace base {

Bytes random_bytes(std::size_t count)
{
    Bytes bytes(count);
    std::size_t have = 0;
    while (have < count) {
        const auto got = getrandom(bytes.data() + have, count - have, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            std::abort();  // Without randomness no key or name is safe.
        }
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

std::string random_label(std::size_t count)
{
    auto text = to_base32(random_bytes((count * 5 + 7) / 8));
    text.resize(count);
    return text;
}

std::string new_id(std::string_view prefix)
{
    // Each row that is added with its id stands at the end of its indexes, which keeps insertion cheap.
    constexpr std::string_view rising = "234567abcdefghijklmnopqrstuvwxyz";
    constexpr std::size_t time_digits = 9;
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    auto rest = static_cast<std::uint64_t>(now.count());
    std::string time(time_digits, rising.front());
    for (auto digit = time.rbegin(); digit != time.rend(); ++digit) {
        *digit = rising[rest % rising.size()];
        rest /= rising.size();
    }
    return fmt::format("{}_{}{}", prefix, time, random_label(20 - time_digits));
}

std::string random_secret()
{
    return to_base64url(random_bytes(32));
}

std::uint64_t random_below(std::uint64_t bound)
{
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
    while (true) {
        const auto bytes = random_bytes(sizeof(std::uint64_t));
        std::uint64_t value = 0;
        std::memcpy(&value, bytes.data(), sizeof(value));
        if (value < limit) {
            return value % bound;
        }
    }
}

}  // namespace base
