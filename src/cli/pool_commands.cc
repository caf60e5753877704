// certwright pool ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

struct NewPool {
    std::string name;
    std::vector<std::string> addresses;
    std::string to = "https://www.{name}";
    int status = 301;
    bool no_keep_path = false;
    int labels = 0;
};

std::string record_type(const std::string& address)
{
    return address.contains(':') ? "AAAA" : "A";
}

std::string pool_text(const json::object& pool, const Paint& paint)
{
    auto made = fmt::format("{} is a pool\n", paint.bold(text(pool, "name")));
    made += labelled(paint, "takes", "every domain whose DNS leads to these addresses and to nothing else");
    for (const auto& address : texts(pool, "addresses")) {
        made += labelled(paint, "", fmt::format("{:<4}  {}", record_type(address), address));
    }
    made += labelled(paint, "redirect", redirect_text(pool, "pool"));
    const auto labels = number(pool, "pool_labels");
    made += labelled(paint, "names",
                     labels == 0 ? std::string("bare domains such as example.com")
                                 : fmt::format("with at most {} labels in front of the domain", labels));
    return made;
}

void add_pool(Console& console, const NewPool& wanted)
{
    json::object body{{"name", wanted.name},
                      {"pool_to", wanted.to},
                      {"pool_status", wanted.status},
                      {"pool_keep_path", !wanted.no_keep_path},
                      {"pool_labels", wanted.labels}};
    if (!wanted.addresses.empty()) {
        body["addresses"] = array_of(wanted.addresses);
    }
    const auto reply = console.call("POST", "/v1/edge-groups", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    console.out() << pool_text(reply->object(), console.paint());
    if (wanted.name != "default") {
        console.out() << fmt::format("Its edges join with an invitation: certwright edge invite --group {}\n",
                                     wanted.name);
    }
    console.out() << "What it has taken: certwright redirect list\n";
}

std::vector<json::object> pools(const json::object& groups)
{
    std::vector<json::object> found;
    for (const auto& each : objects(groups, "items")) {
        if (!text(each, "pool_to").empty()) {
            found.push_back(each);
        }
    }
    return found;
}

void list_pools(Console& console)
{
    const auto reply = console.call("GET", "/v1/edge-groups");
    if (!reply) {
        return;
    }
    json::array items;
    Table table({"NAME", "ADDRESSES", "REDIRECTS TO", "LABELS"});
    for (const auto& each : pools(reply->object())) {
        items.emplace_back(each);
        table.add({text(each, "name"), joined(texts(each, "addresses")),
                   fmt::format("{} {}", number(each, "pool_status"), text(each, "pool_to")),
                   std::to_string(number(each, "pool_labels"))});
    }
    if (console.print_json(json::object{{"items", std::move(items)}, {"next", nullptr}})) {
        return;
    }
    console.out() << (table.empty() ? "No pools. Make one: certwright pool add apex --address 192.0.2.80\n"
                                    : table.text(console.paint()));
}

void show_pool(Console& console, const std::string& name)
{
    const auto reply = console.call("GET", "/v1/edge-groups");
    if (!reply) {
        return;
    }
    for (const auto& each : pools(reply->object())) {
        if (text(each, "name") != name) {
            continue;
        }
        if (!console.print_json(each)) {
            console.out() << pool_text(each, console.paint());
        }
        return;
    }
    console.tell_problem("there is no pool " + name, "", "See: certwright pool list");
    console.status = problem;
}

void end_pool(Console& console, const std::string& name)
{
    const auto reply = console.call("POST", "/v1/edge-groups", json::object{{"name", name}, {"pool_to", ""}});
    if (reply && !console.print_json(reply->body)) {
        console.out() << fmt::format(
            "{} takes no new names. Those that it has stay: certwright redirect list\n", name);
    }
}

void add_pool_add(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<NewPool>();
    auto& add = add_verb(noun, "add", "Make a pool, or change it",
                         "certwright pool add apex --address 192.0.2.80 --address 2001:db8::80\n"
                         "certwright pool add apex --to 'https://shop.{name}' --status 308\n"
                         "certwright pool add default       with the edge of this control node");
    add.add_option("NAME", wanted->name, "Of the edge group: lower-case letters, digits, hyphens")
        ->required();
    add.add_option("--address", wanted->addresses, "Where its edges are reached; may be repeated")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
    add.add_option("--to", wanted->to, "Where to; {name} in it is the domain")
        ->type_name("URL")
        ->capture_default_str();
    add.add_option("--status", wanted->status, "301, 302, 307 or 308")
        ->check(CLI::IsMember({301, 302, 307, 308}))
        ->type_name("STATUS")
        ->capture_default_str();
    add.add_flag("--no-keep-path", wanted->no_keep_path, "Every request leads to the target itself");
    add.add_option("--labels", wanted->labels, "Take names with so many labels in front of the domain, too")
        ->check(CLI::Range(0, 10).description(""))
        ->type_name("NUMBER")
        ->capture_default_str();
    add.callback([wanted, &console] { add_pool(console, *wanted); });
}

}  // namespace

void add_pool_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "pool", "Edges that redirect every domain whose DNS leads to them");
    add_pool_add(noun, console);
    auto& list = add_verb(noun, "list", "List pools", "certwright pool list");
    list.callback([&console] { list_pools(console); });
    auto shown = std::make_shared<std::string>();
    auto& show =
        add_verb(noun, "show", "Show a pool and the records that lead to it", "certwright pool show apex");
    show.add_option("NAME", *shown, "Of the pool")->required();
    show.callback([shown, &console] { show_pool(console, *shown); });
    auto ended = std::make_shared<std::string>();
    auto& remove = add_verb(noun, "remove", "Take no new names; its edge group and what it has stay",
                            "certwright pool remove apex");
    remove.add_option("NAME", *ended, "Of the pool")->required();
    remove.callback([ended, &console] { end_pool(console, *ended); });
}

}  // namespace cli
