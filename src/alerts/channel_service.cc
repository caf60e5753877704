// Channels, as people make and change them.
#include "alerts/confirmation.h"
#include "alerts/document.h"
#include "alerts/mail.h"
#include "alerts/notices.h"
#include "alerts/service.h"
#include "alerts/signature.h"
#include "base/random.h"
#include "endpoints/lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace alerts {

using base::Errc;
using base::Result;
using base::Task;

namespace {

constexpr std::size_t longest_name = 60;
constexpr std::size_t most_events = 20;
constexpr std::size_t longest_event = 60;
constexpr std::size_t shown_deliveries = 20;
constexpr std::size_t shown_channels = 1'000;
constexpr std::chrono::seconds between_tests{30};

constexpr endpoints::UrlUse operators_webhook{"a webhook", "webhook", "https://hooks.example.net/certwright",
                                              true, false};
constexpr endpoints::UrlUse tenants_webhook{"a webhook", "webhook", "https://hooks.example.net/certwright",
                                            true, true};

base::Error invalid_channel(std::string message, std::string fix)
{
    return base::Error(Errc::invalid, std::move(message))
        .with_code("channel_invalid")
        .with_fix(std::move(fix));
}

Result<model::Channel> find_channel(store::Transaction& tx, const Caller& caller,
                                    const std::string& reference)
{
    auto by_id = tx.channels.get(reference);
    if (by_id && caller.may_see(by_id->tenant)) {
        return by_id;
    }
    if (!by_id && by_id.error().kind() != Errc::not_found) {
        return by_id;
    }
    TRY(own, tx.channels.of_tenant(caller.tenant));
    const auto named = std::ranges::find(own, reference, &model::Channel::name);
    if (named == own.end()) {
        return base::fail(
            base::Error(Errc::not_found, fmt::format("there is no channel '{}'", reference.substr(0, 100)))
                .with_code("channel_not_found")
                .with_fix("`certwright channel list` shows their ids and names."));
    }
    return *named;
}

Result<model::Channel> find_own(store::Transaction& tx, const Caller& caller, const std::string& reference)
{
    TRY(channel, find_channel(tx, caller, reference));
    if (channel.configured) {
        return base::fail(
            base::Error(Errc::conflict,
                        fmt::format("the channel '{}' is made by the configuration file", channel.name))
                .with_code("channel_configured")
                .with_fix("Change alerts.mail, alerts.support_mail or alerts.exec there, then restart."));
    }
    return channel;
}

base::Error unconfirmed(const model::Channel& channel)
{
    return base::Error(Errc::conflict,
                       fmt::format("{} has not confirmed that it wants mails", channel.target))
        .with_code("channel_unconfirmed")
        .with_fix(fmt::format("Give the code that was mailed there: certwright channel confirm {} CODE",
                              channel.id));
}

base::Error confirmed_already(const model::Channel& channel)
{
    return base::Error(Errc::conflict, fmt::format("the channel '{}' needs no confirmation", channel.name))
        .with_code("channel_confirmed")
        .with_fix("Nothing is left to do. Try it: certwright channel test " + channel.id);
}

// A name means one channel of its owner.
Result<> check_name(store::Transaction& tx, const model::Channel& channel)
{
    TRY(others, tx.channels.of_tenant(channel.tenant));
    const bool taken = std::ranges::any_of(others, [&](const model::Channel& each) {
        return each.name == channel.name && each.id != channel.id;
    });
    if (taken) {
        return base::fail(
            base::Error(Errc::conflict, fmt::format("there is a channel '{}' already", channel.name))
                .with_code("channel_exists")
                .with_fix("Choose another name, or change that one: certwright channel update " +
                          channel.name));
    }
    return {};
}

// It is written into mails to addresses that nobody has confirmed yet.
bool is_channel_name(std::string_view text)
{
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; };
    return !text.empty() && text.size() <= longest_name && !text.starts_with("chn_") &&
           std::ranges::none_of(text, is_control);
}

// What types of events begin with; a pattern for others would never be told of anything.
constexpr std::array<std::string_view, 4> event_groups{"alert.", "ca.", "certificate.", "endpoint."};

bool is_event_pattern(std::string_view text)
{
    const auto star = text.find('*');
    const auto fixed = text.substr(0, star);
    const bool known = std::ranges::any_of(event_groups, [&](std::string_view group) {
        return fixed.starts_with(group) || (star != std::string_view::npos && group.starts_with(fixed));
    });
    return known && !text.empty() && text.size() <= longest_event &&
           (star == std::string_view::npos || star + 1 == text.size()) &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.*") == std::string_view::npos;
}

