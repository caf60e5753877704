#include "app/commands.h"

#include "app/control_node.h"
#include "app/deploy_node.h"
#include "app/edge_node.h"
#include "app/failure.h"
#include "app/flags.h"
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
template <class Node>
boost::asio::awaitable<void> run_node(Node& node, int& status)
{
    boost::asio::signal_set signals(co_await boost::asio::this_coro::executor, SIGTERM, SIGINT);
    const auto started = co_await node.start();
    if (started) {
        const int signal = co_await signals.async_wait(boost::asio::use_awaitable);
        base::log::info("stopping", {{"signal", signal}});
        status = exit_ok;
    } else {
        status = tell_failure(started.error(), exit_problem);
    }
    co_await node.stop();
}

template <class Node, class NodeSettings>
int run(NodeSettings& settings, const base::ConfigTable& table, const Flags& flags)
{
    if (const auto loaded = load(table, flags); !loaded) {
        return tell_failure(loaded.error(), exit_usage);
    }
    set_log(settings.log_level, settings.log_json);
    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::io_context loop(1);
    auto node = Node::open(loop, settings);
    if (!node) {
        return tell_failure(node.error(),
                            node.error().code() == "config_invalid" ? exit_usage : exit_problem);
    }
    int status = exit_problem;
    std::exception_ptr bug;
    auto on_end = [&](std::exception_ptr failure) {
        bug = std::move(failure);
        loop.stop();
    };
    boost::asio::co_spawn(loop, run_node(**node, status), on_end);
    loop.run();
    node->reset();
    if (bug) {
        std::rethrow_exception(bug);
    }
    return status;
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
        "Example:\n  certwright serve --domain platform.example --addresses 192.0.2.1\n\n"
        "Every flag is also a setting in a file (--config) and an environment variable; see `certwright "
        "config reference`.");
    add_flags(*serve, context->table, context->flags);
    serve->add_flag("--no-edge", context->no_edge, "The same as --edge-enabled false.");
    serve->callback([context, &status] {
        if (context->no_edge) {
            context->flags.values["edge.enabled"] = {"false"};
        }
        status = run<ControlNode>(context->settings, context->table, context->flags);
    });
}

void add_edge(CLI::App& app, std::shared_ptr<Context> context, int& status)
{
    auto* node = app.add_subcommand("edge", "Run an edge; `edge list` lists them.");
    node->footer(
        "Example, on another machine or beside `serve` with other ports:\n"
        "  certwright edge --join http://127.0.0.1:8700 --token \"$TOKEN\"");
    add_flags(*node, context->edge_table, context->edge_flags);
    node->callback([context, node, &status] {
        if (node->get_subcommands().empty()) {  // no verb, such as the `list` that cli adds
            status = run<EdgeNode>(context->edge_settings, context->edge_table, context->edge_flags);
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
        status = run<DeployNode>(context->deploy_settings, context->deploy_table, context->deploy_flags);
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
    add_test_ca(app, status);
}

}  // namespace app
