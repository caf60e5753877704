// certwright edge list, invite, remove
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace cli {

namespace {

struct Invitation {
    std::string group = "default";
    std::int64_t hours = 24;
};

void invite(Console& console, const Invitation& wanted)
{
    const auto reply = console.call("POST", "/v1/edge-invitations",
                                    json::object{{"group", wanted.group}, {"hours", wanted.hours}});
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    // The token alone on standard output, so that TOKEN=$(certwright edge invite) works.
    console.out() << text(reply->object(), "token") << "\n";
    console.err() << fmt::format(
        "It works once, within {} hours. On the new machine, with this node's feed.listen as address:\n"
        "  certwright edge --join https://ADDRESS:8701{} --token TOKEN\n",
        wanted.hours, wanted.group == "default" ? "" : " --group " + wanted.group);
}

void remove(Console& console, const std::string& edge)
{
    const auto reply = console.call("DELETE", "/v1/edges/" + http::percent_encode(edge));
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    console.out() << fmt::format(
        "{} is removed: nothing waits for it, no alert is about it, and it is let in no more.\n"
        "If it still runs, stop it: it goes on serving the certificates that it has.\n",
        text(reply->object(), "name"));
}

}  // namespace

// `edge` by itself runs one: app adds that command, this its verbs.
void add_edge_commands(CLI::App& app, Console& console)
{
    const auto known = app.get_subcommands([](const CLI::App* each) { return each->get_name() == "edge"; });
    auto& noun = known.empty() ? add_noun(app, "edge", "Where traffic is served") : *known.front();
    auto& list = add_verb(noun, "list", "List edges and how far they have come", "certwright edge list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/edges");
        if (reply && !console.print_json(reply->body)) {
            console.out() << edge_list_text(reply->object(), console.paint(), console.now());
        }
    });
    auto wanted = std::make_shared<Invitation>();
    auto& inviting = add_verb(noun, "invite", "Make a token with which one more edge joins, once",
                              "certwright edge invite\ncertwright edge invite --group west --hours 2");
    inviting.add_option("--group", wanted->group, "The edge group that it serves")->type_name("NAME");
    inviting.add_option("--hours", wanted->hours, "How long it may be used")
        ->check(CLI::Range(1, 720).description(""))
        ->type_name("HOURS");
    inviting.callback([wanted, &console] { invite(console, *wanted); });
    auto name = std::make_shared<std::string>();
    auto& removing = add_verb(noun, "remove", "Forget an edge that is gone for good, and let it in no more",
                              "certwright edge remove edge-3");
    removing.add_option("NAME", *name, "Its name or id, from edge list")->required();
    removing.callback([name, &console] { remove(console, *name); });
}

}  // namespace cli
