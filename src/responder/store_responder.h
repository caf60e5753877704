// The Responder of a control node: answers live in the store, travel in the revision feed, and count as
// published only when every server that the CA may ask has them.
#pragma once

#include "base/clock.h"
#include "dns/resolver.h"
#include "net/stream.h"
#include "responder/gate.h"
#include "responder/publisher.h"
#include "responder/responder.h"
#include "store/store.h"

#include <chrono>
#include <memory>
#include <vector>

namespace responder {

struct ResponderOptions {
    std::vector<net::Endpoint> own_servers;      // of our own name servers
    std::vector<net::Endpoint> foreign_servers;  // secondaries that others run
    // Where TXT values are published when not on our own name server; its zone's servers are then found with
    // `resolver`, unless foreign_servers names them. Both outlive the responder.
    Publisher* elsewhere = nullptr;
    dns::Resolver* resolver = nullptr;
    std::chrono::milliseconds settle{0};  // after every server has it: for anycast
    std::chrono::milliseconds publish_limit{90'000};
    std::chrono::milliseconds turn_limit{300'000};  // for a publisher that has no room left
    std::chrono::milliseconds own_limit{10'000};
    std::chrono::milliseconds foreign_limit{60'000};
    std::chrono::milliseconds unreachable_limit{
        2'000};  // a server that cannot be asked is given up after this
    std::chrono::milliseconds expiry{std::chrono::hours(1)};
};

// Runs on one executor: no locks. The arguments outlive the responder.
std::unique_ptr<Responder> make_responder(store::Store& store, base::Clock& clock, RevisionGate& gate,
                                          TxtProbe& probe, ResponderOptions options);

}  // namespace responder
