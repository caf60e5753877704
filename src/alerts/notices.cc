#include "alerts/notices.h"

#include "alerts/confirmation.h"
#include "alerts/document.h"
#include "base/bytes.h"
#include "base/random.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace alerts {

namespace {

using base::Result;
using model::Alert;
using model::Channel;
using store::NoticeQueue;

constexpr std::size_t most_in_a_group = 5'000;
constexpr std::size_t examples_in_a_group = 100;

std::string_view type_of(const Alert& alert)
{
    return alert.resolved_at ? "alert.resolved" : alert.notified_at ? "alert.reminder" : "alert.opened";
}

Telling telling_of(std::string_view type)
{
    return type == "alert.resolved"   ? Telling::resolved
           : type == "alert.reminder" ? Telling::reminder
                                      : Telling::opened;
}

// A tenant's silence is about its own channels; the operator's about all.
bool silences(const model::Silence& silence, const Channel& channel, const Alert& alert)
{
    return (silence.tenant.empty() || silence.tenant == channel.tenant) &&
           (silence.tenant.empty() || silence.tenant == alert.tenant) &&
           (silence.alert.empty() || silence.alert == alert.id) &&
           (silence.subject.empty() || silence.subject == alert.subject) &&
           (silence.rule.empty() || silence.rule == alert.rule);
}

Result<Ending> ending_of_endpoint(store::Transaction& tx, const Alert& alert)
{
    const auto endpoint = tx.endpoints.get(alert.subject);
    if (!endpoint) {
        return endpoint.error().kind() == base::Errc::not_found ? Result<Ending>(Ending::removed)
                                                                : base::fail(endpoint.error());
    }
    const auto state = endpoint->status.state;
    if (endpoint->deleted_at || state == model::EndpointState::deleting) {
        return Ending::removed;
    }
    if (endpoint->tenant != alert.tenant) {
        return Ending::transferred;
    }
    return state == model::EndpointState::suspended ? Ending::suspended : Ending::mended;
}

// Why an alert is over, as its subject is now.
Result<Ending> ending_of(store::Transaction& tx, const Alert& alert, base::Time now)
{
    if (alert.subject.starts_with("ep_")) {
        return ending_of_endpoint(tx, alert);
    }
    if (alert.rule == "edge_unreachable") {
        TRY(edges, tx.edges.list());
        const auto found = std::ranges::find(edges, alert.subject, &model::EdgeNode::id);
        return found == edges.end() || is_gone(*found, now) ? Ending::removed : Ending::mended;
    }
    if (alert.subject.starts_with("ca_")) {
        const auto account = tx.accounts.get(alert.subject);
        return !account || account->deactivated ? Ending::removed : Ending::mended;
    }
    return Ending::mended;
}

// How telling one alert went.
struct Told {
    bool told = false;
    std::optional<base::Time> silent_until;
};

base::Result<> queue_for(store::Transaction& tx, const Options& options, const Channel& channel,
                         const Alert& alert, base::Time now)
{
    NoticeQueue::Entry entry;
    entry.channel = channel.id;
    entry.alert = alert.id;
    entry.type = type_of(alert);
    entry.reason = fmt::format("{}/{}/{}/{}", alert.rule, alert.problem.code,
                               model::to_string(alert.problem.actor), entry.type);
    if (alert.resolved_at) {
        TRY(ending, ending_of(tx, alert, now));
        entry.reason += fmt::format("/{}", to_string(ending));
    }
    TRY(waiting, tx.notices.find(channel.id, alert.id));
    if (waiting && waiting->type == "alert.opened" && alert.resolved_at) {
        return tx.notices.remove(channel.id, alert.id);  // It came and went before anybody was told.
    }
    TRY(burst, tx.notices.burst(channel.id, entry.reason));
    const auto ends = burst.since + options.error_interval;
    const bool full = now < ends && burst.notices >= static_cast<std::int64_t>(options.group_over);
    entry.due_at = full ? ends : now;
    return tx.notices.add(entry);
}

base::Result<Told> tell(store::Transaction& tx, const Options& options, ChannelTable& channels,
                        const std::vector<model::Silence>& all_silences, const Alert& alert, base::Time now)
{
    Told told;
    TRY(hearing, channels.heard_by(alert.tenant));
    for (const auto& channel : hearing) {
        if (!concerns(channel, alert) || !model::wants(channel, type_of(alert)) ||
            alert.severity < channel.least) {
            continue;
        }
        const auto silence = std::ranges::find_if(
            all_silences, [&](const model::Silence& each) { return silences(each, channel, alert); });
        if (silence != all_silences.end()) {
            told.silent_until = std::min(silence->until, told.silent_until.value_or(silence->until));
            continue;
        }
        CHECKED(queue_for(tx, options, channel, alert, now));
        told.told = true;
    }
    return told;
}

// When the next notice may go. Nobody to tell: a channel may be added meanwhile.
std::optional<base::Time> next_notice(const Options& options, const Alert& alert, const Told& told,
                                      base::Time now)
{
    if (alert.resolved_at) {
        return std::nullopt;
    }
    const auto interval = interval_of(options, alert.rule);
    if (!told.told) {
        return told.silent_until ? *told.silent_until : now + options.error_interval;
    }
    std::optional<base::Time> next;
    if (options.remind.count() > 0) {
        next = now + std::max(interval, options.remind);
    }
    if (told.silent_until) {
        next = std::max(now + interval, *told.silent_until);
    }
    return next;
}

// Expiry has events of its own, as often as it is told.
base::Result<> append_expiry_event(store::Transaction& tx, const Alert& alert, base::Time now)
{
    const auto* rule = find_rule(alert.rule);
    if (rule == nullptr || !rule->of_time || alert.resolved_at) {
        return {};
    }
    model::Event event;
    event.tenant = alert.tenant;
    event.subject = alert.subject;
    event.type = "certificate." + alert.rule;
    event.message = text_of(alert, TextFacts{.now = now}).summary;
    event.data["name"] = alert.name;
    event.data["reason"] = alert.problem.code;
    if (alert.deadline) {
        event.data["not_after"] = base::to_rfc3339(*alert.deadline);
    }
    event.created_at = now;
    return tx.events.append(event);
}

// The records that are not as they should be, for whoever has to make them.
base::Result<std::vector<std::string>> record_lines(store::Transaction& tx, const Alert& alert)
{
    std::vector<std::string> lines;
    if (alert.problem.actor != model::Actor::customer || !alert.subject.starts_with("ep_")) {
        return lines;
    }
    const auto endpoint = tx.endpoints.get(alert.subject);
    if (!endpoint) {
        return lines;
    }
    for (const auto& record : endpoint->required_records) {
        if (record.status == model::RecordStatus::ok || record.status == model::RecordStatus::unknown) {
            continue;
        }
        std::string found;
        for (const auto& each : record.found) {
            found += (found.empty() ? "" : ", ") + each;
        }
        lines.push_back(fmt::format("{}  {}  {}   (now: {})", record.name, record.type, record.value,
                                    found.empty() ? "nothing" : found));
    }
    return lines;
}

base::Result<> write_single(store::Transaction& tx, const Options& options, const Channel& channel,
                            const Alert& alert, std::string_view type, base::Time now)
{
    TextFacts facts{.telling = telling_of(type),
                    .to_customer = !channel.tenant.empty(),
                    .link = options.link,
                    .now = now};
    TRY(ending, ending_of(tx, alert, now));
    facts.ending = ending;
    TRY(records, record_lines(tx, alert));
    facts.records = std::move(records);
    const auto id = base::new_id("dlv");
    const auto document = notice_document(id, type, now, text_of(alert, facts), "alert", document_of(alert));
    return put_into_outbox(tx, channel, id, alert.subject, type, json::serialize(document), now);
}

base::Result<> write_group(store::Transaction& tx, const Channel& channel,
                           const std::vector<NoticeQueue::Entry>& entries, base::Time now)
{
    std::vector<Alert> alerts;
    for (const auto& entry : entries) {
        if (alerts.size() == examples_in_a_group) {
            break;
        }
        if (auto alert = tx.alerts.get(entry.alert)) {
            alerts.push_back(std::move(*alert));
        }
    }
    if (alerts.empty()) {
        return {};
    }
    const auto& type = entries.front().type;
    std::ranges::sort(alerts, {}, [](const Alert& each) {
        return std::pair(each.deadline.value_or(base::Time::max()), each.name);
    });
    TextFacts facts{.telling = telling_of(type), .to_customer = !channel.tenant.empty(), .now = now};
    TRY(ending, ending_of(tx, alerts.front(), now));
    facts.ending = ending;
    json::array examples;
    for (const auto& each : alerts) {
        examples.push_back(document_of(each));
    }
    json::object group;
    group["count"] = entries.size();
    group["rule"] = alerts.front().rule;
    group["code"] = alerts.front().problem.code;
    group["actor"] = model::to_string(alerts.front().problem.actor);
    group["examples"] = std::move(examples);
    const auto id = base::new_id("dlv");
    const auto document =
        notice_document(id, type, now, text_of(alerts, entries.size(), facts), "alerts", std::move(group));
    const auto subject = fmt::format("group/{}/{}", alerts.front().rule, alerts.front().problem.code);
    return put_into_outbox(tx, channel, id, subject, type, json::serialize(document), now);
}

// Everything that one channel has in the queue for one reason.
base::Result<std::size_t> write_reason(store::Transaction& tx, const Options& options, const Channel& channel,
                                       const std::string& reason, base::Time now)
{
    TRY(entries, tx.notices.alike(channel.id, reason, most_in_a_group));
    TRY(burst, tx.notices.burst(channel.id, reason));
    if (now >= burst.since + options.error_interval) {
        burst = {now, 0};
    }
    std::size_t written = 0;
    if (entries.size() > options.group_over) {
        CHECKED(write_group(tx, channel, entries, now));
        burst = {now, static_cast<std::int64_t>(options.group_over)};
        written = 1;
    } else {
        for (const auto& entry : entries) {
            const auto alert = tx.alerts.get(entry.alert);
            if (alert) {
                CHECKED(write_single(tx, options, channel, *alert, entry.type, now));
                ++burst.notices;
                ++written;
            }
        }
    }
    for (const auto& entry : entries) {
        CHECKED(tx.notices.remove(entry.channel, entry.alert));
    }
    CHECKED(tx.notices.put_burst(channel.id, reason, burst));
    return written;
}

}  // namespace

