#include "app/edge_node.h"

#include "app/bootstrap.h"
#include "app/host.h"
#include "app/version.h"
#include "base/log.h"

namespace app {

namespace {

base::Result<> check(const EdgeSettings& settings)
{
    if (settings.join.empty() || settings.token.empty()) {
        return base::fail(
            base::Error(base::Errc::invalid, "an edge needs --join and --token")
                .with_code("config_invalid")
                .with_fix("on the control node run: certwright token create --scope edge:default"));
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<EdgeNode>> EdgeNode::open(boost::asio::io_context& loop, EdgeSettings settings,
                                                       Front& front)
{
    CHECKED(check(settings));
    CHECKED(prepare_data_folder(settings.data));
    TRY(id, own_id(settings.data));
    return std::unique_ptr<EdgeNode>(new EdgeNode(loop, std::move(settings), id, front));
}

EdgeNode::EdgeNode(boost::asio::io_context& loop, EdgeSettings settings, std::string id, Front& front)
    : front_(front),
      executor_(loop.get_executor()),
      settings_(std::move(settings)),
      id_(std::move(id)),
      tasks_(executor_)
{
    http::ClientOptions calling;
    calling.user_agent = "certwright/" + std::string(version);
    calling.trust_file = settings_.trust;
    http_ = http::make_client(executor_, std::move(calling));
}

base::Result<> EdgeNode::open_edge()
{
    edge::EdgeOptions options;
    options.folder = settings_.data;
    options.sockets = &front_.sockets;
    TRY(http, parse_listeners(settings_.http_listen));
    TRY(https, parse_listeners(settings_.https_listen));
    options.http = http;
    options.https = https;
    options.loop.https_port = https.empty() ? std::uint16_t{443} : https.front().port();
    options.loop.cache.group = settings_.group;
    options.threads = static_cast<unsigned>(settings_.threads);
    CHECKED(use_edge_traffic(settings_.traffic, options));
    options.desk = &front_.wishes;
    TRY(started, edge::Edge::start(std::move(options), front_.clock, executor_));
    front_.edge = std::move(started);
    return {};
}

base::Task<> EdgeNode::start()
{
    if (!front_.edge) {
        CO_CHECKED(open_edge());
    }
    front_.sockets.drop_unused();
    const auto name = settings_.name.empty() ? host_name() : settings_.name;
    feed::FollowerIdentity identity{id_, name, std::string(version)};
    source_ =
        std::make_unique<feed::HttpSource>(*http_, settings_.join, settings_.token, std::move(identity));
    front_.wishes.open(*source_);
    tasks_.spawn("follow", feed::follow(*source_, front_.edge->sink(), "edge"));
    base::log::info("started",
                    {{"edge", id_}, {"name", name}, {"control", settings_.join}, {"version", version}});
    co_return base::Result<>();
}

boost::asio::awaitable<void> EdgeNode::stop()
{
    co_await front_.wishes.close();
    co_await tasks_.stop();
}

}  // namespace app
