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

base::Result<std::unique_ptr<EdgeNode>> EdgeNode::open(boost::asio::io_context& loop, EdgeSettings settings)
{
    CHECKED(check(settings));
    CHECKED(prepare_data_folder(settings.data));
    TRY(id, own_id(settings.data));
    return std::unique_ptr<EdgeNode>(new EdgeNode(loop, std::move(settings), id));
}

EdgeNode::EdgeNode(boost::asio::io_context& loop, EdgeSettings settings, std::string id)
    : executor_(loop.get_executor()), settings_(std::move(settings)), id_(std::move(id)), tasks_(executor_)
{
    http::ClientOptions calling;
    calling.user_agent = "certwright/" + std::string(version);
    calling.trust_file = settings_.trust;
    http_ = http::make_client(loop.get_executor(), std::move(calling));
}

base::Task<> EdgeNode::start()
{
    edge::EdgeOptions options;
    options.folder = settings_.data;
    CO_TRY(http, parse_listeners(settings_.http_listen));
    CO_TRY(https, parse_listeners(settings_.https_listen));
    options.http = http;
    options.https = https;
    options.loop.https_port = https.empty() ? std::uint16_t{443} : https.front().port();
    options.loop.cache.group = settings_.group;
    options.threads = static_cast<unsigned>(settings_.threads);
    CO_CHECKED(use_edge_traffic(settings_.traffic, options));
    auto started = edge::Edge::start(std::move(options), clock_);
    if (!started) {
        co_return base::fail(std::move(started).error());
    }
    edge_ = std::move(*started);
    const auto name = settings_.name.empty() ? host_name() : settings_.name;
    make_source({id_, name, std::string(version)});
    tasks_.spawn("follow", feed::follow(*source_, edge_->sink(), "edge"));
    const auto control = fmt::format("{}", fmt::join(settings_.join, " "));
    base::log::info("started", {{"edge", id_}, {"name", name}, {"control", control}, {"version", version}});
    co_return base::Result<>();
}

// With a certificate of its own, or with a token at each question.
void EdgeNode::make_source(feed::FollowerIdentity identity)
{
    auto invitation = feed::invitation_from(settings_.token);
    if (!invitation && !feed::has_membership(settings_.data)) {
        source_ =
            std::make_unique<feed::HttpSource>(*http_, settings_.join, settings_.token, std::move(identity));
        return;
    }
    feed::MemberOptions options;
    options.controls = settings_.join;
    options.invitation = std::move(invitation);
    options.folder = settings_.data;
    options.identity = std::move(identity);
    options.user_agent = "certwright/" + std::string(version);
    source_ = std::make_unique<feed::MemberSource>(executor_, clock_, std::move(options));
}

boost::asio::awaitable<void> EdgeNode::stop()
{
    co_await tasks_.stop();
    if (edge_) {
        co_await edge_->stop();
    }
    base::log::info("stopped");
}

}  // namespace app
