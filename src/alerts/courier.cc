#include "alerts/courier.h"

#include "alerts/confirmation.h"
#include "alerts/notices.h"
#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace alerts {

namespace {

constexpr std::size_t most_at_once = 32;
constexpr std::size_t most_of_a_channel = 4;
constexpr std::size_t longest_error = 500;

// The receiver, and not this delivery, is what fails.
bool is_of_channel(const base::Error& error)
{
    return error.kind() != base::Errc::invalid && error.kind() != base::Errc::not_found;
}

std::string told(const base::Error& error)
{
    auto text = error.message();
    if (!error.fix().empty()) {
        text += (text.ends_with('.') ? " " : ". ") + error.fix();
    }
    text.resize(std::min(text.size(), longest_error));
    return text;
}

base::Result<> record_success(store::Transaction& tx, model::Channel channel, model::Delivery delivery,
                              base::Time now)
{
    delivery.state = model::DeliveryState::delivered;
    delivery.error.clear();
    delivery.finished_at = now;
    CHECKED(tx.deliveries.update(delivery));
    const bool mended = channel.failures > 0;
    channel.succeeded_at = now;
    channel.failures = 0;
    CHECKED(tx.channels.put(channel));
    return mended ? tx.deliveries.hasten(channel.id, now) : base::Result<>();
}

base::Result<> record_failure(store::Transaction& tx, const Options& options, model::Channel channel,
                              model::Delivery delivery, const base::Error& error, base::Time now)
{
    delivery.error = told(error);
    delivery.next_attempt_at = now + pause_after(delivery.attempts);
    channel.error = delivery.error;
    channel.failed_at = now;
    if (is_of_channel(error)) {
        ++channel.failures;
        delivery.next_attempt_at = now + pause_after(channel.failures);
    }
    if (now - delivery.created_at >= options.give_up) {
        delivery.state = model::DeliveryState::abandoned;
        delivery.finished_at = now;
    }
    CHECKED(tx.deliveries.update(delivery));
    CHECKED(tx.channels.put(channel));
    return is_of_channel(error) ? tx.deliveries.hold(channel.id, delivery.next_attempt_at) : base::Result<>();
}

}  // namespace

Courier::Courier(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                 Carriers& carriers, const Options& options, Guard guard)
    : store_(store),
      clock_(clock),
      carriers_(carriers),
      options_(options),
      guard_(std::move(guard)),
      tasks_(std::move(executor))
{
}

// A channel that fails is tried with one delivery at a time.
bool Courier::has_room(const model::Channel& channel) const
{
    const auto found = of_channel_.find(channel.id);
    const std::size_t busy = found == of_channel_.end() ? 0 : found->second;
    return busy < (channel.failures > 0 ? 1 : most_of_a_channel) && under_way_.size() < most_at_once;
}

base::Task<std::vector<Courier::Job>> Courier::take()
{
    auto read = [now = clock_.now()](store::Transaction& tx) -> base::Result<std::vector<Job>> {
        // Those under way are among them.
        TRY(due, tx.deliveries.due(now, 2 * most_of_a_channel));
        std::map<std::string, base::Result<model::Channel>> channels;
        std::vector<Job> jobs;
        for (auto& each : due) {
            auto known = channels.find(each.channel);
            if (known == channels.end()) {
                known = channels.emplace(each.channel, tx.channels.get(each.channel)).first;
            }
            if (known->second) {
                jobs.push_back({*known->second, std::move(each)});
            }
        }
        return jobs;
    };
    co_return co_await store_.read(std::move(read));
}

base::Task<std::size_t> Courier::start_due()
{
    CO_TRY(jobs, co_await take());
    std::size_t started = 0;
    for (auto& job : jobs) {
        if (under_way_.contains(job.delivery.id) || !has_room(job.channel)) {
            continue;
        }
        under_way_.insert(job.delivery.id);
        ++of_channel_[job.channel.id];
        ++started;
        tasks_.spawn("alert_delivery", carry(std::move(job)));
    }
    co_return started;
}

boost::asio::awaitable<void> Courier::carry(Job job)
{
    // Whatever ends this coroutine, the next look finds the delivery free.
    struct Leave {
        Courier& courier;
        std::string delivery;
        std::string channel;
        ~Leave()
        {
            courier.under_way_.erase(delivery);
            if (--courier.of_channel_[channel] == 0) {
                courier.of_channel_.erase(channel);
            }
        }
    };
    const Leave leave{*this, job.delivery.id, job.channel.id};
    base::Result<> outcome;
    const bool asks = job.delivery.type == confirmation_type;
    if (job.channel.enabled && !asks && !may_hear(job.channel)) {
        outcome = base::fail(base::Error(base::Errc::unavailable, "the address has not been confirmed"));
    } else if (job.channel.enabled) {
        outcome = co_await carriers_.of(job.channel.kind).carry(job.channel, job.delivery);
    } else {
        outcome = base::fail(base::Error(base::Errc::unavailable, "the channel is disabled"));
    }
    const auto recorded = co_await record(job, std::move(outcome));
    if (!recorded) {
        base::log::warning("delivery_not_recorded",
                           {{"delivery", job.delivery.id}, {"error", recorded.error().message()}});
    }
}

base::Task<> Courier::record(Job job, base::Result<> outcome)
{
    const auto now = clock_.now();
    auto write = [this, job, outcome, now](store::Transaction& tx) -> base::Result<> {
        CHECKED(guard_(tx));
        TRY(channel, tx.channels.get(job.channel.id));
        auto delivery = job.delivery;
        ++delivery.attempts;
        return outcome ? record_success(tx, channel, delivery, now)
                       : record_failure(tx, options_, channel, delivery, outcome.error(), now);
    };
    CO_CHECKED(co_await store_.write(std::move(write)));
    if (outcome) {
        base::log::info("notice_delivered", {{"delivery", job.delivery.id},
                                             {"type", job.delivery.type},
                                             {"channel", job.channel.id},
                                             {"attempts", job.delivery.attempts + 1}});
    } else {
        base::log::warning("notice_not_delivered", {{"delivery", job.delivery.id},
                                                    {"channel", job.channel.id},
                                                    {"error", outcome.error().message()}});
    }
    co_return base::Result<>();
}

}  // namespace alerts
