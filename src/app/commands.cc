#include "app/commands.h"

#include "app/control_node.h"
#include "app/deploy_node.h"
#include "app/edge_node.h"
#include "app/failure.h"
#include "app/flags.h"
#include "app/served_node.h"
#include "app/simulate_command.h"
#include "app/test_ca_command.h"
#include "app/version.h"
#include "base/log.h"

#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

namespace app {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_problem = 1;
constexpr int exit_usage = 2;

void set_log(const std::string& level, bool json)
{
    using base::log::Level;
    base::log::set_level(level == "debug"     ? Level::debug
                         : level == "warning" ? Level::warning
                         : level == "error"   ? Level::error
                                              : Level::info);
    base::log::set_json(json);
}

// Starts the node, waits for a signal, stops it.
base::Task<> run_deploy(DeployNode& node)
{
    boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
    const auto started = co_await node.start();
    if (started) {
        tell_service_manager("READY=1");
        const int signal = co_await signals.async_wait(boost::asio::use_awaitable);
        base::log::info("stopping", {{"signal", signal}});
        tell_service_manager("STOPPING=1");
    }
    co_await node.stop();
    co_return started;
}

template <class NodeSettings>
base::Result<> prepare(const NodeSettings& settings, const base::ConfigTable& table, const Flags& flags)
{
    auto loaded = load(table, flags);
    if (loaded) {
        set_log(settings.log_level, settings.log_json);
        std::signal(SIGPIPE, SIG_IGN);
    }
    return loaded;
}

int tell_not_opened(const base::Error& error)
{
    return tell_failure(error, error.code() == "config_invalid" ? exit_usage : exit_problem);
}

// Until `life` has ended.
int run_loop(boost::asio::io_context& loop, base::Task<> life)
{
    int status = exit_ok;
    std::exception_ptr bug;
    auto on_end = [&](std::exception_ptr failure, const base::Result<>& lived) {
        bug = std::move(failure);
        if (!bug && !lived) {
            status = tell_failure(lived.error(), exit_problem);
        }
        loop.stop();
    };
    boost::asio::co_spawn(loop, std::move(life), on_end);
    loop.run();
    if (bug) {
        std::rethrow_exception(bug);
    }
    return status;
}

// Sockets and data folder of the process that serves it; none when there is no such process.
base::Result<std::unique_ptr<Predecessor>> take_over(const std::filesystem::path& folder, Front& front)
{
    auto found = Predecessor::find(folder);
    if (!found && found.error().code() == "nobody_there") {
        return std::unique_ptr<Predecessor>();
    }
    if (!found) {
        return base::fail(std::move(found).error());
    }
    CHECKED(found->take_sockets(front.sockets));
    CHECKED(found->let_go());
    front.succeeding = true;
    return std::make_unique<Predecessor>(std::move(*found));
}

template <class Node, class NodeSettings>
int serve(NodeSettings& settings, const base::ConfigTable& table, const Flags& flags, bool from_another)
{
    if (const auto prepared = prepare(settings, table, flags); !prepared) {
        return tell_failure(prepared.error(), exit_usage);
    }
    Front front;
    auto passed = net::PassedSockets::from_systemd();
    if (!passed) {
        return tell_failure(passed.error(), exit_problem);
    }
    front.sockets = std::move(*passed);
    std::unique_ptr<Predecessor> predecessor;  // dies after the node: it takes its folder back then
    if (from_another) {
        auto taken = take_over(settings.data, front);
        if (!taken) {
            return tell_failure(taken.error(), exit_problem);
        }
        predecessor = std::move(*taken);
    }
    boost::asio::io_context loop(1);
    ServedNode<Node, NodeSettings> node(loop, settings, front);
    if (const auto opened = node.open(); !opened) {
        return tell_not_opened(opened.error());
    }
    return run_loop(loop, node.run(predecessor.get()));
}

int deploy(DeploySettings& settings, const base::ConfigTable& table, const Flags& flags)
{
    if (const auto prepared = prepare(settings, table, flags); !prepared) {
        return tell_failure(prepared.error(), exit_usage);
    }
    boost::asio::io_context loop(1);
    auto node = DeployNode::open(loop, settings);
    if (!node) {
        return tell_not_opened(node.error());
    }
    return run_loop(loop, run_deploy(**node));
}

void add_take_over(CLI::App& verb, bool& wanted)
{
    verb.add_flag("--take-over", wanted,
                  "Take sockets and data folder from the process that serves it now, without losing a "
                  "connection; SIGHUP makes a process start its successor so.");
}

struct Context {
    Settings settings;
    EdgeSettings edge_settings;
    base::ConfigTable table = settings_table(settings);
    DeploySettings deploy_settings;
    base::ConfigTable edge_table = edge_settings_table(edge_settings);
    base::ConfigTable deploy_table = deploy_settings_table(deploy_settings);
    Flags flags;
    Flags edge_flags;
    Flags deploy_flags;
    bool no_edge = false;
    bool take_over = false;
    bool for_edge = false;
    bool for_deploy = false;
    bool markdown = false;
    std::filesystem::path checked_file;
};

void add_serve(CLI::App& app, std::shared_ptr<Context> context, int& status)
{
    auto* serve = app.add_subcommand(
        "serve", "Run a control node: API, issuer, name server and (unless --no-edge) an edge.");
    serve->footer(
        "Examples:\n"
        "  certwright serve --domain platform.example\n"
        "  certwright serve --domain platform.example --addresses 192.0.2.1    behind NAT\n"
        "  certwright serve --domain platform.example --ca-directory letsencrypt-staging\n\n"
        "Every flag is also a setting in a file (--config) and an environment variable;\n"
        "see `certwright config reference`.");
    add_flags(*serve, context->table, context->flags);
    serve->add_flag("--no-edge", context->no_edge, "The same as --edge-enabled false.");
    add_take_over(*serve, context->take_over);
    serve->callback([context, &status] {
        if (context->no_edge) {
            context->flags.values["edge.enabled"] = {"false"};
        }
        status =
            app::serve<ControlNode>(context->settings, context->table, context->flags, context->take_over);
    });
}

void add_edge(CLI::App& app, std::shared_ptr<Context> context, int& status)
{
    auto* node = app.add_subcommand("edge", "Run an edge; `edge list` lists them.");
    node->footer(
        "Example, on another machine, with what `certwright edge invite` printed:\n"
        "  certwright edge --join https://control.example:8701 --token \"$TOKEN\"");
    add_flags(*node, context->edge_table, context->edge_flags);
    add_take_over(*node, context->take_over);
    node->callback([context, node, &status] {
        if (node->get_subcommands().empty()) {  // no verb, such as the `list` that cli adds
            status = app::serve<EdgeNode>(context->edge_settings, context->edge_table, context->edge_flags,
                                          context->take_over);
        }
    });
}

void add_deploy(CLI::App& app, std::shared_ptr<Context> context, int& status)
{
    auto* node = app.add_subcommand(
        "deploy",
        "Bring certificates to HAProxy, nginx, Caddy or a hook on this machine (docs/other-proxies.md).");
    node->footer(
        "Examples:\n"
        "  certwright deploy --join http://127.0.0.1:8700 --token \"$TOKEN\" \\\n"
        "      --haproxy-folder /etc/haproxy/certwright --haproxy-sockets /run/haproxy/admin.sock\n"
        "  certwright deploy --join http://127.0.0.1:8700 --token \"$TOKEN\" \\\n"
        "      --files-folder /etc/nginx/certwright --files-reload 'nginx -s reload'\n"
        "  certwright deploy --join http://127.0.0.1:8700 --token \"$TOKEN\" --getter-listen 127.0.0.1:8703");
    add_flags(*node, context->deploy_table, context->deploy_flags);
    node->callback([context, &status] {
        status = deploy(context->deploy_settings, context->deploy_table, context->deploy_flags);
    });
}

// Of the kind of node that was asked for.
const base::ConfigTable& chosen_table(const Context& context)
{
    return context.for_edge ? context.edge_table : context.for_deploy ? context.deploy_table : context.table;
}

void add_config(CLI::App& app, std::shared_ptr<Context> context, int& status)
{
    auto* config = app.add_subcommand("config", "Print every setting, or check a file.");
    config->require_subcommand(1);
    config->footer(
        "Examples:\n"
        "  certwright config reference > certwright.toml\n"
        "  certwright config check certwright.toml");
    auto* reference =
        config->add_subcommand("reference", "A commented file with every setting at its default.");
    auto* edge =
        reference->add_flag("--edge", context->for_edge, "The settings of `certwright edge` instead.");
    reference->add_flag("--deploy", context->for_deploy, "The settings of `certwright deploy` instead.")
        ->excludes(edge);
    reference->add_flag("--markdown", context->markdown, "As a table for documentation.");
    reference->callback([context, &status] {
        const auto& table = chosen_table(*context);
        fmt::print("{}", context->markdown ? table.markdown() : table.reference());
        status = exit_ok;
    });
    auto* check = config->add_subcommand("check", "Tell everything that is wrong with a file.");
    check->add_option("FILE", context->checked_file, "The TOML file.")->required();
    check->callback([context, &status] {
        auto checked = context->table.load(context->checked_file, {}, {});
        if (checked) {
            checked = check_settings(context->settings);
        }
        status = checked ? exit_ok : tell_failure(checked.error(), exit_problem);
        if (checked) {
            fmt::print("{} is fine\n", context->checked_file.string());
        }
    });
}

}  // namespace

void add_commands(CLI::App& app, int& status)
{
    auto context = std::make_shared<Context>();
    app.set_version_flag("--version", fmt::format("certwright {}", version), "Print the version and exit");
    add_serve(app, context, status);
    add_edge(app, context, status);
    add_deploy(app, context, status);
    add_config(app, context, status);
    add_simulate(app, status);
    add_test_ca(app, status);
}

}  // namespace app
