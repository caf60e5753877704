// Lru: the most recently used values, bounded by what they weigh. Runs on one executor: no locks.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace edge {

template <class V>
class Lru {
public:
    explicit Lru(std::size_t capacity) : capacity_(capacity) {}

    // Null when it is not there; valid until the next put or erase.
    const V* find(std::string_view key)
    {
        const auto found = index_.find(key);
        if (found == index_.end()) {
            return nullptr;
        }
        items_.splice(items_.begin(), items_, found->second);
        return &found->second->value;
    }

    void put(std::string key, V value, std::size_t weight)
    {
        erase(key);
        weight += key.size() + per_item;
        items_.push_front({std::move(key), std::move(value), weight});
        index_.emplace(items_.front().key, items_.begin());
        weight_ += weight;
        while (weight_ > capacity_ && items_.size() > 1) {
            erase(std::string(items_.back().key));
        }
    }

    void erase(std::string_view key)
    {
        const auto found = index_.find(key);
        if (found == index_.end()) {
            return;
        }
        const auto item = found->second;
        weight_ -= item->weight;
        index_.erase(found);
        items_.erase(item);
    }

    void clear()
    {
        index_.clear();
        items_.clear();
        weight_ = 0;
    }

    std::size_t size() const { return items_.size(); }
    std::size_t weight() const { return weight_; }

private:
    // What the list and the index need for one item.
    static constexpr std::size_t per_item = 160;

    struct Item {
        std::string key;
        V value;
        std::size_t weight;
    };

    std::size_t capacity_;
    std::size_t weight_ = 0;
    std::list<Item> items_;  // most recently used first; keys of the index are views of theirs
    std::unordered_map<std::string_view, typename std::list<Item>::iterator> index_;
};

}  // namespace edge
