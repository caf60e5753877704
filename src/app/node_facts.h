// NodeFacts: what this node knows and no table holds, for `status` and /metrics.
#pragma once

#include "api/api.h"
#include "dns/resolver.h"
#include "edge/edge.h"
#include "endpoints/wishes.h"
#include "feed/server/acknowledgements.h"
#include "model/records.h"
#include "nameserver/server.h"

#include <string>
#include <vector>

namespace app {

// Runs on one executor: no locks. The arguments outlive it; `edge` may be null.
class NodeFacts final : public api::NodeFacts {
public:
    NodeFacts(const nameserver::Server& name_server, const edge::Edge* edge, dns::Resolver& resolver,
              feed::Acknowledgements& acknowledgements, std::vector<model::Zone> zones);

    // Other machines may join, and are to trust the root with this hash.
    void set_feed_root(std::string hash) { feed_root_ = std::move(hash); }

    // It outlives this.
    void count(const endpoints::Wishes& wishes) { wishes_ = &wishes; }

    // For the first start, on standard output: the NS and glue records that the parent zone needs.
    void print_what_to_create() const;

    // Looks again and again whether the world finds our zones, until cancelled; logs what to create at the
    // registrar when that changes.
    boost::asio::awaitable<void> run();

    std::string version() const override;
    std::vector<api::ZoneCheck> zones() const override { return checks_; }
    base::Task<api::ZoneReport> check_zone(model::Zone zone) override;
    std::string metrics() const override;
    base::Task<api::EdgeCount> edges_with(std::string group, model::Position position) override;
    std::chrono::milliseconds edges_lost_after() const override { return acknowledgements_.forget_after(); }
    std::string feed_root() const override { return feed_root_; }

private:
    const nameserver::Server& name_server_;
    const edge::Edge* edge_;
    dns::Resolver& resolver_;
    feed::Acknowledgements& acknowledgements_;
    std::string feed_root_;
    std::vector<model::Zone> zones_;
    std::vector<api::ZoneCheck> checks_;
    const endpoints::Wishes* wishes_ = nullptr;
};

}  // namespace app
