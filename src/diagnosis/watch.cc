#include "diagnosis/watch.h"

#include "base/log.h"
#include "base/random.h"
#include "diagnosis/renewal_notice.h"
#include "diagnosis/status.h"

#include <algorithm>
#include <cmath>
#include <map>

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

// What the checks of `endpoint` compare with.
base::Result<CheckContext> context_for(store::Transaction& tx, const model::Endpoint& endpoint,
                                       const std::vector<std::string>& said, base::Time now)
{
    CheckContext context;
    if (auto group = tx.groups.get(endpoint.edge_group)) {
        context.addresses = group->addresses;
        if (auto certificate = tx.certificates.get(group->default_certificate)) {
            context.certificates.push_back(certificate->sha256);
        }
    }
    if (auto account = tx.accounts.default_account()) {
        context.thumbprint = account->thumbprint;
    }
    TRY(accounts, tx.accounts.of_policy(endpoint.ca_policy));
    for (const auto& each : accounts) {
        const bool set = each.is_default && !said.empty();
        context.cas.push_back({each.name, set ? said : each.caa_identities, each.account_url});
    }
    TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
    for (const auto& each : certificates) {
        context.certificates.push_back(each.sha256);
        context.serving = context.serving || serves(each, endpoint, now);
    }
    return context;
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
      ring_(executor, store, resolver, options_.probes, options_.ring,
            [this](std::string endpoint) {
                woken_.push_back(std::move(endpoint));
                wake();
            }),
      ring_task_(executor),
      checks_(executor)
{
}

boost::asio::awaitable<void> Watch::run()
{
    std::exception_ptr stopped;
    if (options_.probes.dns_port != 0) {
        ring_task_.spawn("parked_ring", ring_.run());
    }
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
    co_await ring_task_.stop();
    co_await checks_.stop();
    std::rethrow_exception(stopped);
}

base::Task<> Watch::start_due()
{
    if (checks_.size() >= options_.in_flight) {
        co_return base::Result<>();
    }
    for (; !woken_.empty() && checks_.size() < options_.in_flight; woken_.pop_front()) {
        start(woken_.front());
    }
    // Those that are being checked are still due in the index.
    const auto now = clock_.now();
    const auto limit = options_.in_flight + running_.size();
    auto read = [now, limit](store::Transaction& tx) { return tx.endpoints.due_checks(now, limit); };
    CO_TRY(due, co_await store_.read(read));
    backlog_ = due.size() >= limit;
    // One tenant has half of the room at most: names whose servers do not answer hold up nobody else's. Its
    // longest due are the ones that run already.
    const auto share = std::max<std::size_t>(options_.in_flight / 2, 1);
    std::map<std::string, std::size_t> counts;
    for (const auto& endpoint : due) {
        if (++counts[endpoint.tenant] <= share && checks_.size() < options_.in_flight) {
            start(endpoint.id);
        }
    }
    co_return base::Result<>();
}

void Watch::start(const std::string& endpoint)
{
    if (running_.insert(endpoint).second) {
        checks_.spawn("check " + endpoint, check_due(endpoint));
    }
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
        auto checked = co_await check(endpoint, false);
        if (!checked && checked.error().kind() != base::Errc::not_found) {
            base::log::warning("dns_check_failed",
                               {{"endpoint", endpoint}, {"error", checked.error().message()}});
        }
    }
    // More are due than may run at once: refill when a quarter is done, not at each end, which would read the
    // index for each.
    if (backlog_ && running_.size() % std::max<std::size_t>(options_.in_flight / 4, 1) == 0) {
        wake();
    }
}

base::Task<DnsFindings> Watch::findings(model::Endpoint endpoint, bool thorough)
{
    const auto now = clock_.now();
    auto read = [endpoint, now, said = options_.caa_identities](store::Transaction& tx) {
        return context_for(tx, endpoint, said, now);
    };
    CO_TRY(context, co_await store_.read(std::move(read)));
    context.probes = options_.probes;
    context.thorough = thorough;
    // Our own addresses may be connected to, whatever they are.
    auto granted = options_.private_blocks;
    granted.insert(granted.end(), context.addresses.begin(), context.addresses.end());
    CO_TRY(blocks, net::AddressSet::parse(granted));
    context.probes.granted = blocks;
    auto work = check_endpoint(resolver_, std::move(endpoint), context, now);
    co_return co_await base::with_timeout(options_.limit, as_task(std::move(work)));
}

base::Task<DnsFindings> Watch::look(model::Endpoint endpoint)
{
    co_return co_await findings(std::move(endpoint), false);
}

base::Task<model::Endpoint> Watch::check_now(std::string endpoint)
{
    co_return co_await check(std::move(endpoint), true);
}

base::Task<model::Endpoint> Watch::check(std::string endpoint, bool thorough)
{
    auto read = [endpoint](store::Transaction& tx) { return tx.endpoints.get(endpoint); };
    CO_TRY(current, co_await store_.read(read));
    auto found = co_await findings(current, thorough);
    const auto now = clock_.now();
    auto save = [this, endpoint, found = std::move(found), now](store::Transaction& tx) {
        return store_look(tx, endpoint, found, now);
    };
    CO_TRY(saved, co_await store_.write(std::move(save)));
    ring_.note(saved.first);
    if (saved.second) {
        issuance_.wake();
    }
    co_return std::move(saved.first);
}

base::Result<std::pair<model::Endpoint, bool>> Watch::store_look(store::Transaction& tx,
                                                                 const std::string& endpoint,
                                                                 const base::Result<DnsFindings>& found,
                                                                 base::Time now)
{
    TRY(before, tx.endpoints.get(endpoint));
    auto stored = before;
    if (found) {
        TRY(recorded, record_findings(tx, before, *found, now, options_.moved_notice));
        stored = std::move(recorded);
    }
    if (stored.deleted_at || !stored.next_check_at) {
        return std::pair(std::move(stored), false);
    }
    TRY(live, tx.certificates.of_endpoint(endpoint));
    const auto early = look_before_renewal(live);
    CHECKED(tell_of_renewal(tx, before, stored, live, now));
    auto after = stored;
    const auto interval = next_interval(options_.cadence, after.status.state, after.checks);
    after.next_check_at = now + with_jitter(interval);
    if (early && *early > now) {
        after.next_check_at = std::min(*after.next_check_at, *early);
    }
    ++after.checks;
    bool work = false;
    if (!provable_challenges(after, after.status.conditions, false).empty()) {
        TRY(needed, issuance_.needs_certificate(tx, after, now));
        work = needed;
    }
    TRY(settled, refresh_status(tx, stored, std::move(after), now));
    return std::pair(std::move(settled), work);
}

}  // namespace diagnosis
