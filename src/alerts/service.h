// The alerts service: what people may do with alerts, silences and channels, with its rules, for the API.
//
// A tenant sees and changes its own; the operator all. What the caller may not see does not exist for him
// (alert_not_found, channel_not_found, silence_not_found).
#pragma once

#include "alerts/options.h"
#include "base/clock.h"
#include "base/task.h"
#include "crypto/sealer.h"
#include "endpoints/service.h"
#include "endpoints/upstream_policy.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace alerts {

using endpoints::Caller;

struct AlertListing {
    std::string endpoint;  // id or name; empty: all
    std::string rule;
    bool resolved = false;
    std::string after;
    std::size_t limit = 100;
};

// Exactly one of alert, endpoint and rule.
struct NewSilence {
    std::string alert;
    std::string endpoint;  // id or name
    std::string rule;
    base::Time until{};
    std::string reason;
};

struct NewChannel {
    std::string tenant;  // for the operator: whose; empty: his own
    std::string name;
    model::ChannelKind kind = model::ChannelKind::email;  // email or webhook: commands are configured
    std::string target;
    std::optional<model::Audience> audience;
    std::optional<model::Severity> least;
    std::vector<std::string> events;  // empty: alert.*
};

// What is absent stays as it is.
struct ChannelChange {
    std::optional<std::string> name;
    std::optional<std::string> target;
    std::optional<model::Audience> audience;
    std::optional<model::Severity> least;
    std::optional<std::vector<std::string>> events;
    std::optional<bool> enabled;
    bool new_secret = false;  // of a webhook
};

struct ChannelDetail {
    model::Channel channel;
    std::int64_t waiting = 0;
    std::vector<model::Delivery> deliveries;  // the newest ones
    std::string secret;                       // only when it was just made
};

// Runs on one executor: no locks. All arguments outlive it.
class Service {
public:
    Service(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer,
            const endpoints::UpstreamPolicy& addresses, const Options& options);

    base::Task<store::Page<model::Alert>> list(Caller caller, AlertListing listing);
    base::Task<model::Alert> get(Caller caller, std::string alert);

    base::Task<model::Silence> silence(Caller caller, NewSilence wanted);
    base::Task<std::vector<model::Silence>> silences(Caller caller);
    base::Task<> unsilence(Caller caller, std::string silence);

    // A channel is meant by its id or its name.
    base::Task<ChannelDetail> add_channel(Caller caller, NewChannel wanted);
    base::Task<std::vector<model::Channel>> channels(Caller caller);
    base::Task<ChannelDetail> channel(Caller caller, std::string reference);
    base::Task<ChannelDetail> update_channel(Caller caller, std::string reference, ChannelChange change);
    base::Task<> remove_channel(Caller caller, std::string reference);
    // A tenant's mail address hears of nothing before its reader gives the code that was mailed there.
    // channel_confirmed, code_wrong.
    base::Task<ChannelDetail> confirm_channel(Caller caller, std::string reference, std::string code);
    base::Task<ChannelDetail> mail_code_again(Caller caller, std::string reference);
    // Puts a test notice into the outbox; rate_limited (test_too_soon) within half a minute of the last one.
    base::Task<model::Delivery> test_channel(Caller caller, std::string reference);

private:
    base::Result<> check(const Caller& caller, model::Channel& channel) const;
    base::Result<model::Channel> draft(const Caller& caller, const NewChannel& wanted) const;
    std::string seal_new_secret(model::Channel& channel) const;

    store::Store& store_;
    base::Clock& clock_;
    const crypto::Sealer& sealer_;
    const endpoints::UpstreamPolicy& addresses_;
    const Options& options_;
};

}  // namespace alerts
