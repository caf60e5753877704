// ShortMemory: values by key, each until its own time; the oldest go first where there are too many.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace base {

// Runs on one executor: no locks.
template <class V>
class ShortMemory {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit ShortMemory(std::size_t most) : most_(std::max<std::size_t>(most, 1)) {}

    // Null when there is none, or its time is over. Valid until the next put.
    const V* find(const std::string& key, Instant now)
    {
        const auto found = index_.find(key);
        if (found == index_.end()) {
            return nullptr;
        }
        if (found->second->until <= now) {
            items_.erase(found->second);
            index_.erase(found);
            return nullptr;
        }
        return &found->second->value;
    }
    void put(const std::string& key, V value, Instant until)
    {
        if (const auto found = index_.find(key); found != index_.end()) {
            items_.erase(found->second);
            index_.erase(found);
        }
        if (index_.size() >= most_) {
            index_.erase(items_.front().key);
            items_.pop_front();
        }
        items_.push_back({key, std::move(value), until});
        index_.emplace(key, std::prev(items_.end()));
    }
    // How much longer find() will have it; REQUIRES: it just had it.
    Instant until(const std::string& key) const { return index_.at(key)->until; }
    std::size_t size() const { return index_.size(); }

private:
    struct Item {
        std::string key;
        V value;
        Instant until;
    };

    std::size_t most_;
    std::list<Item> items_;  // the oldest first
    std::unordered_map<std::string, typename std::list<Item>::iterator> index_;
};

}  // namespace base
