// Orders of a simulation: reserved, sent, finished.
#include "issuance/ca_health.h"
#include "issuance/renewal_advice.h"
#include "simulate/simulation.h"

#include <fmt/format.h>

#include <algorithm>

namespace simulate {

namespace {

using issuance::Budget;
using issuance::Settlement;
using model::QueueClass;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

// How often a CA's renewal information is asked for, and with it how late a change of a window is seen.
constexpr hours advice_poll{6};
// The CA knows a set of names again for so long (ca-facts 1.2).
constexpr days known_for{120};
}  // namespace

issuance::BudgetRequest Simulation::request_for(Id id, QueueClass queue_class) const
{
    const auto& device = devices_[id];
    issuance::BudgetRequest request;
    request.account = Authority::account;
    request.directory_url = fleet_.directory_url;
    request.identifiers = {name_of(id)};
    request.queue_class = queue_class;
    if (device.serial > 0) {
        request.exact_renewal = device.issued + known_for > now_;
        request.window = std::pair(device.window.start, device.window.end);
    }
    return request;
}

base::Result<std::optional<milliseconds>> Simulation::begin(Id id, QueueClass queue_class)
{
    Order order;
    order.request = request_for(id, queue_class);
    order.exempt = Budget::is_exempt(order.request, now_);
    auto reserved = Budget::reserve(ledger_, order.request, now_);
    if (!reserved) {
        if (reserved.error().kind() != base::Errc::rate_limited) {
            return base::fail(reserved.error());
        }
        return std::optional(milliseconds(reserved.error().retry_after().value_or(minutes(1))));
    }
    order.reservation = std::move(*reserved);
    TRY(wait, ask_ca(order));
    if (wait) {
        return wait;
    }
    at(now_ + fleet_.latency / 2 + some(fleet_.latency), What::issued, id);
    under_way_.insert_or_assign(id, std::move(order));
    return std::optional<milliseconds>();
}

base::Result<std::optional<milliseconds>> Simulation::ask_ca(Order& order)
{
    if (ca_.out_of_order(now_)) {
        CHECKED(Budget::settle(ledger_, order.reservation, Settlement::refunded, now_));
        return std::optional(note_outage());
    }
    outages_in_row_ = 0;
    const auto made = ca_.order({Authority::account, order.request.identifiers, order.exempt}, now_);
    if (!made) {
        CHECKED(Budget::settle(ledger_, order.reservation, Settlement::refunded, now_));
        CHECKED(Budget::block(ledger_, order.request, made.error(), now_));
        return std::optional(milliseconds(made.error().retry_after().value_or(hours(1))));
    }
    if (!order.exempt && !order.request.exact_renewal) {
        ++counted_today_;
        counted_ += forecast_.onboarded_at ? 0 : 1;
    }
    return std::optional<milliseconds>();
}

// The circuit breaker: after some outages in a row one order a while tries.
milliseconds Simulation::note_outage()
{
    ++outages_in_row_;
    const auto wait = outages_in_row_ < issuance::outages_to_open ? milliseconds(minutes(1))
                                                                  : issuance::probe_interval(outages_in_row_);
    ca_at_ = now_ + wait;
    return wait;
}

base::Result<> Simulation::finish(Id id)
{
    // Finalized when the CA is back: the order is stored.
    if (const auto back = ca_.out_of_order(now_)) {
        at(*back + some(minutes(2)), What::issued, id);
        return {};
    }
    auto order = std::move(under_way_.extract(id).mapped());
    ca_.issue({Authority::account, order.request.identifiers, order.exempt}, now_);
    CHECKED(Budget::settle(ledger_, order.reservation, Settlement::issued, now_));
    auto& device = devices_[id];
    note_issued(device, order);
    device.issued = now_;
    device.not_after = now_ + fleet_.lifetime;
    device.window = ca_.window(device.not_after);
    device.chosen =
        device.window.start + some(issuance::choices_within(device.window.start, device.window.end));
    ++device.serial;
    renew_later(id);
    at(device.not_after, What::expiry, id, device.serial);
    wake(now_);
    return {};
}

void Simulation::note_issued(const Device& device, const Order& order)
{
    if (device.serial == 0) {
        ++today_.first;
        if (++forecast_.onboarded == devices_.size()) {
            forecast_.onboarded_at = now_;
        }
        return;
    }
    ++today_.renewed;
    ++forecast_.renewals;
    forecast_.exempt_renewals += order.exempt ? 1 : 0;
    forecast_.worst_delay = std::max(forecast_.worst_delay, now_ - device.chosen);
    const auto left = std::max(device.not_after - now_, milliseconds(0));
    forecast_.least_life_left = forecast_.renewals == 1 ? left : std::min(forecast_.least_life_left, left);
}

void Simulation::renew_later(Id id)
{
    auto& device = devices_[id];
    model::Certificate certificate;
    certificate.created_at = device.issued;
    certificate.not_before = device.issued;
    certificate.not_after = device.not_after;
    device.chosen = std::max(issuance::advised_renewal(certificate, device.chosen), now_);
    renewals_.push({device.chosen, id, device.serial, device.chosen});
    wake(std::max(renewals_.top().ready, ca_at_));
}

base::Result<> Simulation::add_person()
{
    Order order;
    order.request.account = Authority::account;
    order.request.directory_url = fleet_.directory_url;
    order.request.identifiers = {fmt::format("www.p{}.example", ++added_)};
    const auto reserved = Budget::reserve(ledger_, order.request, now_);
    auto wait = until_next(fleet_.others_a_day);
    if (!reserved) {
        wait = reserved.error().retry_after().value_or(minutes(1));
    } else {
        order.reservation = *reserved;
        TRY(refused, ask_ca(order));
        if (refused) {
            wait = *refused;
        } else {
            ca_.issue({Authority::account, order.request.identifiers, false}, now_);
            CHECKED(Budget::settle(ledger_, order.reservation, Settlement::issued, now_));
        }
    }
    at(now_ + wait, What::person);
    return {};
}

// The windows lie in the past (ca-facts 1.2); each device's is seen when it is asked for next.
void Simulation::call_in(const CallIn& wanted)
{
    std::uniform_real_distribution<double> chance;
    for (Id id = 0; id < devices_.size(); ++id) {
        auto& device = devices_[id];
        if (device.serial > 0 && chance(dice_) < wanted.share) {
            device.window = {now_ - hours(1), now_ - minutes(30)};
            device.chosen = now_ + some(advice_poll);
            renew_later(id);
        }
    }
}

}  // namespace simulate
