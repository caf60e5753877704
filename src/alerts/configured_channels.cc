// Channels that the configuration file makes. Their ids follow from what they are, so that every node makes
// the same ones.
#include "alerts/engine.h"
#include "alerts/mail.h"
#include "base/bytes.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>

namespace alerts {

namespace {

model::Channel configured(model::ChannelKind kind, std::string name, std::string target, base::Time now)
{
    model::Channel channel;
    const auto key = fmt::format("{} {} {}", model::to_string(kind), name, target);
    channel.id = "chn_" + base::to_hex(crypto::sha256(base::as_bytes(key))).substr(0, 20);
    channel.name = std::move(name);
    channel.kind = kind;
    channel.target = std::move(target);
    channel.events = {"alert.*"};
    channel.configured = true;
    channel.created_at = now;
    return channel;
}

std::vector<model::Channel> wanted_channels(const Options& options, base::Time now)
{
    std::vector<model::Channel> wanted;
    for (const auto& address : options.mail) {
        wanted.push_back(configured(model::ChannelKind::email, "alerts.mail", mail_address(address), now));
    }
    for (const auto& address : options.support_mail) {
        wanted.push_back(
            configured(model::ChannelKind::email, "alerts.support_mail", mail_address(address), now));
        wanted.back().audience = model::Audience::support;
    }
    for (const auto& [name, words] : options.commands) {
        wanted.push_back(configured(model::ChannelKind::exec, name, name, now));
        wanted.back().audience = model::Audience::all;
    }
    return wanted;
}

}  // namespace

base::Result<> put_configured_channels(store::Transaction& tx, const Options& options, base::Time now)
{
    const auto wanted = wanted_channels(options, now);
    TRY(present, tx.channels.of_tenant(""));
    for (const auto& each : present) {
        if (each.configured && std::ranges::find(wanted, each.id, &model::Channel::id) == wanted.end()) {
            CHECKED(tx.channels.remove(each.id));
        }
    }
    for (const auto& each : wanted) {
        if (std::ranges::find(present, each.id, &model::Channel::id) == present.end()) {
            CHECKED(tx.channels.put(each));
        }
    }
    return {};
}

}  // namespace alerts
