// Adapters: where one folder asks for something by a small interface and another one has it.
#pragma once

#include "api/api.h"
#include "diagnosis/watch.h"
#include "endpoints/ports.h"
#include "endpoints/wishes.h"
#include "feed/server/acknowledgements.h"
#include "feed/wish.h"
#include "issuance/accounts.h"
#include "issuance/deployment.h"
#include "issuance/enqueue.h"
#include "responder/gate.h"

#include <functional>

namespace app {

class ChecksByWatch final : public endpoints::Checks {
public:
    explicit ChecksByWatch(diagnosis::Watch& watch) : watch_(watch) {}
    base::Task<> check_now(std::string endpoint) override;
    base::Result<> refresh_status(store::Transaction& tx, const std::string& endpoint,
                                  base::Time now) override;

private:
    diagnosis::Watch& watch_;
};

class IssuanceByQueue final : public endpoints::Issuance {
public:
    explicit IssuanceByQueue(std::function<void()> wake) : wake_(std::move(wake)) {}
    base::Result<model::Order> enqueue(store::Transaction& tx, const model::Endpoint& endpoint,
                                       const std::optional<model::Certificate>& replaced,
                                       base::Time now) override;
    base::Result<std::optional<model::Order>> enqueue_first(store::Transaction& tx,
                                                            const model::Endpoint& endpoint,
                                                            base::Time now) override;
    base::Result<bool> hasten(store::Transaction& tx, const model::Endpoint& endpoint,
                              base::Time now) override;
    base::Result<> request_revocation(store::Transaction& tx, const model::Certificate& certificate,
                                      int reason, base::Time now) override;
    base::Result<std::optional<model::Order>> replace_revoked(store::Transaction& tx,
                                                              const model::Certificate& certificate,
                                                              base::Time now) override;
    void wake() override { wake_(); }

private:
    std::function<void()> wake_;
};

// What the edge in this process wishes for. It may be asked before there is anybody who decides.
class LocalWishes final : public feed::WishDesk {
public:
    explicit LocalWishes(std::string group) : group_(std::move(group)) {}
    base::Task<model::WishAnswer> wish(model::Wish wish) override;
    // It outlives this.
    void open(endpoints::Wishes& wishes) { wishes_ = &wishes; }

private:
    std::string group_;
    endpoints::Wishes* wishes_ = nullptr;
};

// The propagation gate: TXT values wait for the name servers, tokens for the edges of their name's group, or
// for all edges where proxies may send them to any.
class GateByAcknowledgements final : public responder::RevisionGate {
public:
    explicit GateByAcknowledgements(feed::Acknowledgements& acknowledgements)
        : acknowledgements_(acknowledgements)
    {
    }
    base::Task<> wait_until(responder::Audience audience, model::Position position,
                            std::chrono::milliseconds limit) override;
    base::Task<> wait_for_edges(std::string group, model::Position position,
                                std::chrono::milliseconds limit) override;

private:
    feed::Acknowledgements& acknowledgements_;
};

class DeploymentByAcknowledgements final : public issuance::DeploymentGate {
public:
    explicit DeploymentByAcknowledgements(feed::Acknowledgements& acknowledgements)
        : acknowledgements_(acknowledgements)
    {
    }
    base::Task<issuance::Deployment> wait_until(std::string group, model::Position position,
                                                std::chrono::milliseconds limit) override;

private:
    feed::Acknowledgements& acknowledgements_;
};

}  // namespace app
