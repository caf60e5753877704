#include "simulate/onboarding.h"

#include <algorithm>

namespace simulate {

Onboarding::Onboarding(std::size_t devices, std::size_t domains)
    : queues_(std::max<std::size_t>(domains, 1)), held_(queues_.size()), waiting_(devices)
{
    for (std::size_t i = 0; i < devices; ++i) {
        queues_[i % queues_.size()].push_back(static_cast<Device>(i));
    }
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        if (!queues_[i].empty()) {
            turn_.push_back(static_cast<Domain>(i));
        }
    }
}

void Onboarding::release(base::Time now)
{
    while (!holds_.empty() && holds_.top().first <= now) {
        const auto domain = holds_.top().second;
        holds_.pop();
        held_[domain] = false;
        if (!queues_[domain].empty()) {
            turn_.push_back(domain);
        }
    }
}

std::optional<Onboarding::Device> Onboarding::take(base::Time now)
{
    release(now);
    if (turn_.empty()) {
        return std::nullopt;
    }
    const auto domain = turn_.front();
    turn_.pop_front();
    auto& queue = queues_[domain];
    const auto device = queue.front();
    queue.pop_front();
    --waiting_;
    if (!queue.empty()) {
        turn_.push_back(domain);
    }
    return device;
}

void Onboarding::give_back(Device device)
{
    const auto domain = domain_of(device);
    const bool was_empty = queues_[domain].empty();
    queues_[domain].push_front(device);
    ++waiting_;
    if (was_empty && !held_[domain]) {
        turn_.push_front(domain);
    }
}

void Onboarding::hold(Device device, base::Time until)
{
    const auto domain = domain_of(device);
    if (held_[domain]) {
        return;
    }
    held_[domain] = true;
    std::erase(turn_, domain);
    holds_.emplace(until, domain);
}

std::optional<base::Time> Onboarding::held_until() const
{
    return holds_.empty() ? std::nullopt : std::optional(holds_.top().first);
}

}  // namespace simulate