Result<ChannelDetail> detail_of(store::Transaction& tx, const model::Channel& channel)
{
    ChannelDetail detail;
    detail.channel = channel;
    TRY(waiting, tx.deliveries.waiting(channel.id));
    TRY(deliveries, tx.deliveries.of_channel(channel.id, shown_deliveries));
    detail.waiting = waiting;
    detail.deliveries = std::move(deliveries);
    return detail;
}

void apply(const ChannelChange& change, model::Channel& channel)
{
    channel.name = change.name.value_or(channel.name);
    channel.target = change.target.value_or(channel.target);
    channel.audience = change.audience.value_or(channel.audience);
    channel.least = change.least.value_or(channel.least);
    channel.events = change.events.value_or(channel.events);
    channel.enabled = change.enabled.value_or(channel.enabled);
}

}  // namespace

// Makes the target canonical.
Result<> Service::check(const Caller& caller, model::Channel& channel) const
{
    if (!is_channel_name(channel.name)) {
        return base::fail(invalid_channel("the name of a channel has up to 60 characters, in one line",
                                          "Give a short name, such as ops-mail."));
    }
    if (channel.events.empty() || channel.events.size() > most_events ||
        !std::ranges::all_of(channel.events, is_event_pattern)) {
        return base::fail(invalid_channel(
            "events are up to 20 types of alert., ca., certificate. and endpoint., whole or ended by '*'",
            "For example alert.*, certificate.renewed, endpoint.*, or *; docs/alerts.md lists them."));
    }
    if (channel.kind == model::ChannelKind::exec) {
        return base::fail(base::Error(Errc::unauthorized, "commands are named in the configuration file only")
                              .with_code("channel_forbidden")
                              .with_fix("Set alerts.exec = [\"pager=/usr/local/bin/page --now\"] there."));
    }
    if (!channel.tenant.empty() && channel.audience != model::Audience::operators) {
        return base::fail(invalid_channel("an audience is for the operator's channels",
                                          "A tenant's channel hears of what the tenant must mend."));
    }
    if (channel.kind == model::ChannelKind::webhook) {
        const bool operators = caller.is_operator() && channel.tenant.empty();
        TRY(url,
            addresses_.check(channel.target, operators, operators ? operators_webhook : tenants_webhook));
        channel.target = url;
        return {};
    }
    const auto address = mail_address(channel.target);
    if (address.empty()) {
        return base::fail(
            invalid_channel(fmt::format("'{}' is not a mail address", channel.target.substr(0, 100)),
                            "Give one address, such as ops@example.com."));
    }
    channel.target = address;
    return {};
}

Result<model::Channel> Service::draft(const Caller& caller, const NewChannel& wanted) const
{
    if (!caller.may_see(wanted.tenant)) {
        return base::fail(endpoints::foreign_tenant());
    }
    model::Channel channel;
    channel.id = base::new_id("chn");
    channel.tenant = wanted.tenant;
    channel.name = wanted.name;
    channel.kind = wanted.kind;
    channel.target = wanted.target;
    channel.audience = wanted.audience.value_or(model::Audience::operators);
    channel.least = wanted.least.value_or(model::Severity::warning);
    channel.events = wanted.events.empty() ? std::vector<std::string>{"alert.*"} : wanted.events;
    channel.created_at = clock_.now();
    CHECKED(check(caller, channel));
    return channel;
}

std::string Service::seal_new_secret(model::Channel& channel) const
{
    auto secret = new_webhook_secret();
    channel.sealed_secret = sealer_.seal(base::as_bytes(secret), model::channel_context(channel));
    return secret;
}

Task<ChannelDetail> Service::add_channel(Caller caller, NewChannel wanted)
{
    if (!caller.is_operator() && wanted.tenant.empty()) {
        wanted.tenant = caller.tenant;
    }
    CO_TRY(channel, draft(caller, wanted));
    std::string secret;
    if (channel.kind == model::ChannelKind::webhook) {
        secret = seal_new_secret(channel);
    }
    auto write = [this, channel](store::Transaction& tx) -> Result<model::Channel> {
        if (!channel.tenant.empty()) {
            TRY(tenant, endpoints::find_tenant(tx, channel.tenant));
            TRY(present, tx.channels.of_tenant(channel.tenant));
            if (static_cast<std::int64_t>(present.size()) >= options_.channels_per_tenant) {
                return base::fail(
                    base::Error(Errc::unauthorized,
                                fmt::format("a tenant has up to {} channels", options_.channels_per_tenant))
                        .with_code("quota_exceeded"));
            }
        }
        CHECKED(check_name(tx, channel));
        auto made = channel;
        if (needs_confirmation(made)) {
            CHECKED(send_confirmation(tx, sealer_, options_, made, made.created_at));
        }
        CHECKED(tx.channels.put(made));
        return made;
    };
    ChannelDetail detail;
    CO_TRY(made, co_await store_.write(std::move(write)));
    detail.channel = std::move(made);
    detail.secret = std::move(secret);
    co_return detail;
}

