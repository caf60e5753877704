#include "model/alert.h"

#include "model/enum_text.h"

#include <algorithm>

namespace model {

namespace {

constexpr detail::EnumTexts<Severity, 2> severities{
    {{Severity::warning, "warning"}, {Severity::critical, "critical"}}};

constexpr detail::EnumTexts<ChannelKind, 3> channel_kinds{
    {{ChannelKind::email, "email"}, {ChannelKind::webhook, "webhook"}, {ChannelKind::exec, "exec"}}};

constexpr detail::EnumTexts<Audience, 3> audiences{
    {{Audience::operators, "operators"}, {Audience::support, "support"}, {Audience::all, "all"}}};

constexpr detail::EnumTexts<DeliveryState, 3> delivery_states{{{DeliveryState::waiting, "waiting"},
                                                               {DeliveryState::delivered, "delivered"},
                                                               {DeliveryState::abandoned, "abandoned"}}};

bool matches(std::string_view pattern, std::string_view type)
{
    if (!pattern.ends_with('*')) {
        return pattern == type;
    }
    pattern.remove_suffix(1);
    return type.starts_with(pattern);
}

}  // namespace

std::string_view to_string(Severity value)
{
    return detail::enum_text(severities, value);
}

std::string_view to_string(ChannelKind value)
{
    return detail::enum_text(channel_kinds, value);
}

std::string_view to_string(Audience value)
{
    return detail::enum_text(audiences, value);
}

std::string_view to_string(DeliveryState value)
{
    return detail::enum_text(delivery_states, value);
}

base::Result<Severity> severity_from(std::string_view text)
{
    return detail::enum_from(severities, "severity", text);
}

base::Result<ChannelKind> channel_kind_from(std::string_view text)
{
    return detail::enum_from(channel_kinds, "kind of channel", text);
}

base::Result<Audience> audience_from(std::string_view text)
{
    return detail::enum_from(audiences, "audience", text);
}

base::Result<DeliveryState> delivery_state_from(std::string_view text)
{
    return detail::enum_from(delivery_states, "state of a delivery", text);
}

std::string channel_context(const Channel& channel)
{
    return "channel/" + channel.id + "/" + channel.tenant;
}

bool wants(const Channel& channel, std::string_view type)
{
    return std::ranges::any_of(channel.events,
                               [&](const std::string& pattern) { return matches(pattern, type); });
}

}  // namespace model
