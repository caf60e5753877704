// Alerts, silences, channels and deliveries as the JSON that clients see.
#include "alerts/confirmation.h"
#include "alerts/document.h"
#include "api/views.h"

namespace api {

namespace {

json::value text_or_null(const std::string& text)
{
    return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

json::object view(const model::Alert& alert)
{
    auto made = alerts::document_of(alert);
    made["next_notice_at"] = time_or_null(alert.notify_at);
    return made;
}

json::object view(const model::Silence& silence)
{
    json::object made;
    made["id"] = silence.id;
    made["tenant"] = text_or_null(silence.tenant);
    made["alert"] = text_or_null(silence.alert);
    made["endpoint"] = text_or_null(silence.subject);
    made["rule"] = text_or_null(silence.rule);
    made["until"] = base::to_rfc3339(silence.until);
    made["reason"] = silence.reason;
    made["created_at"] = base::to_rfc3339(silence.created_at);
    return made;
}

json::object view(const model::Channel& channel)
{
    json::array events;
    for (const auto& each : channel.events) {
        events.emplace_back(each);
    }
    json::object made;
    made["id"] = channel.id;
    made["tenant"] = text_or_null(channel.tenant);
    made["name"] = channel.name;
    made["kind"] = model::to_string(channel.kind);
    made["target"] = channel.target;
    made["audience"] =
        channel.tenant.empty() ? json::value(model::to_string(channel.audience)) : json::value("tenant");
    made["severity"] = model::to_string(channel.least);
    made["events"] = std::move(events);
    made["enabled"] = channel.enabled;
    made["configured"] = channel.configured;
    made["confirmed"] = alerts::may_hear(channel);
    made["created_at"] = base::to_rfc3339(channel.created_at);
    made["succeeded_at"] = time_or_null(channel.succeeded_at);
    made["failed_at"] = time_or_null(channel.failed_at);
    made["error"] = channel.error;
    made["failures"] = channel.failures;
    return made;
}

json::object view(const model::Delivery& delivery)
{
    const bool waits = delivery.state == model::DeliveryState::waiting;
    json::object made;
    made["id"] = delivery.id;
    made["channel"] = delivery.channel;
    made["type"] = delivery.type;
    made["subject"] = delivery.subject;
    made["state"] = model::to_string(delivery.state);
    made["attempts"] = delivery.attempts;
    made["error"] = delivery.error;
    made["created_at"] = base::to_rfc3339(delivery.created_at);
    made["next_attempt_at"] =
        waits ? json::value(base::to_rfc3339(delivery.next_attempt_at)) : json::value(nullptr);
    made["finished_at"] = time_or_null(delivery.finished_at);
    return made;
}

json::object view(const alerts::ChannelDetail& detail)
{
    auto made = view(detail.channel);
    made["waiting"] = detail.waiting;
    json::array deliveries;
    for (const auto& each : detail.deliveries) {
        deliveries.push_back(view(each));
    }
    made["deliveries"] = std::move(deliveries);
    if (!detail.secret.empty()) {
        made["secret"] = detail.secret;
    }
    return made;
}

}  // namespace api
