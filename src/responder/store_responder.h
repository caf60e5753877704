// The Responder of a control node: answers live in the store, travel in the revision feed, and count as
// published only when every server that the CA may ask has them.
#pragma once

#include "base/clock.h"
#include "net/stream.h"
#include "responder/gate.h"
#include "responder/responder.h"
#include "store/store.h"

#include <chrono>
#include <memory>
#include <vector>

namespace responder {

struct ResponderOptions {
    std::vector<net::Endpoint> own_servers;      // of our own name servers
    std::vector<net::Endpoint> foreign_servers;  // secondaries that others run
    std::chrono::milliseconds own_limit{10'000};
    std::chrono::milliseconds foreign_limit{60'000};
    std::chrono::milliseconds unreachable_limit{
        2'000};  // a server that cannot be asked is given up after this
    std::chrono::milliseconds expiry{std::chrono::hours(1)};
};

// Runs on one executor: no locks. The arguments outlive the responder.
std::unique_ptr<Responder> make_responder(store::Store& store, base::Clock& clock, RevisionGate& gate,
                                          TxtProbe& probe, ResponderOptions options);

// Takes back what orders left behind whose node was too late to be told: published after it had lost its
// lease. Answers that are still wanted are published again by their order.
base::Result<> drop_expired(store::Transaction& tx, base::Time now);

}  // namespace responder
