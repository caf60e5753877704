// Simulation: the days of a fleet, event by event on a virtual clock. What it reserves, when it renews and
// how it waits for a failing CA is decided by the code of issuance; queues and ledger are in memory.
#pragma once

#include "issuance/budget.h"
#include "simulate/authority.h"
#include "simulate/memory_ledger.h"
#include "simulate/onboarding.h"

#include <queue>
#include <random>
#include <unordered_map>

namespace simulate {

// Runs on one thread, once.
class Simulation {
public:
    explicit Simulation(const Fleet& fleet);
    base::Result<Forecast> run();

private:
    using Id = Onboarding::Device;
    enum class What { orders, issued, expiry, person, stranger, call_in, day_ends };

    struct Event {
        base::Time at{};
        std::uint64_t number = 0;  // of two at one time the earlier made comes first
        What what = What::orders;
        Id id = 0;  // device, or call-in
        std::uint32_t serial = 0;
        bool operator>(const Event& other) const
        {
            return at != other.at ? at > other.at : number > other.number;
        }
    };
    struct Device {
        base::Time issued{};
        base::Time not_after{};
        Window window{};
        base::Time chosen{};       // when its certificate is renewed
        std::uint32_t serial = 0;  // certificates so far
    };
    struct Renewal {
        base::Time ready{};
        Id id = 0;
        std::uint32_t serial = 0;
        base::Time chosen{};
        bool operator>(const Renewal& other) const { return ready > other.ready; }
    };
    struct Order {
        issuance::BudgetRequest request;
        std::string reservation;
        bool exempt = false;
    };

    void at(base::Time when, What what, Id id = 0, std::uint32_t serial = 0);
    void wake(base::Time when);
    base::Result<> handle(const Event& event);

    base::Result<> start_orders();
    // Whether one was begun, or at least looked at.
    base::Result<bool> start_next();
    base::Result<bool> start_renewal();
    base::Result<bool> start_first();
    std::optional<base::Time> next_try() const;
    bool is_stale(const Renewal& renewal) const;

    // How long the order has to wait; none: it is on its way.
    base::Result<std::optional<std::chrono::milliseconds>> begin(Id id, model::QueueClass queue_class);
    base::Result<std::optional<std::chrono::milliseconds>> ask_ca(Order& order);
    std::chrono::milliseconds note_outage();
    issuance::BudgetRequest request_for(Id id, model::QueueClass queue_class) const;
    base::Result<> finish(Id id);
    void renew_later(Id id);
    void note_issued(const Device& device, const Order& order);

    base::Result<> add_person();
    void call_in(const CallIn& wanted);
    void end_day();
    void finish_report();
    void count_violations();
    void reckon();
    std::string name_of(Id id) const;
    std::chrono::milliseconds some(std::chrono::milliseconds bound);
    std::chrono::milliseconds until_next(double a_day);

    const Fleet fleet_;
    Authority ca_;
    MemoryLedger ledger_;
    Onboarding onboarding_;
    issuance::Limit orders_;  // of the account
    std::mt19937_64 dice_;
    base::Time now_{};
    std::uint64_t made_ = 0;
    std::uint64_t added_ = 0;  // names of people and strangers
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    std::optional<base::Time> awake_at_;
    std::vector<Device> devices_;
    std::priority_queue<Renewal, std::vector<Renewal>, std::greater<>> renewals_;
    std::unordered_map<Id, Order> under_way_;
    base::Time first_at_{};  // before this no first certificate is ordered: the account has nothing left
    base::Time ca_at_{};     // before this the CA is not asked: it failed
    int outages_in_row_ = 0;

    Forecast forecast_;
    Day today_;
    std::size_t counted_today_ = 0;            // new orders that the CA counted
    std::size_t counted_ = 0;                  // until onboarding was over
    std::chrono::milliseconds on_account_{0};  // what onboarding waited for
    std::chrono::milliseconds on_domains_{0};
};

}  // namespace simulate