Task<std::vector<model::Channel>> Service::channels(Caller caller)
{
    auto read = [caller](store::Transaction& tx) {
        return caller.is_operator() ? tx.channels.list(shown_channels) : tx.channels.of_tenant(caller.tenant);
    };
    co_return co_await store_.read(std::move(read));
}

Task<ChannelDetail> Service::channel(Caller caller, std::string reference)
{
    auto read = [caller, reference](store::Transaction& tx) -> Result<ChannelDetail> {
        TRY(channel, find_channel(tx, caller, reference));
        return detail_of(tx, channel);
    };
    co_return co_await store_.read(std::move(read));
}

Task<ChannelDetail> Service::update_channel(Caller caller, std::string reference, ChannelChange change)
{
    auto write = [this, caller, reference, change,
                  now = clock_.now()](store::Transaction& tx) -> Result<ChannelDetail> {
        TRY(channel, find_own(tx, caller, reference));
        const bool was_enabled = channel.enabled;
        const auto old_target = channel.target;
        apply(change, channel);
        CHECKED(check(caller, channel));
        CHECKED(check_name(tx, channel));
        std::string secret;
        if (change.new_secret && channel.kind == model::ChannelKind::webhook) {
            secret = seal_new_secret(channel);
        }
        if (channel.target != old_target && needs_confirmation(channel)) {
            CHECKED(tx.channels.remove(channel.id));  // With what waits, which was for another address.
            CHECKED(send_confirmation(tx, sealer_, options_, channel, now));
        }
        if (channel.target != old_target || (channel.enabled && !was_enabled)) {
            channel.failures = 0;
            CHECKED(tx.deliveries.hasten(channel.id, now));
        }
        CHECKED(tx.channels.put(channel));
        TRY(detail, detail_of(tx, channel));
        detail.secret = secret;
        return std::move(detail);
    };
    co_return co_await store_.write(std::move(write));
}

Task<> Service::remove_channel(Caller caller, std::string reference)
{
    auto write = [caller, reference](store::Transaction& tx) -> Result<> {
        TRY(channel, find_own(tx, caller, reference));
        return tx.channels.remove(channel.id);
    };
    co_return co_await store_.write(std::move(write));
}

Task<ChannelDetail> Service::confirm_channel(Caller caller, std::string reference, std::string code)
{
    auto write = [this, caller, reference, code](store::Transaction& tx) -> Result<ChannelDetail> {
        TRY(channel, find_own(tx, caller, reference));
        if (may_hear(channel)) {
            return base::fail(confirmed_already(channel));
        }
        CHECKED(confirm(sealer_, channel, code));
        CHECKED(tx.channels.put(channel));
        return detail_of(tx, channel);
    };
    co_return co_await store_.write(std::move(write));
}

Task<ChannelDetail> Service::mail_code_again(Caller caller, std::string reference)
{
    auto write = [this, caller, reference,
                  now = clock_.now()](store::Transaction& tx) -> Result<ChannelDetail> {
        TRY(channel, find_own(tx, caller, reference));
        if (may_hear(channel)) {
            return base::fail(confirmed_already(channel));
        }
        CHECKED(send_confirmation(tx, sealer_, options_, channel, now));
        CHECKED(tx.channels.put(channel));
        return detail_of(tx, channel);
    };
    co_return co_await store_.write(std::move(write));
}

Task<model::Delivery> Service::test_channel(Caller caller, std::string reference)
{
    auto write = [caller, reference, now = clock_.now()](store::Transaction& tx) -> Result<model::Delivery> {
        TRY(channel, find_channel(tx, caller, reference));
        if (channel.tested_at && now < *channel.tested_at + between_tests) {
            return base::fail(base::Error(Errc::rate_limited, "this channel was tested a moment ago")
                                  .with_code("test_too_soon")
                                  .with_retry_after(between_tests));
        }
        if (!channel.enabled) {
            return base::fail(
                base::Error(Errc::conflict, fmt::format("the channel '{}' is disabled", channel.name))
                    .with_code("channel_disabled")
                    .with_fix(fmt::format("certwright channel update {} --enable", channel.id)));
        }
        if (!may_hear(channel)) {
            return base::fail(unconfirmed(channel));
        }
        channel.tested_at = now;
        CHECKED(tx.channels.put(channel));
        const auto id = base::new_id("dlv");
        const auto document =
            notice_document(id, "channel.test", now, text_of_test(channel, now), "", nullptr);
        // A subject of its own: a test waits for nothing else.
        auto ready = channel;
        ready.failures = 0;
        CHECKED(put_into_outbox(tx, ready, id, "test/" + id, "channel.test", json::serialize(document), now));
        return tx.deliveries.get(id);
    };
    co_return co_await store_.write(std::move(write));
}

}  // namespace alerts