base::Result<std::vector<Channel>> ChannelTable::heard_by(const std::string& tenant)
{
    std::vector<Channel> all;
    for (const auto& owner :
         tenant.empty() ? std::vector<std::string>{""} : std::vector<std::string>{"", tenant}) {
        auto known = read_.find(owner);
        if (known == read_.end()) {
            TRY(channels, tx_.channels.of_tenant(owner));
            std::erase_if(channels, [](const Channel& each) { return !each.enabled || !may_hear(each); });
            known = read_.emplace(owner, std::move(channels)).first;
        }
        all.insert(all.end(), known->second.begin(), known->second.end());
    }
    return all;
}

bool concerns(const Channel& channel, const Alert& alert)
{
    if (!channel.tenant.empty()) {
        return alert.problem.actor == model::Actor::customer && channel.tenant == alert.tenant;
    }
    // Of the platform's own names the operators are the customers.
    const bool own = alert.tenant.empty() || alert.tenant == model::own_tenant;
    const bool of_customer = alert.problem.actor == model::Actor::customer;
    switch (channel.audience) {
        case model::Audience::operators:
            return !of_customer || own;
        case model::Audience::support:
            return of_customer;
        case model::Audience::all:
            break;
    }
    return true;
}

base::Result<std::size_t> queue_due(store::Transaction& tx, const Options& options, base::Time now)
{
    TRY(due, tx.alerts.due_notices(now, alerts_at_once));
    TRY(all_silences, tx.alerts.silences("", now));
    ChannelTable channels(tx);
    for (auto& alert : due) {
        TRY(told, tell(tx, options, channels, all_silences, alert, now));
        if (told.told) {
            CHECKED(append_expiry_event(tx, alert, now));
        }
        alert.notify_at = next_notice(options, alert, told, now);
        if (told.told) {
            alert.notified_at = now;
        }
        CHECKED(tx.alerts.update(alert));
    }
    return due.size();
}

