// SingleFlight: what several ask for at the same time is done once.
#pragma once

#include "base/task.h"

#include <boost/asio/redirect_error.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace base {

// Runs on one executor: no locks. It outlives what once() returns.
template <class V>
class SingleFlight {
public:
    // Work under way.
    class Flight {
    public:
        explicit Flight(const asio::any_io_executor& executor)
            : landed_(executor, asio::steady_timer::time_point::max())
        {
        }
        // What it is about has changed since it began.
        bool parted() const { return parted_; }

    private:
        friend class SingleFlight;
        asio::steady_timer landed_;
        bool over_ = false;
        bool parted_ = false;              // listed no longer
        std::optional<Result<V>> result_;  // none: whoever did it was cancelled
    };
    using Work = std::function<Task<V>(const Flight& flight)>;

    bool has(const std::string& key) const { return flights_.contains(key); }
    std::size_t size() const { return flights_.size(); }

    // What `work` returns, or what the work for the same key returns that is under way. Where whoever does it
    // is cancelled, one of those who wait begins anew.
    Task<V> once(std::string key, Work work)
    {
        for (auto other = flights_.find(key); other != flights_.end(); other = flights_.find(key)) {
            const auto flight = other->second;
            CO_CHECKED(co_await landing(flight));
            if (flight->result_) {
                co_return *flight->result_;
            }
        }
        co_return co_await fly(std::move(key), std::move(work));
    }

    // Whoever asks for `key` from now on begins anew; those who wait already get what comes.
    void part(const std::string& key)
    {
        if (const auto found = flights_.find(key); found != flights_.end()) {
            found->second->parted_ = true;
            flights_.erase(found);
        }
    }
    void part_all()
    {
        for (const auto& [key, flight] : flights_) {
            flight->parted_ = true;
        }
        flights_.clear();
    }

private:
    using Flights = std::unordered_map<std::string, std::shared_ptr<Flight>>;

    // Lists a flight until it lands or is parted, however it ends, and then wakes those who wait.
    class Listed {
    public:
        Listed(Flights& flights, std::string key, std::shared_ptr<Flight> flight)
            : flights_(flights), key_(std::move(key)), flight_(std::move(flight))
        {
            flights_.emplace(key_, flight_);
        }
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;
        ~Listed()
        {
            flight_->over_ = true;
            flight_->landed_.cancel();
            if (!flight_->parted_) {
                flights_.erase(key_);
            }
        }

    private:
        Flights& flights_;
        std::string key_;
        std::shared_ptr<Flight> flight_;
    };

    Task<V> fly(std::string key, Work work)
    {
        const auto flight = std::make_shared<Flight>(co_await asio::this_coro::executor);
        const Listed listed(flights_, std::move(key), flight);
        auto task = work(*flight);
        auto result = co_await std::move(task);
        flight->result_ = result;
        co_return result;
    }

    static Task<> landing(std::shared_ptr<Flight> flight)
    {
        boost::system::error_code woken;
        co_await flight->landed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        if (!flight->over_) {
            throw boost::system::system_error(asio::error::operation_aborted);  // The waiter was cancelled.
        }
        co_return Result<>();
    }

    Flights flights_;
};

}  // namespace base
