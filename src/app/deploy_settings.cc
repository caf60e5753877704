#include "app/settings.h"

#include <fmt/format.h>

namespace app {

namespace {

using base::Errc;
using base::fail;
using base::Result;

Result<> check_mode(const std::string& text)
{
    return text == "0600" || text == "0640"
               ? Result<>()
               : fail(Errc::invalid, fmt::format("'{}' is neither 0600 nor 0640", text));
}

Result<> check_socket(const std::string& text)
{
    if (text.starts_with('/')) {
        return {};
    }
    TRY(endpoint, net::parse_endpoint(text));
    return {};
}

Result<> check_getter_listen(const std::string& text)
{
    TRY(endpoint, net::parse_endpoint(text));
    if (!endpoint.address().is_loopback()) {
        return fail(Errc::invalid,
                    fmt::format("{} is not a loopback address; private keys travel over plain HTTP "
                                "there, so run `certwright deploy` beside Caddy",
                                text));
    }
    return {};
}

}  // namespace

base::ConfigTable deploy_settings_table(DeploySettings& settings)
{
    base::ConfigTable table;
    table.text("data", settings.data, "The folder of this node's certificate cache and key.");
    table.list(
        "join", settings.join,
        "The control nodes' API, e.g. http://127.0.0.1:8700; of several the next is asked where one fails. "
        "Required.",
        check_join);
    table.text("token", settings.token,
               "A token with the scope edge:<group>, from `certwright token create`. Required.");
    table.text("name", settings.name, "What `certwright edge list` calls this node; empty: the host's name.");
    table.text("trust", settings.trust, "A PEM file with the root of the control node's certificate.");
    table.list("haproxy.sockets", settings.haproxy_sockets,
               "HAProxy's `stats socket` with `level admin`: paths, or address:port.", check_socket);
    table.text(
        "haproxy.folder", settings.haproxy_folder,
        "The folder of HAProxy's certificates and its crt-list.txt, as HAProxy's configuration names it.");
    table.duration("haproxy.check_interval", settings.haproxy_check,
                   "How often to look whether HAProxy was started again; then it gets everything again.");
    table.text(
        "files.folder", settings.files_folder,
        "A folder that gets a folder for each name, with fullchain.pem, privkey.pem and combined.pem.");
    table.text("files.mode", settings.files_mode, "Permissions of those files: 0600 or 0640.", check_mode);
    table.text("files.reload", settings.files_reload,
               "A command to run after files changed, e.g. nginx -s reload; no shell.");
    table.duration("files.reload_interval", settings.files_reload_every,
                   "Least time between two reloads; changes within it are one reload.");
    table.text("hook.command", settings.hook_command,
               "A program to run for each endpoint whose certificates changed; it gets JSON on its input.");
    table.duration("hook.limit", settings.hook_limit, "How long one run of it may take.");
    table.list("getter.listen", settings.getter_listen,
               "Where Caddy's `get_certificate http` is answered. Loopback addresses only.",
               check_getter_listen);
    table.text(
        "getter.secret_file", settings.getter_secret_file,
        "A file with the secret that Caddy must know; empty: getter.secret in the data folder, made when "
        "missing.");
    add_log_fields(table, settings.log_level, settings.log_json);
    return table;
}

}  // namespace app
