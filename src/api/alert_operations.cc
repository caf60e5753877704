// /v1/alerts, /v1/silences, /v1/channels
#include "api/field_reader.h"
#include "api/views.h"

namespace api {

namespace {

constexpr std::int64_t most_items = 500;

base::Task<Answer> list_alerts(Parts parts, Call call)
{
    FieldReader reader(call.query);
    alerts::AlertListing listing;
    listing.endpoint = reader.text("endpoint").value_or("");
    listing.rule = reader.text("rule").value_or("");
    listing.resolved = reader.flag("resolved").value_or(false);
    listing.after = reader.text("after").value_or("");
    listing.limit = static_cast<std::size_t>(reader.number("limit", 1, most_items).value_or(100));
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(found, co_await parts.alerts.list(call.access.caller, std::move(listing)));
    co_return Answer(200, page(found.items, found.next));
}

base::Task<Answer> show_alert(Parts parts, Call call)
{
    CO_TRY(alert, co_await parts.alerts.get(call.access.caller, call.parameter("alert")));
    co_return Answer(200, view(alert));
}

base::Task<Answer> create_silence(Parts parts, Call call)
{
    FieldReader reader(call.body);
    alerts::NewSilence wanted;
    wanted.alert = reader.text("alert").value_or("");
    wanted.endpoint = reader.text("endpoint").value_or("");
    wanted.rule = reader.text("rule").value_or("");
    wanted.reason = reader.text("reason").value_or("");
    const auto until = reader.time("until");
    if (!until) {
        reader.add_problem("until", "is missing: the end as RFC 3339, such as 2027-01-31T12:00:00Z");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    wanted.until = *until;
    CO_TRY(made, co_await parts.alerts.silence(call.access.caller, std::move(wanted)));
    co_return Answer(201, view(made));
}

base::Task<Answer> list_silences(Parts parts, Call call)
{
    CO_TRY(found, co_await parts.alerts.silences(call.access.caller));
    co_return Answer(200, page(found, ""));
}

base::Task<Answer> delete_silence(Parts parts, Call call)
{
    CO_CHECKED(co_await parts.alerts.unsilence(call.access.caller, call.parameter("silence")));
    co_return Answer(204, nullptr);
}

base::Task<Answer> create_channel(Parts parts, Call call)
{
    FieldReader reader(call.body);
    alerts::NewChannel wanted;
    wanted.tenant = reader.text("tenant").value_or("");
    wanted.name = reader.required_text("name");
    const auto kind = reader.choice("kind", model::channel_kind_from);
    if (!kind) {
        reader.add_problem("kind", "is missing: email or webhook");
    }
    wanted.kind = kind.value_or(wanted.kind);
    wanted.target = reader.required_text("target");
    wanted.audience = reader.choice("audience", model::audience_from);
    wanted.least = reader.choice("severity", model::severity_from);
    wanted.events = reader.texts("events").value_or(std::vector<std::string>());
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(made, co_await parts.alerts.add_channel(call.access.caller, std::move(wanted)));
    Answer answer(201, view(made));
    answer.headers.add("Location", "/v1/channels/" + made.channel.id);
    co_return answer;
}

base::Task<Answer> list_channels(Parts parts, Call call)
{
    CO_TRY(found, co_await parts.alerts.channels(call.access.caller));
    co_return Answer(200, page(found, ""));
}

base::Task<Answer> show_channel(Parts parts, Call call)
{
    CO_TRY(found, co_await parts.alerts.channel(call.access.caller, call.parameter("channel")));
    co_return Answer(200, view(found));
}

base::Task<Answer> update_channel(Parts parts, Call call)
{
    FieldReader reader(call.body);
    alerts::ChannelChange change;
    change.name = reader.text("name");
    change.target = reader.text("target");
    change.audience = reader.choice("audience", model::audience_from);
    change.least = reader.choice("severity", model::severity_from);
    change.events = reader.texts("events");
    change.enabled = reader.flag("enabled");
    change.new_secret = reader.flag("new_secret").value_or(false);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(updated, co_await parts.alerts.update_channel(call.access.caller, call.parameter("channel"),
                                                         std::move(change)));
    co_return Answer(200, view(updated));
}

// With the code: that was it. Without: another mail.
base::Task<Answer> confirm_channel(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto code = reader.text("code").value_or("");
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    const auto channel = call.parameter("channel");
    if (code.empty()) {
        CO_TRY(asked, co_await parts.alerts.mail_code_again(call.access.caller, channel));
        co_return Answer(202, view(asked));
    }
    CO_TRY(confirmed, co_await parts.alerts.confirm_channel(call.access.caller, channel, code));
    co_return Answer(200, view(confirmed));
}

base::Task<Answer> delete_channel(Parts parts, Call call)
{
    CO_CHECKED(co_await parts.alerts.remove_channel(call.access.caller, call.parameter("channel")));
    co_return Answer(204, nullptr);
}

base::Task<Answer> test_channel(Parts parts, Call call)
{
    CO_TRY(sent, co_await parts.alerts.test_channel(call.access.caller, call.parameter("channel")));
    co_return Answer(202, view(sent));
}

}  // namespace

std::vector<Operation> alert_operations()
{
    return {
        {"GET", "/v1/alerts", Scope::read, false, list_alerts},
        {"GET", "/v1/alerts/{alert}", Scope::read, false, show_alert},
        {"POST", "/v1/silences", Scope::write, false, create_silence},
        {"GET", "/v1/silences", Scope::read, false, list_silences},
        {"DELETE", "/v1/silences/{silence}", Scope::write, false, delete_silence},
        {"POST", "/v1/channels", Scope::write, false, create_channel},
        {"GET", "/v1/channels", Scope::read, false, list_channels},
        {"GET", "/v1/channels/{channel}", Scope::read, false, show_channel},
        {"PATCH", "/v1/channels/{channel}", Scope::write, false, update_channel},
        {"DELETE", "/v1/channels/{channel}", Scope::write, false, delete_channel},
        {"POST", "/v1/channels/{channel}/test", Scope::write, false, test_channel},
        {"POST", "/v1/channels/{channel}/confirm", Scope::write, false, confirm_channel},
    };
}

}  // namespace api
