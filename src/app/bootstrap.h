// Bootstrap: brings the store in line with the settings at every start. Idempotent.
#pragma once

#include "app/settings.h"
#include "base/clock.h"
#include "base/task.h"
#include "crypto/sealer.h"
#include "store/store.h"

namespace app {

// Makes the data folder (mode 0700) when it is missing. Errors name the path and the fix.
base::Result<> prepare_data_folder(const std::filesystem::path& folder);

// SQLite in the data folder, or the PostgreSQL database that `settings.store` names.
base::Result<std::unique_ptr<store::Store>> open_store(const Settings& settings, base::Clock& clock);

// Refuses a master key that did not seal this store's secrets (code wrong_master_key); remembers the first
// one.
base::Task<> check_master_key(store::Store& store, const crypto::Sealer& sealer);

// The default tenant, the default edge group with its addresses, the platform and challenge zones. Writes
// only what changed.
base::Task<> apply_settings(store::Store& store, Settings settings, base::Clock& clock);

// The operator's token, for the CLI on this machine: <data>/operator.token, mode 0600. Made once; a lost file
// is made anew with a new token, and the old one is revoked.
base::Task<> ensure_operator_token(store::Store& store, std::filesystem::path folder, base::Clock& clock);

// The zones of our name server as `settings` describe them: the platform's, then the challenge zone unless
// others serve it. None when the name server does not listen.
std::vector<model::Zone> zones_of(const Settings& settings);

}  // namespace app
