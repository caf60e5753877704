// ReadThrough: values of one kind from the certificate store by key: hot ones from memory, others read by a
// worker thread, once for all who ask meanwhile.
#pragma once

#include "base/task.h"
#include "edge/certificate_store.h"
#include "edge/lru.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
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
        while (true) {
            if (const V* value = hot_.find(key)) {
                co_return *value;
            }
            const auto other = looks_.find(key);
            if (other == looks_.end()) {
                co_return co_await read(std::move(key));
            }
            const auto look = other->second;
            CO_CHECKED(co_await wait_for(look));
            if (look->value) {
                co_return *look->value;
            }
        }
    }

    void forget(const std::string& key)
    {
        hot_.erase(key);
        if (const auto look = looks_.find(key); look != looks_.end()) {
            look->second->outdated = true;
            looks_.erase(look);
        }
    }
    void forget_all()
    {
        hot_.clear();
        for (const auto& [key, look] : looks_) {
            look->outdated = true;
        }
        looks_.clear();
    }

private:
    // A look into the store; whoever needs the same waits for it.
    struct Look {
        explicit Look(const boost::asio::any_io_executor& executor)
            : ended(executor, boost::asio::steady_timer::time_point::max())
        {
        }

        boost::asio::steady_timer ended;
        bool over = false;
        bool outdated = false;                 // no longer listed: the feed has changed what is being read
        std::optional<base::Result<V>> value;  // none: whoever looked was cancelled
    };
    using Looks = std::unordered_map<std::string, std::shared_ptr<Look>>;

    // Lists a look until it ends or is outdated, whichever way it ends, and then wakes those who wait.
    class Looking {
    public:
        Looking(Looks& looks, std::string key, const boost::asio::any_io_executor& executor)
            : looks_(looks), key_(std::move(key)), look_(std::make_shared<Look>(executor))
        {
            looks_.emplace(key_, look_);
        }
        Looking(const Looking&) = delete;
        Looking& operator=(const Looking&) = delete;
        ~Looking()
        {
            look_->over = true;
            look_->ended.cancel();
            if (!look_->outdated) {
                looks_.erase(key_);
            }
        }

        Look& look() { return *look_; }

    private:
        Looks& looks_;
        std::string key_;
        std::shared_ptr<Look> look_;
    };

    // Values that may be read at the same time; more is a flood of names that nobody has.
    static constexpr std::size_t most_looks = 4096;

    base::Task<V> read(std::string key)
    {
        if (looks_.size() >= most_looks) {
            co_return base::fail(base::Errc::rate_limited, "too many names are being looked up");
        }
        Looking looking(looks_, key, co_await boost::asio::this_coro::executor);
        auto work = [&store = store_, key, read_one = source_.read] { return read_one(store, key); };
        auto value = co_await base::blocking(workers_, std::move(work));
        looking.look().value = value;
        if (value && !looking.look().outdated) {
            hot_.put(std::move(key), *value, source_.weight(*value));
        }
        co_return value;
    }

    static base::Task<> wait_for(std::shared_ptr<Look> look)
    {
        boost::system::error_code woken;
        co_await look->ended.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        if (!look->over) {
            // The waiter was cancelled.
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        }
        co_return base::Result<>();
    }

    const CertificateStore& store_;
    boost::asio::thread_pool& workers_;
    const Source source_;
    Lru<V> hot_;
    Looks looks_;
};

}  // namespace edge
