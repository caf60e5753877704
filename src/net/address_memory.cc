#include "net/address_memory.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace net {

void AddressMemory::order(std::vector<Endpoint>& addresses)
{
    if (addresses.size() < 2) {
        return;
    }
    using Time = std::chrono::steady_clock::time_point;
    const bool v6 = addresses.front().address().is_v6();
    const auto now = std::chrono::steady_clock::now();
    const auto preferred =
        std::ranges::count(addresses, v6, [](const Endpoint& each) { return each.address().is_v6(); });
    const auto first = turn_++ % static_cast<std::size_t>(preferred);
    // Until when it is left alone, whether it is of the other family, and whose turn it is.
    std::vector<std::pair<std::tuple<Time, bool, std::size_t>, Endpoint>> places;
    for (std::size_t own = 0; const auto& each : addresses) {
        const bool other = each.address().is_v6() != v6;
        const auto turn = other ? places.size() : (own++ + addresses.size() - first) % addresses.size();
        const auto until = failures_.left_alone_until(each, now).value_or(Time::min());
        places.emplace_back(std::tuple(until, other, turn), each);
    }
    std::ranges::sort(places);
    std::ranges::transform(places, addresses.begin(), [](const auto& each) { return each.second; });
}

void AddressMemory::tried(const Endpoint& where, bool connected)
{
    if (connected) {
        failures_.succeeded(where);
    } else {
        failures_.failed(where, std::chrono::steady_clock::now());
    }
}

}  // namespace net
