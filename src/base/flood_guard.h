// FloodGuard: keeps what strangers can ask for bounded in work and in memory: one question at a time for each
// subject, however many ask it; answers are remembered for a while; so many new questions a second, from one
// client and in all.
#pragma once

#include "base/task.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace base {

// Values by key, each until its own time; the oldest go first where there are too many. Runs on one executor.
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

struct Rate {
    double per_second = 1;
    double burst = 1;
};

struct FloodLimits {
    Rate all{20, 100};
    Rate client{1, 10};
    std::size_t in_flight = 64;       // questions under way
    std::size_t remembered = 10'000;  // answers, and clients
};

// Runs on one executor: no locks. It outlives what once() returns.
template <class Answer>
class FloodGuard {
public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit FloodGuard(FloodLimits limits)
        : limits_(limits), answers_(limits.remembered), clients_(limits.remembered)
    {
    }

    const Answer* remembered(const std::string& subject, Instant now) { return answers_.find(subject, now); }
    // Until when; REQUIRES: remembered() just had it.
    Instant remembered_until(const std::string& subject) const { return answers_.until(subject); }
    void remember(const std::string& subject, Answer answer, Instant until)
    {
        answers_.put(subject, std::move(answer), until);
    }
    bool asking(const std::string& subject) const { return asking_.contains(subject); }

    // One more new question of `client` is within the rates. One that is not costs nothing.
    bool admit(const std::string& client, Instant now)
    {
        const auto* known = clients_.find(client, now);
        Level own = known == nullptr ? Level{limits_.client.burst, now} : *known;
        refill(own, limits_.client, now);
        refill(all_, limits_.all, now);
        if (own.left < 1 || all_.left < 1 || asking_.size() >= limits_.in_flight) {
            return false;
        }
        own.left -= 1;
        all_.left -= 1;
        const std::chrono::duration<double> full(limits_.client.burst / limits_.client.per_second);
        clients_.put(client, own, now + std::chrono::duration_cast<Instant::duration>(full));
        return true;
    }

    // What `ask` answers; while somebody asks it already, what that one is answered.
    Task<Answer> once(std::string subject, std::function<Task<Answer>()> ask)
    {
        if (const auto other = asking_.find(subject); other != asking_.end()) {
            co_return co_await wait_for(other->second);
        }
        const Asking asking(*this, subject, co_await asio::this_coro::executor);
        auto task = ask();
        auto answered = co_await std::move(task);
        asking.shared->answer = answered;
        co_return answered;
    }

private:
    struct Level {
        double left = 0;
        Instant at{};
    };
    struct Shared {
        explicit Shared(const asio::any_io_executor& executor)
            : ended(executor, asio::steady_timer::time_point::max())
        {
        }
        asio::steady_timer ended;
        bool over = false;
        Result<Answer> answer = fail(Errc::unavailable, "whoever asked first has gone");
    };
    // Lists a question while it is asked, whichever way that ends, and then wakes those who wait.
    struct Asking {
        Asking(FloodGuard& guard, std::string subject, const asio::any_io_executor& executor)
            : guard(guard), subject(std::move(subject)), shared(std::make_shared<Shared>(executor))
        {
            guard.asking_.emplace(this->subject, shared);
        }
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        ~Asking()
        {
            shared->over = true;
            shared->ended.cancel();
            guard.asking_.erase(subject);
        }
        FloodGuard& guard;
        std::string subject;
        std::shared_ptr<Shared> shared;
    };

    static void refill(Level& level, const Rate& rate, Instant now)
    {
        const std::chrono::duration<double> passed = now - level.at;
        level.left = std::min(rate.burst, level.left + passed.count() * rate.per_second);
        level.at = now;
    }
    static Task<Answer> wait_for(std::shared_ptr<Shared> shared)
    {
        boost::system::error_code woken;
        co_await shared->ended.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (!shared->over) {
            throw boost::system::system_error(asio::error::operation_aborted);  // The waiter was cancelled.
        }
        co_return shared->answer;
    }

    FloodLimits limits_;
    Level all_{limits_.all.burst, Instant{}};
    ShortMemory<Answer> answers_;
    ShortMemory<Level> clients_;
    std::unordered_map<std::string, std::shared_ptr<Shared>> asking_;
};

}  // namespace base
