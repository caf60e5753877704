// The key of DNS cookies, which all control nodes share.
#pragma once

#include "base/task.h"
#include "crypto/sealer.h"
#include "dns/cookie.h"
#include "store/store.h"

namespace app {

// Made by the first node that asks; lies sealed in the store. `store` and `sealer` outlive the call.
base::Task<dns::CookieSecret> shared_cookie_key(store::Store& store, const crypto::Sealer& sealer);

}  // namespace app
