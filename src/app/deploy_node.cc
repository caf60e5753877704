#include "app/deploy_node.h"

#include "app/bootstrap.h"
#include "app/host.h"
#include "app/version.h"
#include "base/command.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret_file.h"
#include "deploy/files_target.h"
#include "deploy/haproxy_folder.h"
#include "deploy/haproxy_target.h"
#include "deploy/hook_target.h"

#include <fmt/ranges.h>

namespace app {

namespace {

constexpr std::size_t longest_secret = 1024;

base::Error invalid(std::string message, std::string fix)
{
    return base::Error(base::Errc::invalid, std::move(message))
        .with_code("config_invalid")
        .with_fix(std::move(fix));
}

base::Result<> check(const DeploySettings& settings)
{
    if (settings.join.empty() || settings.token.empty()) {
        return base::fail(invalid("a deploy node needs --join and --token",
                                  "on the control node run: certwright token create --scope edge:<group>"));
    }
    if (settings.haproxy_sockets.empty() && settings.haproxy_folder.empty() &&
        settings.files_folder.empty() && settings.hook_command.empty() && settings.getter_listen.empty()) {
        return base::fail(
            invalid("there is nothing to deploy to",
                    "give --haproxy-folder, --files-folder, --hook-command or --getter-listen"));
    }
    if (!settings.haproxy_sockets.empty() && settings.haproxy_folder.empty()) {
        return base::fail(invalid("haproxy.sockets needs haproxy.folder",
                                  "give the folder whose crt-list.txt HAProxy's configuration names"));
    }
    return {};
}

// Read from the file, or made there.
base::Result<std::string> secret_from(const std::filesystem::path& file)
{
    if (!std::filesystem::exists(file)) {
        auto made = base::random_secret();
        CHECKED(base::write_secret_file(file, made + "\n"));
        return made;
    }
    TRY(text, base::read_small_file(file, longest_secret));
    auto secret = text.substr(0, text.find('\n'));
    if (secret.size() < 16) {
        return base::fail(invalid(file.string() + " holds no secret of at least 16 characters",
                                  "remove the file to have one made"));
    }
    return secret;
}

std::string without_final_slash(std::string folder)
{
    while (folder.size() > 1 && folder.ends_with('/')) {
        folder.pop_back();
    }
    return folder;
}

}  // namespace

base::Result<std::unique_ptr<DeployNode>> DeployNode::open(boost::asio::io_context& loop,
                                                           DeploySettings settings)
{
    CHECKED(check(settings));
    CHECKED(prepare_data_folder(settings.data));
    TRY(id, own_id(settings.data));
    settings.haproxy_folder = without_final_slash(settings.haproxy_folder);
    settings.files_folder = without_final_slash(settings.files_folder);
    return std::unique_ptr<DeployNode>(new DeployNode(loop, std::move(settings), id));
}

DeployNode::DeployNode(boost::asio::io_context& loop, DeploySettings settings, std::string id)
    : loop_(loop), settings_(std::move(settings)), id_(std::move(id))
{
    http::ClientOptions calling;
    calling.user_agent = "certwright/" + std::string(version);
    calling.trust_file = settings_.trust;
    http_ = http::make_client(loop.get_executor(), std::move(calling));
}

base::Result<> DeployNode::add_targets()
{
    deploy::WorkerOptions often;
    often.look_every = settings_.haproxy_check;
    often.longest_pause = std::chrono::seconds(3);  // asking a socket on this machine costs nothing
    if (!settings_.haproxy_folder.empty()) {
        auto folder = std::make_unique<deploy::HaproxyFolder>(settings_.haproxy_folder, files_pool_);
        CHECKED(folder->prepare());
        deployer_->add(std::move(folder));
    }
    for (const auto& where : settings_.haproxy_sockets) {
        deployer_->add(
            std::make_unique<deploy::HaproxyTarget>(deploy::HaproxySocket(where), settings_.haproxy_folder),
            often);
    }
    if (!settings_.files_folder.empty()) {
        deploy::FilesOptions files;
        files.folder = settings_.files_folder;
        files.mode = settings_.files_mode == "0640" ? 0640U : 0600U;
        files.reload = base::words_of(settings_.files_reload);
        files.reload_every = settings_.files_reload_every;
        deployer_->add(std::make_unique<deploy::FilesTarget>(std::move(files), files_pool_));
    }
    if (!settings_.hook_command.empty()) {
        deploy::HookOptions hook;
        hook.command = base::words_of(settings_.hook_command);
        hook.ledger = std::filesystem::path(settings_.data) / "hook.ledger";
        hook.limit = settings_.hook_limit;
        deployer_->add(std::make_unique<deploy::HookTarget>(std::move(hook), files_pool_));
    }
    return {};
}

base::Result<> DeployNode::start_getter()
{
    if (settings_.getter_listen.empty()) {
        return {};
    }
    const auto file = settings_.getter_secret_file.empty()
                          ? std::filesystem::path(settings_.data) / "getter.secret"
                          : std::filesystem::path(settings_.getter_secret_file);
    TRY(secret, secret_from(file));
    getter_ = std::make_unique<deploy::Getter>(deployer_->inventory(), deployer_->pool(), secret);
    TRY(server, ApiServer::start(loop_.get_executor(), settings_.getter_listen, *getter_,
                                 {"getter.listen", "getter"}));
    getter_server_ = std::move(server);
    return {};
}

base::Task<> DeployNode::start()
{
    CO_TRY(deployer, deploy::Deployer::open(loop_.get_executor(), settings_.data, clock_));
    deployer_ = std::move(deployer);
    CO_CHECKED(add_targets());
    CO_CHECKED(start_getter());
    const auto name = settings_.name.empty() ? host_name() : settings_.name;
    feed::FollowerIdentity identity{id_, name, std::string(version)};
    source_ =
        std::make_unique<feed::HttpSource>(*http_, settings_.join, settings_.token, std::move(identity));
    deployer_->start(*source_);
    const auto control = fmt::format("{}", fmt::join(settings_.join, " "));
    base::log::info("started", {{"deploy", id_}, {"name", name}, {"control", control}, {"version", version}});
    co_return base::Result<>();
}

boost::asio::awaitable<void> DeployNode::stop()
{
    if (getter_server_) {
        co_await getter_server_->stop();
    }
    if (deployer_) {
        co_await deployer_->stop();
    }
    files_pool_.join();
    base::log::info("stopped");
}

}  // namespace app
