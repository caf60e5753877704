// Gates that let everything through: for orders whose name servers and edges are not what a test is about.
#pragma once

#include "issuance/deployment.h"
#include "responder/gate.h"

#include <optional>

namespace test {

class OpenGates final : public responder::RevisionGate,
                        public issuance::DeploymentGate,
                        public responder::TxtProbe {
public:
    base::Task<> wait_until(responder::Audience, model::Position, std::chrono::milliseconds) override
    {
        co_return base::Result<>();
    }
    base::Task<> wait_for_edges(std::string, model::Position, std::chrono::milliseconds) override
    {
        co_return base::Result<>();
    }
    base::Task<issuance::Deployment> wait_until(std::string, model::Position,
                                                std::chrono::milliseconds) override
    {
        if (edges_behind) {
            co_return base::fail(*edges_behind);
        }
        co_return deployment;
    }
    base::Task<bool> has_value(net::Endpoint, responder::Transport, std::string, std::string) override
    {
        co_return true;
    }

    issuance::Deployment deployment;
    std::optional<base::Error> edges_behind;  // what is said of edges that have not got a certificate
};

}  // namespace test
