// certwright zone ... and certwright record ...
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "cli/zone_text.h"
#include "http/uri.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <sstream>

namespace cli {

namespace {

struct NewZone {
    std::string name;
    std::vector<std::string> servers;
    std::string hostmaster;
    std::string tenant;
};

struct ZoneImport {
    std::string zone;
    std::string file;
    bool preview = false;
};

struct RecordArguments {
    std::string zone;
    std::string name;
    std::string type;
    std::vector<std::string> values;
    int ttl = 3'600;
};

std::string path_of(const std::string& zone, std::string_view rest = "")
{
    return fmt::format("/v1/zones/{}{}", http::percent_encode(zone), rest);
}

void add_zone(Console& console, const NewZone& wanted)
{
    json::object body{{"name", wanted.name}, {"name_servers", array_of(wanted.servers)}};
    if (!wanted.hostmaster.empty()) {
        body["hostmaster"] = wanted.hostmaster;
    }
    if (!wanted.tenant.empty()) {
        body["tenant"] = wanted.tenant;
    }
    const auto reply = console.call("POST", "/v1/zones", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    console.out() << zone_text(reply->object(), console.paint());
    console.out() << fmt::format(
        "Records: certwright zone import {0} FILE, or certwright record set\n"
        "What its parent must say: certwright zone check {0}\n",
        text(reply->object(), "name"));
}

void show_zone(Console& console, const std::string& zone)
{
    const auto reply = console.call("GET", path_of(zone));
    if (reply && !console.print_json(reply->body)) {
        console.out() << zone_text(reply->object(), console.paint());
    }
}

void remove_zone(Console& console, const std::string& zone)
{
    const auto reply = console.call("DELETE", path_of(zone));
    if (reply && !console.print_json(json::object{{"name", zone}, {"removed", true}})) {
        console.out() << fmt::format("{} and its records are gone\n", zone);
    }
}

std::optional<std::string> read_all(const std::string& file)
{
    std::ostringstream text;
    if (file == "-") {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        return std::nullopt;
    }
    text << in.rdbuf();
    return text.str();
}

void import_zone(Console& console, const ZoneImport& wanted)
{
    const auto file = read_all(wanted.file);
    if (!file) {
        console.tell_problem(wanted.file + " cannot be read", "", "");
        console.status = usage;
        return;
    }
    const auto reply = console.call("POST", path_of(wanted.zone, "/import"),
                                    json::object{{"file", *file}, {"preview", wanted.preview}});
    if (reply && !console.print_json(reply->body)) {
        console.out() << import_text(reply->object(), console.paint());
    }
}

void export_zone(Console& console, const std::string& zone)
{
    const auto reply = console.call("GET", path_of(zone, "/file"));
    if (reply && !console.print_json(reply->body)) {
        console.out() << text(reply->object(), "file");
    }
}

void check_zone(Console& console, const std::string& zone)
{
    const auto reply = console.call("GET", path_of(zone, "/check"));
    if (!reply) {
        return;
    }
    if (!console.print_json(reply->body)) {
        console.out() << check_text(reply->object(), console.paint());
    }
    if (!flag(reply->object(), "ok")) {
        console.status = problem;
    }
}

// The zone that a name belongs to: the most specific one.
std::optional<std::string> zone_of_name(Console& console, const RecordArguments& wanted)
{
    if (!wanted.zone.empty()) {
        return wanted.zone;
    }
    const auto reply = console.call("GET", "/v1/zones");
    if (!reply) {
        return std::nullopt;
    }
    std::string best;
    for (const auto& each : objects(reply->object(), "items")) {
        const auto zone = text(each, "name");
        if (zone.size() > best.size() && is_within(wanted.name, zone)) {
            best = zone;
        }
    }
    if (best.empty()) {
        console.tell_problem(wanted.name + " is in no zone of ours", "zone_not_found",
                             "See: certwright zone list");
        console.status = problem;
        return std::nullopt;
    }
    return best;
}

void set_records(Console& console, const RecordArguments& wanted)
{
    const auto zone = zone_of_name(console, wanted);
    if (!zone) {
        return;
    }
    json::object body{{"ttl", wanted.ttl}, {"values", array_of(wanted.values)}};
    const auto path = path_of(*zone, fmt::format("/records/{}/{}", http::percent_encode(wanted.name),
                                                 http::percent_encode(wanted.type)));
    const auto reply = console.call("PUT", path, body);
    if (reply && !console.print_json(reply->body)) {
        console.out() << record_lines(reply->object());
    }
}

void remove_records(Console& console, const RecordArguments& wanted)
{
    const auto zone = zone_of_name(console, wanted);
    if (!zone) {
        return;
    }
    const auto path = path_of(*zone, fmt::format("/records/{}/{}", http::percent_encode(wanted.name),
                                                 http::percent_encode(wanted.type)));
    const auto reply = console.call("DELETE", path);
    if (reply && !console.print_json(json::object{{"name", wanted.name}, {"removed", true}})) {
        console.out() << fmt::format("{} {} is gone\n", wanted.name, wanted.type);
    }
}

// Every page, as one list.
void list_records(Console& console, const RecordArguments& wanted)
{
    json::array items;
    std::string after;
    do {
        auto path =
            path_of(wanted.zone, fmt::format("/records?limit=500&after={}", http::percent_encode(after)));
        if (!wanted.name.empty()) {
            path += "&name=" + http::percent_encode(wanted.name);
        }
        const auto reply = console.call("GET", path);
        if (!reply) {
            return;
        }
        for (const auto& each : objects(reply->object(), "items")) {
            items.emplace_back(each);
        }
        after = text(reply->object(), "next");
    } while (!after.empty());
    json::object all{{"items", std::move(items)}, {"next", nullptr}};
    if (console.print_json(all)) {
        return;
    }
    for (const auto& each : objects(all, "items")) {
        console.out() << record_lines(each);
    }
}

void add_zone_verbs(CLI::App& noun, Console& console)
{
    auto wanted = std::make_shared<NewZone>();
    auto& add =
        add_verb(noun, "add", "Answer for a zone whose records you write",
                 "certwright zone add shop.example.com\n"
                 "certwright zone add example.com --ns ns1.example.net --ns ns2.example.com=192.0.2.53");
    add.add_option("ZONE", wanted->name, "The name at its top")->required();
    add.add_option("--ns", wanted->servers,
                   "A name server, maybe with addresses; may be repeated; without any, those of the platform")
        ->type_name("NAME[=ADDRESS,...]")
        ->allow_extra_args(false);
    add.add_option("--hostmaster", wanted->hostmaster, "The mailbox in the SOA")->type_name("MAIL");
    add.add_option("--tenant", wanted->tenant, "Whose zone it is")->type_name("TENANT");
    add.callback([wanted, &console] { add_zone(console, *wanted); });

    auto zone = std::make_shared<std::string>();
    const auto takes_zone = [zone](CLI::App& verb) {
        verb.add_option("ZONE", *zone, "The name at its top")->required();
    };
    auto& show = add_verb(noun, "show", "Show a zone", "certwright zone show shop.example.com");
    takes_zone(show);
    show.callback([zone, &console] { show_zone(console, *zone); });
    auto& remove = add_verb(noun, "remove", "Answer for a zone no more, and forget its records",
                            "certwright zone remove shop.example.com");
    takes_zone(remove);
    remove.callback([zone, &console] { remove_zone(console, *zone); });
    auto& write = add_verb(noun, "export", "Write a zone as a master file",
                           "certwright zone export shop.example.com > shop.zone");
    takes_zone(write);
    write.callback([zone, &console] { export_zone(console, *zone); });
    auto& check =
        add_verb(noun, "check", "Compare what the world sees with what should be; exits 0 when all is well",
                 "certwright zone check shop.example.com");
    takes_zone(check);
    check.callback([zone, &console] { check_zone(console, *zone); });

    auto import = std::make_shared<ZoneImport>();
    auto& read =
        add_verb(noun, "import", "Make the records of a zone those of a master file; says what changes",
                 "certwright zone import shop.example.com shop.zone --preview\n"
                 "certwright zone import shop.example.com shop.zone");
    read.add_option("ZONE", import->zone, "The name at its top")->required();
    read.add_option("FILE", import->file, "An RFC 1035 master file; - is standard input")->required();
    read.add_flag("--preview", import->preview, "Only say what would change");
    read.callback([import, &console] { import_zone(console, *import); });
}

}  // namespace

void add_zone_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "zone", "Zones that our name server answers for");
    add_zone_verbs(noun, console);
    auto& list = add_verb(noun, "list", "List zones", "certwright zone list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/zones");
        if (reply && !console.print_json(reply->body)) {
            console.out() << zone_list_text(reply->object(), console.paint());
        }
    });
}

