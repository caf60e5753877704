// ControlNode: `certwright serve`. Puts the parts together in order, runs them on one loop, and takes them
// down in reverse.
#pragma once

#include "app/adapters.h"
#include "app/alert_parts.h"
#include "app/api_server.h"
#include "app/ca_desk.h"
#include "app/feed_tls.h"
#include "app/front.h"
#include "app/node_facts.h"
#include "app/settings.h"
#include "base/task_group.h"
#include "crypto/sealer.h"
#include "endpoints/service.h"
#include "feed/server/handlers.h"
#include "feed/server/join_handlers.h"
#include "feed/server/store_source.h"
#include "http/client.h"
#include "issuance/advice_poller.h"
#include "issuance/key_rotation.h"
#include "issuance/planner.h"
#include "issuance/revocation.h"
#include "issuance/runner.h"
#include "responder/dns_probe.h"
#include "responder/http_responder.h"
#include "responder/store_responder.h"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace app {

// Everything here runs on the loop it was given.
class ControlNode final {
public:
    // Opens the data folder, the master key and the store. Errors have a code and a fix. `front` outlives it.
    static base::Result<std::unique_ptr<ControlNode>> open(boost::asio::io_context& loop, Settings settings,
                                                           Front& front);
    ~ControlNode();

    // Starts what is missing of the front, and all background work. On an error call stop() all the same.
    base::Task<> start();
    // Everything but the front.
    boost::asio::awaitable<void> stop();

private:
    // What needs nothing but the settings.
    struct Ground {
        Settings settings;
        bool first_start = false;
        base::SystemClock clock;
        crypto::Sealer sealer;
        feed::RevisionSignal signal;
        std::unique_ptr<store::Store> store;
    };

    ControlNode(boost::asio::io_context& loop, std::unique_ptr<Ground> ground, Front& front);

    base::Task<> prepare_store();
    base::Task<> start_name_server();
    base::Task<> start_edge();
    base::Result<> open_name_server(const dns::CookieSecret& cookie_key);
    base::Result<> open_edge();
    base::Task<> prepare_issuance();
    void prepare_ca_work(const std::string& node);
    base::Task<> start_api();
    void prepare_wishes();
    base::Task<> start_feed();
    base::Result<> prepare_alerts();
    base::Task<> start_central_responder();
    void start_background();
    void announce() const;

    base::Result<issuance::AccountSettings> account_settings() const;
    model::Platform platform() const;
    std::vector<net::Endpoint> own_name_servers() const;
    std::unique_ptr<acme::Client> make_acme_client(const std::string& directory_url, crypto::PrivateKey key);
    issuance::JobOptions job_options() const;
    issuance::PlannerOptions planner_options() const;
    base::Result<diagnosis::WatchOptions> watch_options() const;
    void follow(std::string name, feed::Filter filter, std::string follower_class, feed::Sink& sink);
    boost::asio::awaitable<void> learn_directories();
    boost::asio::awaitable<void> note_edges();
    boost::asio::awaitable<void> sweep_challenges();
    boost::asio::awaitable<void> keep_house();

    boost::asio::io_context& loop_;
    Front& front_;
    std::unique_ptr<Ground> ground_;
    boost::asio::thread_pool pool_{2};
    feed::Acknowledgements acknowledgements_;
    feed::World world_;
    LocalWishes local_wishes_{model::own_group};
    std::vector<std::unique_ptr<feed::StoreSource>> sources_;

    std::unique_ptr<http::Client> http_;
    std::unique_ptr<dns::Resolver> resolver_;
    std::unique_ptr<issuance::Accounts> accounts_;
    GateByAcknowledgements gate_;
    DeploymentByAcknowledgements deployment_;
    std::unique_ptr<responder::TxtProbe> probe_;
    std::unique_ptr<responder::Publisher> publisher_;  // null: our own name server
    std::unique_ptr<responder::Responder> responder_;
    issuance::Needs needs_;
    std::unique_ptr<diagnosis::Watch> watch_;
    std::unique_ptr<issuance::JobContext> jobs_;
    std::unique_ptr<issuance::Runner> runner_;
    std::unique_ptr<issuance::Planner> planner_;
    std::unique_ptr<issuance::AdvicePoller> advice_;
    std::map<std::string, std::shared_ptr<acme::Pacer>> pacers_;  // by CA
    std::unique_ptr<issuance::Revoker> revoker_;
    std::unique_ptr<issuance::KeyRotations> rotations_;
    std::unique_ptr<CaDesk> ca_desk_;

    std::unique_ptr<ChecksByWatch> checks_;
    IssuanceByQueue issuance_;
    std::unique_ptr<endpoints::Service> endpoints_;
    std::unique_ptr<endpoints::Wishes> wishes_;
    std::unique_ptr<NodeFacts> facts_;
    std::unique_ptr<AlertParts> alerts_;
    std::unique_ptr<api::Api> api_;
    std::unique_ptr<feed::FeedHandlers> feed_handlers_;
    http::Router router_;
    std::unique_ptr<ApiServer> api_server_;
    std::unique_ptr<feed::Members> members_;  // null: no other machine may join
    std::unique_ptr<feed::JoinHandlers> join_handlers_;
    std::unique_ptr<FeedTls> feed_tls_;
    http::Router feed_router_;
    std::unique_ptr<ApiServer> feed_server_;
    std::unique_ptr<responder::HttpResponder> http_responder_;
    std::unique_ptr<ApiServer> responder_server_;

    base::TaskGroup tasks_;
};

}  // namespace app
