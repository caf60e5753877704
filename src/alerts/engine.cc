#include "alerts/engine.h"

#include "alerts/notices.h"
#include "base/log.h"
#include "issuance/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>

namespace alerts {

using base::Result;
using base::Task;

namespace {

constexpr const char* lease_name = "alerts";
constexpr const char* cursor_name = "alerts.event_cursor";
constexpr std::chrono::seconds lease_length{30};
constexpr std::chrono::seconds lease_renewal{10};
constexpr std::size_t events_at_once = 50;
constexpr std::size_t looks_at_once = 50;
// Events from before an upgrade, or from a long standstill, are no news.
constexpr std::chrono::days oldest_news{1};

Result<std::int64_t> cursor(store::Transaction& tx)
{
    TRY(text, tx.settings.get(cursor_name));
    std::int64_t number = 0;
    if (text) {
        std::from_chars(text->data(), text->data() + text->size(), number);
    }
    return number;
}

bool is_subject(const std::string& subject)
{
    return subject == "platform" || subject.starts_with("ep_");
}

// One event after the other into channels; each subject is looked at once.
Result<std::size_t> follow(store::Transaction& tx, const Options& options, base::Time now)
{
    TRY(after, cursor(tx));
    TRY(events, tx.events.after(after, "", events_at_once));
    if (events.empty()) {
        return 0U;
    }
    ChannelTable channels(tx);
    std::set<std::string> subjects;
    for (const auto& event : events) {
        if (event.created_at > now - oldest_news) {
            CHECKED(report(tx, options, channels, event, now));
        }
        CHECKED(note_account(tx, options, event, now));
        // What this engine says itself is no reason to look again.
        const bool ours = event.type == "certificate.expiring" || event.type == "certificate.expired";
        if (is_subject(event.subject) && !ours) {
            subjects.insert(event.subject);
        }
    }
    for (const auto& subject : subjects) {
        CHECKED(look(tx, options, subject, Cause::event, now));
    }
    CHECKED(tx.settings.put(cursor_name, std::to_string(events.back().number)));
    return events.size();
}

Result<> look_at_accounts(store::Transaction& tx, const Options& options, base::Time now)
{
    TRY(accounts, tx.accounts.list());
    for (const auto& account : accounts) {
        TRY(bucket, tx.budgets.get(issuance::BucketKey(account.id, issuance::LimitKind::new_orders).text()));
        const auto finding = bucket ? judge_budget(*bucket, now) : std::nullopt;
        const Subject subject{account.id, "", account.name.empty() ? account.id : account.name};
        CHECKED(finding ? open(tx, options, subject, *finding, Cause::look, now)
                        : resolve(tx, options, account.id, {"ca_budget_low"}, now));
        if (account.deactivated) {
            CHECKED(settle(tx, options, subject, {}, Cause::look, now));
        }
    }
    return {};
}

Result<> look_at_edges(store::Transaction& tx, const Options& options, base::Time now)
{
    TRY(edges, tx.edges.list());
    for (const auto& edge : edges) {
        const auto finding = judge_edge(edge, options.edge_silent, now);
        std::vector<Finding> findings;
        if (finding) {
            findings.push_back(*finding);
        }
        CHECKED(settle(tx, options, {edge.id, "", edge.name}, findings, Cause::look, now));
    }
    return {};
}

// What is there of that which only rules of the platform are about. Zones: none when they are not known yet.
Result<std::set<std::string>> platform_subjects(store::Transaction& tx, const std::vector<ZoneState>& zones)
{
    std::set<std::string> there;
    TRY(accounts, tx.accounts.list());
    std::ranges::transform(accounts, std::inserter(there, there.end()), &model::CaAccount::id);
    TRY(edges, tx.edges.list());
    std::ranges::transform(edges, std::inserter(there, there.end()), &model::EdgeNode::id);
    for (const auto& zone : zones) {
        there.insert("zone/" + zone.zone);
    }
    return there;
}

// Alerts about accounts, edges and zones that are there no more: nothing else looks at those again.
Result<> close_orphans(store::Transaction& tx, const Options& options, const std::vector<ZoneState>& zones,
                       base::Time now)
{
    TRY(there, platform_subjects(tx, zones));
    for (const auto& rule : rules()) {
        if (!rule.of_platform || (zones.empty() && rule.name == "name_server_unreachable")) {
            continue;
        }
        store::AlertFilter filter;
        filter.rule = rule.name;
        filter.limit = 1'000;
        TRY(open_ones, tx.alerts.list(filter));
        for (const auto& alert : open_ones.items) {
            if (!there.contains(alert.subject)) {
                CHECKED(settle(tx, options, {alert.subject, "", alert.name}, {}, Cause::look, now));
            }
        }
    }
    return {};
}

Result<> look_at_zones(store::Transaction& tx, const Options& options, const std::vector<ZoneState>& zones,
                       base::Time now)
{
    for (const auto& zone : zones) {
        if (!zone.known) {
            continue;
        }
        std::vector<Finding> findings;
        if (!zone.ok) {
            findings.push_back(
                {"name_server_unreachable", model::Severity::critical, zone.problem, std::nullopt});
        }
        CHECKED(settle(tx, options, {"zone/" + zone.zone, "", zone.zone}, findings, Cause::look, now));
    }
    return {};
}

}  // namespace

Engine::Engine(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
               const PlatformView& platform, Carriers& carriers, const Options& options)
    : store_(store),
      clock_(clock),
      platform_(platform),
      options_(options),
      courier_(std::move(executor), store, clock, carriers, options,
               [this](store::Transaction& tx) { return check_lease(tx); })
{
}

boost::asio::awaitable<void> Engine::run()
{
    std::exception_ptr stopped;
    try {
        while (true) {
            const auto done = co_await round();
            if (!done) {
                base::log::warning("alerts_round_failed", {{"error", done.error().message()}});
                if (done.error().code() == "lease_lost") {
                    lease_.reset();
                }
            }
            const bool holds = done && *done;
            co_await clock_.sleep(holds ? options_.poll : 5 * options_.poll);
        }
    } catch (...) {
        stopped = std::current_exception();
    }
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::disable_cancellation());
    co_await courier_.stop();
    std::rethrow_exception(stopped);
}