base::Result<std::size_t> write_due(store::Transaction& tx, const Options& options, base::Time now)
{
    constexpr std::size_t entries_at_once = 200;
    TRY(due, tx.notices.due(now, entries_at_once));
    std::set<std::pair<std::string, std::string>> done;
    std::size_t written = 0;
    for (const auto& entry : due) {
        if (!done.emplace(entry.channel, entry.reason).second) {
            continue;
        }
        const auto channel = tx.channels.get(entry.channel);
        if (!channel) {
            CHECKED(tx.notices.remove(entry.channel, entry.alert));
            continue;
        }
        TRY(count, write_reason(tx, options, *channel, entry.reason, now));
        written += count;
    }
    return written;
}

base::Result<> report(store::Transaction& tx, const Options& options, ChannelTable& channels,
                      const model::Event& event, base::Time now)
{
    if (event.type.starts_with("alert.")) {
        return {};
    }
    TRY(hearing, channels.heard_by(event.tenant));
    for (const auto& channel : hearing) {
        if (!model::wants(channel, event.type)) {
            continue;
        }
        if (event.type.ends_with(".failed")) {
            TRY(before, tx.deliveries.newest(channel.id, event.subject, event.type));
            if (before && now < before->created_at + options.error_interval) {
                continue;
            }
        }
        const auto id = base::new_id("dlv");
        const auto document =
            notice_document(id, event.type, event.created_at, text_of(event), "event", document_of(event));
        CHECKED(put_into_outbox(tx, channel, id, event.subject, event.type, json::serialize(document), now));
    }
    return {};
}

base::Result<> put_into_outbox(store::Transaction& tx, const Channel& channel, std::string id,
                               std::string subject, std::string_view type, std::string document,
                               base::Time now)
{
    model::Delivery delivery;
    delivery.id = std::move(id);
    delivery.channel = channel.id;
    delivery.subject = std::move(subject);
    delivery.type = type;
    delivery.document = std::move(document);
    delivery.created_at = now;
    delivery.next_attempt_at = now;
    if (channel.failures > 0 && channel.failed_at) {
        delivery.next_attempt_at = std::max(now, *channel.failed_at + pause_after(channel.failures));
    }
    return tx.deliveries.add(std::move(delivery));
}

std::chrono::milliseconds pause_after(std::int64_t failures)
{
    using namespace std::chrono_literals;
    constexpr std::array<std::chrono::seconds, 6> ladder{10s, 60s, 300s, 900s, 1800s, 3600s};
    const auto step = std::clamp<std::int64_t>(failures - 1, 0, static_cast<std::int64_t>(ladder.size()) - 1);
    return ladder[static_cast<std::size_t>(step)];
}

}  // namespace alerts
