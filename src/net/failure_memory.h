// FailureMemory: what has failed lately, and how long it is better left alone: longer each time.
//
// One success makes all good. When its time is over, something may be tried again; if it then fails, twice
// the time. Runs on one executor: no locks. Bounded.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

namespace net {

struct FailureLimits {
    int tolerated = 1;  // consecutive failures that have no consequence
    std::chrono::seconds first{5};
    std::chrono::seconds longest{300};
};

template <class Key>
class FailureMemory {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit FailureMemory(FailureLimits limits) : limits_(limits) {}

    // Several at a time that began before the first of them failed count once.
    void failed(const Key& key, Time now)
    {
        auto& entry = find_or_add(key, now);
        if (entry.until > now) {
            return;
        }
        if (now - entry.last > 2 * limits_.longest) {
            entry.failures = 0;
        }
        entry.last = now;
        if (++entry.failures > limits_.tolerated) {
            const int doubled = std::min(entry.failures - limits_.tolerated - 1, 20);
            entry.until =
                now + std::min<std::chrono::seconds>(limits_.first * (1LL << doubled), limits_.longest);
        }
    }
    bool empty() const { return entries_.empty(); }
    void succeeded(const Key& key)
    {
        if (!entries_.empty()) {
            entries_.erase(key);
        }
    }
    // Until when it is left alone; nothing: it is good.
    std::optional<Time> left_alone_until(const Key& key, Time now) const
    {
        if (entries_.empty()) {
            return std::nullopt;
        }
        const auto found = entries_.find(key);
        return found != entries_.end() && found->second.until > now ? std::optional(found->second.until)
                                                                    : std::nullopt;
    }
    std::size_t size() const { return entries_.size(); }

private:
    static constexpr std::size_t most = 10'000;

    struct Entry {
        int failures = 0;
        Time last{};
        Time until{};
    };

    Entry& find_or_add(const Key& key, Time now)
    {
        if (entries_.size() >= most && !entries_.contains(key)) {
            std::erase_if(entries_, [&](const auto& each) { return each.second.until <= now; });
            if (entries_.size() >= most) {
                entries_.erase(entries_.begin());
            }
        }
        return entries_[key];
    }

    FailureLimits limits_;
    std::map<Key, Entry> entries_;
};

}  // namespace net
