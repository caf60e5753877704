// Publishing challenge answers before the CA looks, and taking them back (DESIGN 2.1, 2.2).
#pragma once

#include "base/task.h"
#include "model/endpoint.h"

#include <string>

namespace responder {

// One challenge of one authorization of an order.
struct Presentation {
    std::string order;  // Order id
    model::ChallengeType type = model::ChallengeType::http_01;
    std::string identifier;  // as in the authorization, without "*."
    std::string token;
    std::string thumbprint;       // of the account that ordered
    bool default_account = true;  // then HTTP-01 needs no publishing
    std::string txt_owner;  // DNS-01: where the value goes (the delegation's target); absolute, no final dot
    std::string edge_group = "default";  // TLS-ALPN-01: whose edges the name leads to
};

// Makes answers visible. Implemented over the store; every call is idempotent.
class Responder {
public:
    virtual ~Responder() = default;
    // Durable first, then waits for the propagation gate: when this succeeds every server that the CA may ask
    // has it.
    virtual base::Task<> present(Presentation what) = 0;
    // Takes back everything `order` published. Safe after a crash, after a failed present, and twice.
    virtual base::Task<> clean_up(std::string order) = 0;
    // Takes back what orders left behind whose node was too late to be told: published after it had lost its
    // lease, or when the name server could not be reached. For a timer. Answers that are still wanted are
    // published again by their order.
    virtual base::Task<> sweep() = 0;
};

}  // namespace responder