void add_record_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "record", "DNS records in our zones");
    auto wanted = std::make_shared<RecordArguments>();
    const auto takes_name = [wanted](CLI::App& verb) {
        verb.add_option("NAME", wanted->name, "The whole name; may begin with *.")->required();
        verb.add_option("TYPE", wanted->type, "A, AAAA, CNAME, MX, TXT, CAA, HTTPS, ... or TYPE65280")
            ->required();
        verb.add_option("--zone", wanted->zone, "Its zone, where the name is in several")->type_name("ZONE");
    };
    auto& set = add_verb(noun, "set", "Make these values all of that type at a name",
                         "certwright record set www.example.com A 192.0.2.1 192.0.2.2 --ttl 300\n"
                         "certwright record set example.com MX \"10 mail.example.com\"\n"
                         "certwright record set _dmarc.example.com TXT '\"v=DMARC1; p=reject\"'");
    takes_name(set);
    set.add_option("VALUE", wanted->values, "As in a master file, names absolute")->required();
    set.add_option("--ttl", wanted->ttl, "Seconds for which it may be kept")->capture_default_str();
    set.callback([wanted, &console] { set_records(console, *wanted); });
    auto& remove = add_verb(noun, "remove", "Remove all values of a type at a name",
                            "certwright record remove www.example.com A");
    takes_name(remove);
    remove.callback([wanted, &console] { remove_records(console, *wanted); });
    auto& list = add_verb(noun, "list", "List the records of a zone, in canonical order",
                          "certwright record list example.com\n"
                          "certwright record list example.com --name www.example.com");
    list.add_option("ZONE", wanted->zone, "The name at its top")->required();
    list.add_option("--name", wanted->name, "Only those of this name")->type_name("NAME");
    list.callback([wanted, &console] { list_records(console, *wanted); });
}

}  // namespace cli