Task<bool> Engine::round()
{
    CO_TRY(held, co_await hold_lease());
    if (!held) {
        co_return false;
    }
    const auto now = clock_.now();
    if (now - platform_seen_ >= options_.platform_poll) {
        CO_CHECKED(co_await look_at_platform());
        platform_seen_ = now;
    }
    if (now - house_kept_ >= std::chrono::hours(1)) {
        CO_CHECKED(co_await keep_house());
        house_kept_ = now;
    }
    CO_TRY(due, co_await anything_due());
    if (due) {
        CO_CHECKED(co_await follow_events());
        CO_CHECKED(co_await look_again());
        CO_CHECKED(co_await write_notices());
    }
    CO_TRY(started, co_await courier_.start_due());
    co_return true;
}

Task<bool> Engine::hold_lease()
{
    const auto now = clock_.now();
    if (lease_ && now - lease_renewed_ < lease_renewal) {
        co_return true;
    }
    auto acquire = [node = options_.node](store::Transaction& tx) {
        return tx.leases.acquire(lease_name, node, lease_length);
    };
    CO_TRY(lease, co_await store_.write(std::move(acquire)));
    const bool first = lease && !lease_;
    lease_ = lease;
    lease_renewed_ = now;
    if (first) {
        base::log::info("alerts_here", {{"node", options_.node}});
        auto put = [this, now](store::Transaction& tx) { return put_configured_channels(tx, options_, now); };
        CO_CHECKED(co_await store_.write(std::move(put)));
    }
    co_return lease_.has_value();
}

Result<> Engine::check_lease(store::Transaction& tx) const
{
    if (!lease_) {
        return base::fail(
            base::Error(base::Errc::conflict, "another node has the alerts").with_code("lease_lost"));
    }
    return tx.leases.check(*lease_);
}

// A look without a write: most of the time nothing is due.
Task<bool> Engine::anything_due()
{
    auto read = [now = clock_.now()](store::Transaction& tx) -> Result<bool> {
        TRY(after, cursor(tx));
        TRY(events, tx.events.after(after, "", 1));
        TRY(looks, tx.alerts.due_looks(now, 1));
        TRY(alerts, tx.alerts.due_notices(now, 1));
        TRY(notices, tx.notices.due(now, 1));
        return !events.empty() || !looks.empty() || !alerts.empty() || !notices.empty();
    };
    co_return co_await store_.read(std::move(read));
}

Task<> Engine::follow_events()
{
    for (bool more = true; more;) {
        auto work = [this, now = clock_.now()](store::Transaction& tx) -> Result<std::size_t> {
            CHECKED(check_lease(tx));
            return follow(tx, options_, now);
        };
        CO_TRY(count, co_await store_.write(std::move(work)));
        more = count == events_at_once;
    }
    co_return Result<>();
}

Task<> Engine::look_again()
{
    for (bool more = true; more;) {
        auto work = [this, now = clock_.now()](store::Transaction& tx) -> Result<std::size_t> {
            CHECKED(check_lease(tx));
            TRY(subjects, tx.alerts.due_looks(now, looks_at_once));
            for (const auto& subject : subjects) {
                CHECKED(look(tx, options_, subject, Cause::look, now));
            }
            return subjects.size();
        };
        CO_TRY(count, co_await store_.write(std::move(work)));
        more = count == looks_at_once;
    }
    co_return Result<>();
}

Task<> Engine::look_at_platform()
{
    auto work = [this, zones = platform_.zones(), now = clock_.now()](store::Transaction& tx) -> Result<> {
        CHECKED(check_lease(tx));
        CHECKED(look_at_accounts(tx, options_, now));
        CHECKED(look_at_edges(tx, options_, now));
        CHECKED(look_at_zones(tx, options_, zones, now));
        return look(tx, options_, "platform", Cause::look, now);
    };
    co_return co_await store_.write(std::move(work));
}

Task<> Engine::write_notices()
{
    for (bool more = true; more;) {
        auto queue = [this, now = clock_.now()](store::Transaction& tx) -> Result<std::size_t> {
            CHECKED(check_lease(tx));
            return queue_due(tx, options_, now);
        };
        CO_TRY(count, co_await store_.write(std::move(queue)));
        more = count == alerts_at_once;
    }
    auto write = [this, now = clock_.now()](store::Transaction& tx) -> Result<std::size_t> {
        CHECKED(check_lease(tx));
        return write_due(tx, options_, now);
    };
    CO_TRY(written, co_await store_.write(std::move(write)));
    co_return Result<>();
}

Task<> Engine::keep_house()
{
    auto work = [this, zones = platform_.zones(), now = clock_.now()](store::Transaction& tx) -> Result<> {
        CHECKED(check_lease(tx));
        CHECKED(close_orphans(tx, options_, zones, now));
        TRY(alerts, tx.alerts.forget(now - options_.keep));
        TRY(deliveries, tx.deliveries.forget(now - options_.keep));
        return tx.notices.forget(now - options_.keep);
    };
    co_return co_await store_.write(std::move(work));
}

}  // namespace alerts
