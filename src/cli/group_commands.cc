// certwright group ...
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

struct NewGroup {
    std::string name;
    std::vector<std::string> addresses;
    bool own_challenges = false;
    bool edges = false;
};

void add_group(Console& console, const NewGroup& wanted)
{
    json::object body{{"name", wanted.name}, {"own_challenges", wanted.own_challenges}};
    body["addresses"] = array_of(wanted.addresses);
    if (wanted.edges) {
        body["proxies"] = false;
    }
    const auto reply = console.call("POST", "/v1/edge-groups", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    const bool proxies = flag(reply->object(), "proxies");
    console.out() << fmt::format("{0} is here. Names: certwright endpoint add NAME{1} --group {0}\n",
                                 wanted.name, proxies ? "" : " --to URL");
    console.out() << fmt::format(
        fmt::runtime(
            proxies ? "Certificates reach its proxies with: certwright deploy --token \"$(certwright token "
                      "create --scope edge:{})\"\n"
                    : "Its edges join with an invitation: certwright edge invite --group {}\n"),
        wanted.name);
}

}  // namespace

void add_group_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "group", "Where names are served: our edges, or proxies of others");
    auto wanted = std::make_shared<NewGroup>();
    auto& add = add_verb(noun, "add", "Add a group of proxies or edges, or give it other addresses",
                         "certwright group add haproxy --address 192.0.2.80 --address 2001:db8::80\n"
                         "certwright group add legacy --address 192.0.2.81 --own-challenges\n"
                         "certwright group add west --address 192.0.2.82 --edges");
    add.add_option("NAME", wanted->name, "Lower-case letters, digits, hyphens")->required();
    add.add_option("--address", wanted->addresses, "Where its servers are reached; may be repeated")
        ->required()
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    add.add_flag("--own-challenges", wanted->own_challenges,
                 "Its proxies leave the challenge path to the apps; every name there is proved by DNS-01");
    add.add_flag("--edges", wanted->edges, "Its servers are certwright edges, not proxies of others");
    add.callback([wanted, &console] { add_group(console, *wanted); });
    auto& list = add_verb(noun, "list", "List groups and their addresses", "certwright group list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/edge-groups");
        if (!reply || console.print_json(reply->body)) {
            return;
        }
        Table table({"NAME", "ADDRESSES", "SERVED BY", "CHALLENGE PATH"});
        for (const auto& each : objects(reply->object(), "items")) {
            table.add({text(each, "name"), joined(texts(each, "addresses")),
                       flag(each, "proxies") ? "proxies" : "edges",
                       flag(each, "own_challenges") ? "the app's" : "ours"});
        }
        console.out() << table.text(console.paint());
    });
}

}  // namespace cli
