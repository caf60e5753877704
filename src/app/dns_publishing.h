// Where DNS-01 answers are published, as the settings say.
#pragma once

#include "app/settings.h"
#include "base/clock.h"
#include "responder/store_responder.h"

namespace app {

// The publisher of `settings`; null: our own name server. Errors name the setting. The arguments outlive it.
base::Result<std::unique_ptr<responder::Publisher>> make_publisher(const Settings& settings,
                                                                   base::Clock& clock, http::Client& client);

// What the responder needs to know of it.
base::Result<> publish_elsewhere(const Settings& settings, responder::Publisher& publisher,
                                 dns::Resolver& resolver, responder::ResponderOptions& options);

}  // namespace app
