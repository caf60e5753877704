// Alert, Silence, Channel, Delivery: what is wrong and must be told, to whom, and how far the telling has
// come.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/problem.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace model {

// warning: something will break. critical: something is broken, or about to be.
enum class Severity { warning, critical };

// One thing that is wrong with one subject, from when it was seen until it is over. At most one is open for a
// rule and subject.
struct Alert {
    std::string id;       // "alr_..."
    std::string tenant;   // whose subject it is; empty: the platform's
    std::string rule;     // e.g. "renewal_failing"
    std::string subject;  // endpoint id, "platform", CA account id, edge id or zone
    std::string name;     // what people call the subject; a DNS name in its canonical form
    Severity severity = Severity::warning;
    Problem problem;                     // why, who must act, and the fix
    std::optional<base::Time> deadline;  // when it gets worse: the end of the certificate
    std::int64_t count = 1;              // how often it was seen
    base::Time opened_at{};
    base::Time seen_at{};
    std::optional<base::Time> resolved_at;
    std::optional<base::Time> notified_at;  // the last notice
    std::optional<base::Time> notify_at;    // when the next notice may go; none: none is due
    std::optional<base::Time> quiet_until;  // an earlier alert of this rule and subject was told not long ago
};

// No notices about what it matches until its end. Fields that are empty match everything.
struct Silence {
    std::string id;      // "sil_..."
    std::string tenant;  // only alerts of this tenant; empty: of all
    std::string alert;
    std::string subject;
    std::string rule;
    base::Time until{};
    std::string reason;
    base::Time created_at{};
};

enum class ChannelKind { email, webhook, exec };

// What an operator's channel hears of: what operators must mend, what customers must mend (the support team),
// or both. A tenant's channel hears of what that tenant must mend.
enum class Audience { operators, support, all };

struct Channel {
    std::string id;      // "chn_..."
    std::string tenant;  // empty: the operator's
    std::string name;
    ChannelKind kind = ChannelKind::email;
    std::string target;  // mail address, URL, or the name of a command in the configuration
    Audience audience = Audience::operators;
    Severity least = Severity::warning;
    std::vector<std::string> events;  // types it wants: "alert.*", "certificate.renewed", "*"
    base::Bytes sealed_secret;        // of a webhook's signature; of a mail address: its code
    bool enabled = true;
    bool configured = false;  // made from the configuration file, and only changed there
    base::Time created_at{};
    std::optional<base::Time> succeeded_at;
    std::optional<base::Time> failed_at;
    std::string error;          // of the last attempt that failed
    std::int64_t failures = 0;  // since the last success
    std::optional<base::Time> tested_at;
};

enum class DeliveryState { waiting, delivered, abandoned };

// One notice on its way to one channel.
struct Delivery {
    std::string id;           // "dlv_..."; the same in every attempt
    std::int64_t number = 0;  // given by the store; the order within a channel and subject
    std::string channel;
    std::string subject;   // those of one subject go one after the other
    std::string type;      // "alert.opened", "certificate.renewed", ...
    std::string document;  // JSON
    DeliveryState state = DeliveryState::waiting;
    std::int64_t attempts = 0;
    std::string error;  // of the last attempt
    base::Time next_attempt_at{};
    base::Time created_at{};
    std::optional<base::Time> finished_at;
};

std::string_view to_string(Severity value);
std::string_view to_string(ChannelKind value);
std::string_view to_string(Audience value);
std::string_view to_string(DeliveryState value);
base::Result<Severity> severity_from(std::string_view text);
base::Result<ChannelKind> channel_kind_from(std::string_view text);
base::Result<Audience> audience_from(std::string_view text);
base::Result<DeliveryState> delivery_state_from(std::string_view text);

// What the channel's secret is sealed to (crypto::Sealer): its row and tenant.
std::string channel_context(const Channel& channel);

// True when one of the patterns means `type`: the type itself, "certificate.*", or "*".
bool wants(const Channel& channel, std::string_view type);

}  // namespace model
