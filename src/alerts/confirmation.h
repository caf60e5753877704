// Whether a mail address wants what a tenant has sent there: its reader says so by a code that only a mail to
// it holds. Until then the channel hears of nothing, and Channel::sealed_secret, which of other channels is a
// webhook's, holds the code. Stateless; safe from the store's thread only.
#pragma once

#include "alerts/options.h"
#include "crypto/sealer.h"
#include "store/store.h"

#include <string>

namespace alerts {

inline constexpr std::string_view confirmation_type = "channel.confirm";

// False for a tenant's mail address that has not been confirmed.
bool may_hear(const model::Channel& channel);
bool needs_confirmation(const model::Channel& channel);  // is of the kind that does

// Makes a new code for `channel` and puts the mail with it into the outbox. The caller stores `channel`.
// rate_limited (confirmation_too_soon): a tenant has five a day mailed to one address and twenty in all, an
// address gets twenty from all tenants; unavailable (mail_not_configured).
base::Result<> send_confirmation(store::Transaction& tx, const crypto::Sealer& sealer, const Options& options,
                                 model::Channel& channel, base::Time now);

// The channel may hear from now on when `code` is the one that was mailed last; else invalid (code_wrong).
// The caller stores it.
base::Result<> confirm(const crypto::Sealer& sealer, model::Channel& channel, const std::string& code);

}  // namespace alerts
