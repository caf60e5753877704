#include "diagnosis/watch.h"

#include "base/log.h"
#include "base/random.h"
#include "diagnosis/status.h"

#include <algorithm>
#include <cmath>

namespace diagnosis {

namespace {

using std::chrono::milliseconds;

base::Task<DnsFindings> as_task(boost::asio::awaitable<DnsFindings> work)
{
    co_return co_await std::move(work);
}

// Up to a tenth more, so that endpoints added together drift apart.
milliseconds with_jitter(milliseconds interval)
{
    const auto tenth = static_cast<std::uint64_t>(std::max<std::int64_t>(interval.count() / 10, 1));
    return interval + milliseconds(static_cast<std::int64_t>(base::random_below(tenth)));
}

}  // namespace

std::chrono::milliseconds next_interval(const Cadence& cadence, model::EndpointState state, int checks)
{
    if (state == model::EndpointState::parked) {
        return cadence.parked;
    }
    if (state == model::EndpointState::active) {
        return cadence.longest;
    }
    const int grown = std::max(0, checks - cadence.steady + 1);
    const double interval = static_cast<double>(cadence.first.count()) * std::pow(cadence.factor, grown);
    return interval < static_cast<double>(cadence.longest.count())
               ? milliseconds(static_cast<std::int64_t>(interval))
               : cadence.longest;
}

Watch::Watch(boost::asio::any_io_executor executor, store::Store& store, dns::Resolver& resolver,
             base::Clock& clock, NeedsCertificate& issuance, WatchOptions options)
    : store_(store),
      resolver_(resolver),
      clock_(clock),
      issuance_(issuance),
      options_(std::move(options)),
      sleeper_(executor),
      checks_(executor)
{
}

boost::asio::awaitable<void> Watch::run()
{
    std::exception_ptr stopped;
    try {
        for (;;) {
            auto started = co_await start_due();
            if (!started) {
                base::log::warning("dns_watch_failed", {{"error", started.error().message()}});
            }
            sleeper_.expires_after(options_.poll);
            boost::system::error_code woken;
            co_await sleeper_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await checks_.stop();
    std::rethrow_exception(stopped);
}

base::Task<> Watch::start_due()
{
    if (checks_.size() >= options_.in_flight) {
        co_return base::Result<>();
    }
    // Those that are being checked are still due in the index.
    const auto now = clock_.now();
    const auto limit = options_.in_flight + running_.size();
    auto read = [now, limit](store::Transaction& tx) { return tx.endpoints.due_checks(now, limit); };
    CO_TRY(due, co_await store_.read(read));
    backlog_ = due.size() >= limit;
    for (const auto& endpoint : due) {
        if (checks_.size() < options_.in_flight && running_.insert(endpoint.id).second) {
            checks_.spawn("check " + endpoint.name().text(), check_due(endpoint.id));
        }
    }
    co_return base::Result<>();
}

boost::asio::awaitable<void> Watch::check_due(std::string endpoint)
{
    struct Running {
        std::set<std::string>& all;
        const std::string& id;
        ~Running() { all.erase(id); }
    };
    {
        const Running running{running_, endpoint};
        auto checked = co_await check_now(endpoint);
        if (!checked && checked.error().kind() != base::Errc::not_found) {
            base::log::warning("dns_check_failed",
                               {{"endpoint", endpoint}, {"error", checked.error().message()}});
        }
    }
    // More are due than may run at once: refill when half is done, not at each end, which would read the
    // index for each.
    if (backlog_ && running_.size() <= options_.in_flight / 2) {
        wake();
    }
}

base::Task<DnsFindings> Watch::findings(model::Endpoint endpoint)
{
    auto read = [group = endpoint.edge_group, policy = endpoint.ca_policy,
                 said = options_.caa_identities](store::Transaction& tx) -> base::Result<CheckContext> {
        CheckContext context;
        if (auto found = tx.groups.get(group)) {
            context.addresses = found->addresses;
        }
        TRY(accounts, tx.accounts.of_policy(policy));
        for (const auto& each : accounts) {
            const bool set = each.is_default && !said.empty();
            context.cas.push_back({each.name, set ? said : each.caa_identities, each.account_url});
        }
        return context;
    };
    CO_TRY(context, co_await store_.read(std::move(read)));
    auto work = check_dns(resolver_, std::move(endpoint), context, clock_.now());
    co_return co_await base::with_timeout(options_.limit, as_task(std::move(work)));
}

base::Task<DnsFindings> Watch::look(model::Endpoint endpoint)
{
    co_return co_await findings(std::move(endpoint));
}

base::Task<model::Endpoint> Watch::check_now(std::string endpoint)
{
    auto read = [endpoint](store::Transaction& tx) { return tx.endpoints.get(endpoint); };
    CO_TRY(current, co_await store_.read(read));
    auto found = co_await findings(current);
    const auto now = clock_.now();
    auto save = [this, endpoint, found = std::move(found),
                 now](store::Transaction& tx) -> base::Result<std::pair<model::Endpoint, bool>> {
        TRY(before, tx.endpoints.get(endpoint));
        auto after = before;
        if (found) {
            TRY(recorded, record_findings(tx, endpoint, *found, now));
            after = std::move(recorded);
        }
        if (after.deleted_at || !after.next_check_at) {
            return std::pair(std::move(after), false);
        }
        const auto interval = next_interval(options_.cadence, after.status.state, after.checks);
        after.next_check_at = now + with_jitter(interval);
        ++after.checks;
        CHECKED(tx.endpoints.update(after));
        bool work = false;
        if (!provable_challenges(after, after.status.conditions, false).empty()) {
            TRY(needed, issuance_.needs_certificate(tx, after, now));
            work = needed;
        }
        CHECKED(refresh_status(tx, endpoint, now));
        TRY(stored, tx.endpoints.get(endpoint));
        return std::pair(std::move(stored), work);
    };
    CO_TRY(saved, co_await store_.write(std::move(save)));
    if (saved.second) {
        issuance_.wake();
    }
    co_return std::move(saved.first);
}

}  // namespace diagnosis
