#include "edge/on_demand.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace edge {

namespace asio = boost::asio;

namespace {

// Who comes, for rates: of IPv6 the network, within which addresses are a visitor's own choice (RFC 6177).
std::string visitor(const asio::ip::address& address)
{
    if (address.is_v4()) {
        return address.to_string();
    }
    if (address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    }
    auto octets = address.to_v6().to_bytes();
    std::fill(octets.begin() + octets.size() / 2, octets.end(), std::uint8_t{0});
    return asio::ip::address_v6(octets).to_string() + "/64";
}

// Control is not asked again at once about a name that it could not decide on.
constexpr std::chrono::seconds until_asked_again{1};
// A name whose certificate has not come in time gets another try later.
constexpr std::chrono::minutes until_awaited_again{10};

bool is_about(const Touched& touched, const std::string& name)
{
    return touched.everything ||
           std::ranges::any_of(touched.names, [&](const auto& each) { return concerns(each, name); });
}

}  // namespace

struct OnDemand::Waiting {
    explicit Waiting(const asio::any_io_executor& executor, Instant deadline) : timer(executor, deadline) {}
    asio::steady_timer timer;
    bool changed = false;
};

OnDemand::OnDemand(Ask ask, Limits limits)
    : ask_(std::move(ask)), limits_(limits), refused_(limits.remembered), awaited_(limits.remembered)
{
}

OnDemand::May OnDemand::may_wish(const model::Pool& pool, const std::string& name)
{
    if (!ask_ || pool.none()) {
        return May::no;
    }
    if (const auto* known = refused_.find(name, std::chrono::steady_clock::now())) {
        return *known;
    }
    const auto parsed = model::DomainName::parse(name);
    if (!parsed || !model::check_pool_name(pool, *parsed)) {
        return May::no;
    }
    return waiting_.size() >= limits_.waiting ? May::later : May::yes;
}

bool OnDemand::may_wait(const model::Pool& pool, const Route& route, const std::string& name)
{
    const bool may_come = ask_ && !pool.none() && !route.redirect.none() && !route.suspended &&
                          route.certificates.empty() && waiting_.size() < limits_.waiting;
    if (!may_come) {
        return false;
    }
    const auto now = std::chrono::steady_clock::now();
    const auto* since = awaited_.find(name, now);
    if (since == nullptr) {
        awaited_.put(name, now, now + until_awaited_again);
        return true;
    }
    return now - *since < limits_.patience;
}

base::Task<OnDemand::Answer> OnDemand::wish(std::string name, asio::ip::address client)
{
    model::Wish wanted{name, visitor(client)};
    auto asking = ask_(std::move(wanted));
    const auto answer = co_await std::move(asking);
    const auto now = std::chrono::steady_clock::now();
    if (!answer) {
        refused_.put(name, May::later, now + until_asked_again);
        co_return Answer::undecided;
    }
    if (!answer->granted) {
        const bool later = answer->code == "wishes_limited" || answer->code == "dns_lookup_failed";
        refused_.put(name, later ? May::later : May::no, now + answer->keep);
        co_return later ? Answer::undecided : Answer::refused;
    }
    awaited_.put(name, now, now + until_awaited_again);
    co_return Answer::granted;
}

base::Task<bool> OnDemand::change_of(std::string name, Instant deadline)
{
    struct Listed {
        Listed(OnDemand& all, const std::string& name, const asio::any_io_executor& executor,
               Instant deadline)
            : all(all), waiting(executor, deadline), place(all.waiting_.emplace(name, &waiting))
        {
        }
        Listed(const Listed&) = delete;
        Listed& operator=(const Listed&) = delete;
        ~Listed() { all.waiting_.erase(place); }
        OnDemand& all;
        Waiting waiting;
        std::unordered_multimap<std::string, Waiting*>::iterator place;
    };
    Listed listed(*this, name, co_await asio::this_coro::executor, deadline);
    boost::system::error_code woken;
    co_await listed.waiting.timer.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken && !listed.waiting.changed) {
        throw boost::system::system_error(asio::error::operation_aborted);  // The waiter was cancelled.
    }
    co_return listed.waiting.changed;
}

void OnDemand::changed(const Touched& touched)
{
    for (auto& [name, waiting] : waiting_) {
        if (is_about(touched, name)) {
            waiting->changed = true;
            waiting->timer.cancel();
        }
    }
}

}  // namespace edge
