// Notices: from alerts and events to deliveries in the outbox. Two steps: alerts whose time has come go into
// the queue of each channel that they concern; then each channel's queue becomes single notices, or one for
// all where many have one reason. Stateless; safe from the store's thread only.
#pragma once

#include "alerts/options.h"
#include "store/store.h"

#include <map>
#include <string>
#include <vector>

namespace alerts {

// Channels read once in a transaction.
class ChannelTable {
public:
    explicit ChannelTable(store::Transaction& tx) : tx_(tx) {}
    // The operator's, then those of `tenant`; enabled ones that may hear of it.
    base::Result<std::vector<model::Channel>> heard_by(const std::string& tenant);

private:
    store::Transaction& tx_;
    std::map<std::string, std::vector<model::Channel>> read_;
};

// True when an alert is this channel's business: who must act decides.
bool concerns(const model::Channel& channel, const model::Alert& alert);

// How many alerts were looked at; call again while it is the limit.
inline constexpr std::size_t alerts_at_once = 100;
base::Result<std::size_t> queue_due(store::Transaction& tx, const Options& options, base::Time now);
// How many notices were written.
base::Result<std::size_t> write_due(store::Transaction& tx, const Options& options, base::Time now);

// A delivery to each channel that wants events of this type.
base::Result<> report(store::Transaction& tx, const Options& options, ChannelTable& channels,
                      const model::Event& event, base::Time now);

// A delivery of `document` made by the caller for `channel`; waits as long as a failing channel waits.
base::Result<> put_into_outbox(store::Transaction& tx, const model::Channel& channel, std::string id,
                               std::string subject, std::string_view type, std::string document,
                               base::Time now);

// How long a channel is left alone after so many failures in a row.
std::chrono::milliseconds pause_after(std::int64_t failures);

}  // namespace alerts
