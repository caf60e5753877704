#include "app/edge_node.h"

#include "app/bootstrap.h"
#include "app/host.h"
#include "app/version.h"
#include "base/log.h"
#include "feed/member_source.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace app {

namespace {

base::Result<> check(const EdgeSettings& settings)
{
    const bool joined = feed::has_membership(settings.data);
    if (settings.join.empty() || (settings.token.empty() && !joined)) {
        return base::fail(
            base::Error(base::Errc::invalid, "an edge needs --join, and --token at its first start")
                .with_code("config_invalid")
                .with_fix("on the control node run: certwright edge invite"));
    }
    const bool tls_only = joined || feed::invitation_from(settings.token);
    const auto plain = std::ranges::find_if(
        settings.join, [](const std::string& each) { return !each.starts_with("https://"); });
    if (tls_only && plain != settings.join.end()) {
        return base::fail(
            base::Error(base::Errc::invalid,
                        fmt::format("an edge with a certificate joins over TLS, not {}", *plain))
                .with_code("config_invalid")
                .with_fix("use the control node's feed.listen: --join https://ADDRESS:8701"));
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
    make_source({id_, name, std::string(version)});
    tasks_.spawn("follow", feed::follow(*source_, front_.edge->sink(), "edge"));
    const auto control = fmt::format("{}", fmt::join(settings_.join, " "));
    base::log::info("started", {{"edge", id_}, {"name", name}, {"control", control}, {"version", version}});
    co_return base::Result<>();
}

// With a certificate of its own, or with a token at each question.
void EdgeNode::make_source(feed::FollowerIdentity identity)
{
    auto invitation = feed::invitation_from(settings_.token);
    if (!invitation && !feed::has_membership(settings_.data)) {
        auto source =
            std::make_unique<feed::HttpSource>(*http_, settings_.join, settings_.token, std::move(identity));
        front_.wishes.open(*source);
        source_ = std::move(source);
        return;
    }
    feed::MemberOptions options;
    options.controls = settings_.join;
    options.invitation = std::move(invitation);
    options.folder = settings_.data;
    options.group = settings_.group;
    options.identity = std::move(identity);
    options.user_agent = "certwright/" + std::string(version);
    auto source = std::make_unique<feed::MemberSource>(executor_, front_.clock, std::move(options));
    front_.wishes.open(*source);
    source_ = std::move(source);
}

boost::asio::awaitable<void> EdgeNode::stop()
{
    co_await front_.wishes.close();
    co_await tasks_.stop();
}

}  // namespace app
