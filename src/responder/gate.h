// What the propagation gate of challenges waits for (DESIGN 2.2).
#pragma once

#include "base/task.h"
#include "model/records.h"
#include "net/stream.h"

#include <chrono>
#include <string>

namespace responder {

// Which of our own followers of the revision log must have an answer: TXT values matter to name servers,
// tokens to edges.
enum class Audience { name_servers, edges };

class RevisionGate {
public:
    virtual ~RevisionGate() = default;
    // Returns when every live follower of that kind has applied `position`; timeout after `limit`.
    virtual base::Task<> wait_until(Audience audience, model::Position position,
                                    std::chrono::milliseconds limit) = 0;
    // The same for the edges of one group only: those to which the DNS of a name leads.
    virtual base::Task<> wait_for_edges(std::string group, model::Position position,
                                        std::chrono::milliseconds limit) = 0;
};

enum class Transport { udp, tcp };

// Asks one authoritative server whether it already answers with a TXT value, as the CA will.
class TxtProbe {
public:
    virtual ~TxtProbe() = default;
    // False: the server answers, without the value. Fails when the server cannot be asked.
    virtual base::Task<bool> has_value(net::Endpoint server, Transport transport, std::string owner,
                                       std::string value) = 0;
};

}  // namespace responder
