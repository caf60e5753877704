// ReadThrough: values of one kind from the certificate store by key: hot ones from memory, others read by a
// worker thread, once for all who ask meanwhile.
#pragma once

#include "base/single_flight.h"
#include "edge/certificate_store.h"
#include "edge/lru.h"

#include <boost/asio/thread_pool.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace edge {

// Runs on one executor: no locks. The store and the workers outlive it.
template <class V>
class ReadThrough {
public:
    // How a value is read, on a worker thread, and what it weighs, in octets.
    struct Source {
        base::Result<V> (*read)(const CertificateStore& store, const std::string& key);
        std::size_t (*weight)(const V& value);
    };

    // Keeps values of at most `capacity` octets.
    ReadThrough(const CertificateStore& store, boost::asio::thread_pool& workers, Source source,
                std::size_t capacity)
        : store_(store), workers_(workers), source_(source), hot_(capacity)
    {
    }

    // Null when it must be read. Valid until the next call.
    const V* hot(std::string_view key) { return hot_.find(key); }
    std::size_t hot_count() const { return hot_.size(); }

    // The value as the store has it after all that was forgotten before the call. One that changes while it
    // is read is given to those who wait, so that changes, however many, hold nobody up; it is not kept.
    base::Task<V> get(std::string key)
    {
        if (const V* value = hot_.find(key)) {
            co_return *value;
        }
        if (!looks_.has(key) && looks_.size() >= most_looks) {
            co_return base::fail(base::Errc::rate_limited, "too many names are being looked up");
        }
        auto look = [this, key](const Look& under_way) { return read(key, under_way); };
        co_return co_await looks_.once(std::move(key), std::move(look));
    }

    void forget(const std::string& key)
    {
        hot_.erase(key);
        looks_.part(key);
    }
    void forget_all()
    {
        hot_.clear();
        looks_.part_all();
    }

private:
    using Look = typename base::SingleFlight<V>::Flight;

    // Values that may be read at the same time; more is a flood of names that nobody has.
    static constexpr std::size_t most_looks = 4096;

    base::Task<V> read(std::string key, const Look& look)
    {
        auto work = [&store = store_, key, read_one = source_.read] { return read_one(store, key); };
        auto value = co_await base::blocking(workers_, std::move(work));
        if (value && !look.parted()) {
            hot_.put(std::move(key), *value, source_.weight(*value));
        }
        co_return value;
    }

    const CertificateStore& store_;
    boost::asio::thread_pool& workers_;
    const Source source_;
    Lru<V> hot_;
    base::SingleFlight<V> looks_;
};

}  // namespace edge
