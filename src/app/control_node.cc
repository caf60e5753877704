#include "app/control_node.h"

#include "app/bootstrap.h"
#include "app/cookie_key.h"
#include "app/dns_publishing.h"
#include "app/own_addresses.h"
#include "app/version.h"
#include "app/web_assets.h"
#include "base/log.h"
#include "base/random.h"
#include "zones/stored/zones.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iterator>

namespace app {

using base::Errc;
using base::Result;
using base::Task;

base::Result<std::unique_ptr<ControlNode>> ControlNode::open(boost::asio::io_context& loop, Settings settings,
                                                             Front& front)
{
    CHECKED(check_settings(settings));
    if (settings.addresses.empty()) {
        settings.addresses = own_addresses(settings.https_listen);
    }
    CHECKED(prepare_data_folder(settings.data_dir()));
    const bool first_start =
        settings.store.empty() && !std::filesystem::exists(settings.data_dir() / "certwright.db");
    auto sealer = crypto::Sealer::open(settings.master_key_file(), first_start || !settings.store.empty());
    if (!sealer) {
        return base::fail(std::move(sealer).error().with_context("master key"));
    }
    auto ground =
        std::make_unique<Ground>(std::move(settings), first_start, base::SystemClock(), std::move(*sealer));
    TRY(store, open_store(ground->settings, ground->clock));
    ground->store = std::move(store);
    return std::unique_ptr<ControlNode>(new ControlNode(loop, std::move(ground), front));
}

ControlNode::ControlNode(boost::asio::io_context& loop, std::unique_ptr<Ground> ground, Front& front)
    : loop_(loop),
      front_(front),
      ground_(std::move(ground)),
      acknowledgements_(loop.get_executor(), *ground_->store, ground_->clock,
                        ground_->settings.edges_lost_after),
      world_{*ground_->store, ground_->sealer, ground_->clock, ground_->signal, acknowledgements_},
      gate_(acknowledgements_),
      deployment_(acknowledgements_),
      issuance_([this] {
          runner_->wake();
          revoker_->wake();
      }),
      tasks_(loop.get_executor())
{
    ground_->store->on_revision([signal = &ground_->signal](std::int64_t head) { signal->notify(head); });
}

ControlNode::~ControlNode() = default;

Task<> ControlNode::start()
{
    CO_CHECKED(co_await prepare_store());
    CO_CHECKED(co_await start_name_server());
    CO_CHECKED(co_await start_edge());
    CO_CHECKED(co_await prepare_issuance());
    CO_CHECKED(co_await start_api());
    CO_CHECKED(co_await start_central_responder());
    CO_CHECKED(co_await front_.wait_for_names());
    front_.sockets.drop_unused();
    start_background();
    announce();
    co_return Result<>();
}

boost::asio::awaitable<void> ControlNode::stop()
{
    if (api_) {
        api_->stop_streams();
    }
    if (api_server_) {
        co_await api_server_->stop();
    }
    if (feed_server_) {
        co_await feed_server_->stop();
    }
    if (responder_server_) {
        co_await responder_server_->stop();
    }
    co_await front_.wishes.close();
    co_await tasks_.stop();
}

Task<> ControlNode::prepare_store()
{
    auto& store = *ground_->store;
    CO_CHECKED(co_await check_master_key(store, ground_->sealer));
    CO_CHECKED(co_await apply_settings(store, ground_->settings, ground_->clock));
    co_return co_await ensure_operator_token(store, ground_->settings.data_dir(), ground_->clock);
}

Task<> ControlNode::start_name_server()
{
    auto& name_server = front_.name_server;
    if (!name_server) {
        CO_TRY(cookie_key, co_await shared_cookie_key(*ground_->store, ground_->sealer));
        CO_CHECKED(open_name_server(cookie_key));
    }
    follow("nameserver", feed::name_server_filter(), feed::name_server_class, name_server->sink());
    co_return Result<>();
}

Result<> ControlNode::open_name_server(const dns::CookieSecret& cookie_key)
{
    nameserver::Options options;
    options.cookie_key = cookie_key;
    options.nsid = ground_->settings.dns_nsid;
    options.sockets = &front_.sockets;
    options.wait_for_data = front_.succeeding;
    options.threads = static_cast<unsigned>(ground_->settings.dns_threads);
    options.rate_limit.per_second = static_cast<std::uint32_t>(ground_->settings.dns_rate_limit);
    TRY(listen, parse_listeners(ground_->settings.dns_listen));
    options.listen = listen;
    auto server = nameserver::Server::start(std::move(options), front_.clock);
    if (!server) {
        return base::fail(std::move(server).error().with_context("dns.listen"));
    }
    front_.name_server = std::move(*server);
    return {};
}

Task<> ControlNode::start_edge()
{
    if (!ground_->settings.edge) {
        co_return Result<>();
    }
    if (!front_.edge) {
        CO_CHECKED(open_edge());
    }
    follow("edge", feed::edge_filter("default"), feed::edge_class("default"), front_.edge->sink());
    co_return Result<>();
}

Result<> ControlNode::open_edge()
{
    edge::EdgeOptions options;
    options.sockets = &front_.sockets;
    options.folder = ground_->settings.data_dir() / "edge";
    TRY(http, parse_listeners(ground_->settings.http_listen));
    TRY(https, parse_listeners(ground_->settings.https_listen));
    options.http = http;
    options.https = https;
    options.loop.https_port = https.empty() ? std::uint16_t{443} : https.front().port();
    options.threads = static_cast<unsigned>(ground_->settings.edge_threads);
    CHECKED(use_edge_traffic(ground_->settings.edge_traffic, options));
    options.desk = &front_.wishes;
    TRY(started, edge::Edge::start(std::move(options), front_.clock, loop_.get_executor()));
    front_.edge = std::move(started);
    return {};
}

void ControlNode::follow(std::string name, feed::Filter filter, std::string follower_class, feed::Sink& sink)
{
    feed::Follower follower;
    follower.follower_class = std::move(follower_class);
    follower.id = std::string(feed::local_follower);
    follower.name = "this node";
    follower.version = std::string(version);
    sources_.push_back(std::make_unique<feed::StoreSource>(world_, std::move(filter), std::move(follower)));
    tasks_.spawn(name, feed::follow(*sources_.back(), sink, name));
}

Task<> ControlNode::prepare_issuance()
{
    const auto& settings = ground_->settings;
    const auto executor = loop_.get_executor();
    http::ClientOptions calling;
    calling.user_agent = "certwright/" + std::string(version);
    calling.trust_file = settings.ca_trust;
    http_ = http::make_client(executor, std::move(calling));
    CO_TRY(resolver, dns::make_resolver(executor, {settings.resolver_forward, std::chrono::seconds(15)}));
    resolver_ = std::move(resolver);
    auto make_client = [this](const std::string& url, crypto::PrivateKey key) {
        return make_acme_client(url, std::move(key));
    };
    accounts_ = std::make_unique<issuance::Accounts>(*ground_->store, ground_->clock, ground_->sealer,
                                                     std::move(make_client));
    probe_ = responder::make_dns_probe();
    responder::ResponderOptions answering;
    answering.own_servers = own_name_servers();
    CO_TRY(publisher, make_publisher(settings, ground_->clock, *http_));
    publisher_ = std::move(publisher);
    if (publisher_) {
        CO_CHECKED(publish_elsewhere(settings, *publisher_, *resolver_, answering));
    }
    responder_ =
        responder::make_responder(*ground_->store, ground_->clock, gate_, *probe_, std::move(answering));

    CO_TRY(watching, watch_options());
    watch_ = std::make_unique<diagnosis::Watch>(executor, *ground_->store, *resolver_, ground_->clock, needs_,
                                                watching);
    jobs_.reset(new issuance::JobContext{*ground_->store, ground_->clock, ground_->sealer, *accounts_,
                                         *responder_, *watch_, deployment_, pool_, job_options()});
    issuance::RunnerOptions running;
    running.node = base::new_id("node");
    prepare_ca_work(running.node);
    running.in_flight = static_cast<std::size_t>(settings.orders_in_flight);
    runner_ = std::make_unique<issuance::Runner>(executor, *jobs_, std::move(running));
    needs_.on_wake([this] { runner_->wake(); });
    planner_ = std::make_unique<issuance::Planner>(*ground_->store, ground_->clock, planner_options(),
                                                   [this] { runner_->wake(); });
    advice_ = std::make_unique<issuance::AdvicePoller>(executor, *ground_->store, ground_->clock, *accounts_);
    CO_TRY(account, account_settings());
    CO_TRY(made, co_await accounts_->ensure_default(std::move(account)));
    co_return Result<>();
}

namespace {

api::SessionOptions session_options(const Settings& settings)
{
    api::SessionOptions options;
    options.life = std::chrono::duration_cast<std::chrono::seconds>(settings.dashboard_session);
    return options;
}

// unauthorized for a token that is unknown, expired or revoked.
Task<model::Token> find_edges_token(store::Store& store, std::string secret, base::Time now)
{
    auto find = [hash = api::hash_secret(secret), now](store::Transaction& tx) {
        return tx.tokens.find(hash, now);
    };
    auto found = co_await store.read(std::move(find));
    if (!found && found.error().kind() == Errc::not_found) {
        co_return base::fail(
            base::Error(Errc::unauthorized, "the token is unknown, expired or revoked")
                .with_code("token_invalid")
                .with_fix("on the control node run: certwright edge invite (for an edge), or certwright "
                          "token create --scope edge:GROUP; then give --token"));
    }
    co_return found;
}

}  // namespace

Task<> ControlNode::start_api()
{
    auto& store = *ground_->store;
    checks_ = std::make_unique<ChecksByWatch>(*watch_);
    endpoints::Options options;
    options.platform = platform();
    CO_TRY(private_upstreams, net::AddressSet::parse(ground_->settings.private_upstreams));
    options.upstreams = endpoints::UpstreamPolicy(std::move(private_upstreams));
    options.endpoints_per_tenant = ground_->settings.endpoints_per_tenant;
    options.own_challenges_for = ground_->settings.own_challenges;
    options.names_per_domain = ground_->settings.names_per_domain;
    options.vouched_tenants = ground_->settings.vouched_tenants;
    endpoints_ = std::make_unique<endpoints::Service>(store, ground_->clock, ground_->sealer, *checks_,
                                                      issuance_, std::move(options));
    prepare_wishes();
    facts_ = std::make_unique<NodeFacts>(*front_.name_server, front_.edge.get(), *resolver_,
                                         acknowledgements_, zones_of(ground_->settings));
    facts_->count(*wishes_);
    CO_CHECKED(prepare_alerts());
    api_ = std::make_unique<api::Api>(loop_.get_executor(),
                                      api::Parts{store, *endpoints_, ground_->clock, *ca_desk_, *facts_,
                                                 alerts_->service(), session_options(ground_->settings)});
    api_->add_routes(router_);
    if (ground_->settings.dashboard) {
        add_web_routes(router_, web_assets());
    }
    auto authorise = [&store, clock = &ground_->clock](std::string secret) -> Task<model::Token> {
        return find_edges_token(store, std::move(secret), clock->now());
    };
    auto grant = [this](std::string group, model::Wish wish) {
        return wishes_->grant(std::move(group), std::move(wish));
    };
    feed_handlers_ =
        std::make_unique<feed::FeedHandlers>(world_, std::move(authorise), pool_, std::move(grant));
    feed_handlers_->add_to(router_);
    CO_CHECKED(co_await start_feed());
    CO_TRY(server, ApiServer::start(loop_.get_executor(), ground_->settings.api_listen, router_,
                                    {"api.listen", "api", &front_.sockets}));
    api_server_ = std::move(server);
    co_return Result<>();
}

// For edges on other machines.
Task<> ControlNode::start_feed()
{
    const auto& listen = ground_->settings.feed_listen;
    if (listen.empty()) {
        co_return Result<>();
    }
    CO_TRY(members, co_await feed::Members::open(*ground_->store, ground_->sealer, ground_->clock));
    members_ = std::move(members);
    CO_TRY(tls, FeedTls::create(*members_, ground_->clock));
    feed_tls_ = std::move(tls);
    join_handlers_ = std::make_unique<feed::JoinHandlers>(*members_, api::hash_secret);
    join_handlers_->add_to(feed_router_);
    feed_handlers_->add_to(feed_router_);
    const ApiServer::Tls taking{feed_tls_->server(), *feed_tls_};
    CO_TRY(server, ApiServer::start(loop_.get_executor(), listen, feed_router_,
                                    {"feed.listen", "feed", &front_.sockets}, taking));
    feed_server_ = std::move(server);
    facts_->set_feed_root(members_->fingerprint());
    co_return Result<>();
}

Task<> ControlNode::start_central_responder()
{
    http_responder_ = std::make_unique<responder::HttpResponder>(*ground_->store);
    const auto& listen = ground_->settings.responder_listen;
    CO_TRY(server, ApiServer::start(loop_.get_executor(), listen, *http_responder_,
                                    {"responder.listen", "responder", &front_.sockets}));
    responder_server_ = std::move(server);
    co_return Result<>();
}

void ControlNode::start_background()
{
    tasks_.spawn("watch", watch_->run());
    tasks_.spawn("runner", runner_->run());
    tasks_.spawn("planner", planner_->run());
    tasks_.spawn("advice", advice_->run());
    tasks_.spawn("revoker", revoker_->run());
    tasks_.spawn("key_rotations", rotations_->run());
    tasks_.spawn("zone_checks", facts_->run());
    tasks_.spawn("edges_noted", note_edges());
    tasks_.spawn("challenges_swept", sweep_challenges());
    tasks_.spawn("house", keep_house());
    tasks_.spawn("alerts", alerts_->run());
    tasks_.spawn("ca_directories", learn_directories());
}

// What CAs call themselves in CAA records, and their profiles, are in their directories; until it is known,
// CAA is not judged.
boost::asio::awaitable<void> ControlNode::learn_directories()
{
    while (true) {
        const auto complete = co_await accounts_->learn_directories();
        if (!complete) {
            base::log::warning("directories_not_learned", {{"error", complete.error().message()}});
        }
        const bool done = complete && *complete;
        co_await ground_->clock.sleep(done ? std::chrono::hours(6) : std::chrono::minutes(1));
    }
}

// `edge list` shows what the store knows.
boost::asio::awaitable<void> ControlNode::note_edges()
{
    while (true) {
        co_await ground_->clock.sleep(std::chrono::seconds(2));
        if (const auto noted = co_await acknowledgements_.note_progress(); !noted) {
            base::log::warning("edges_not_noted", {{"error", noted.error().message()}});
        }
    }
}

boost::asio::awaitable<void> ControlNode::sweep_challenges()
{
    while (true) {
        co_await ground_->clock.sleep(std::chrono::seconds(30));
        if (const auto swept = co_await responder_->sweep(); !swept) {
            base::log::warning("challenges_not_swept", {{"error", swept.error().message()}});
        }
    }
}

// Small work that nothing waits for.
boost::asio::awaitable<void> ControlNode::keep_house()
{
    constexpr std::int64_t kept_revisions = 100'000;
    constexpr int rounds_a_day = 144;
    for (int round = 0;; ++round) {
        if (round % rounds_a_day == 0) {
            auto recount = [](store::Transaction& tx) { return tx.endpoints.recount(); };
            if (const auto counted = co_await ground_->store->write(std::move(recount)); !counted) {
                base::log::warning("recount_failed", {{"error", counted.error().message()}});
            }
        }
        co_await ground_->clock.sleep(std::chrono::minutes(10));
        if (const auto released = co_await endpoints_->release_held(); !released) {
            base::log::warning("release_failed", {{"error", released.error().message()}});
        }
        if (const auto expired = co_await zones::remove_expired(*ground_->store, ground_->clock); !expired) {
            base::log::warning("records_not_expired", {{"error", expired.error().message()}});
        }
        auto compact = [](store::Transaction& tx) -> Result<> {
            TRY(head, tx.revisions.head());
            return head.number > kept_revisions ? tx.revisions.compact(head.number - kept_revisions)
                                                : Result<>();
        };
        if (const auto compacted = co_await ground_->store->write(std::move(compact)); !compacted) {
            base::log::warning("compaction_failed", {{"error", compacted.error().message()}});
        }
    }
}

void ControlNode::announce() const
{
    for (const auto& where : front_.name_server->where()) {
        base::log::info("dns_listening", {{"address", net::to_string(where)}});
    }
    for (const auto& where : api_server_->where()) {
        base::log::info("api_listening", {{"url", "http://" + net::to_string(where)}});
    }
    for (const auto& where : feed_server_ ? feed_server_->where() : std::vector<net::Endpoint>()) {
        base::log::info("feed_listening", {{"url", "https://" + net::to_string(where)}});
    }
    for (const auto& where : responder_server_->where()) {
        base::log::info("responder_listening", {{"url", "http://" + net::to_string(where)}});
    }
    if (ground_->first_start) {
        facts_->print_what_to_create();
    }
    const auto& settings = ground_->settings;
    if (settings.addresses.empty()) {
        fmt::print("{}\n", words_without_address(settings.domain, !settings.name_servers.empty() ||
                                                                      settings.dns01_elsewhere()));
        std::fflush(stdout);
        base::log::warning("address_unknown", {{"fix", "give --addresses"}});
    }
    base::log::info("started", {{"addresses", fmt::format("{}", fmt::join(settings.addresses, " "))},
                                {"domain", settings.domain},
                                {"ca", settings.ca_directory_url()},
                                {"version", version}});
}

}  // namespace app
