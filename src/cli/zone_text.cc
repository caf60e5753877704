#include "cli/zone_text.h"

#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

std::string server_line(const json::object& server)
{
    const auto addresses = joined(texts(server, "addresses"));
    return addresses.empty() ? text(server, "name") : fmt::format("{} ({})", text(server, "name"), addresses);
}

// Each line with a sign in front.
std::string signed_lines(char sign, const json::object& set)
{
    std::string made;
    const auto lines = record_lines(set);
    for (std::size_t at = 0; at < lines.size();) {
        const auto end = lines.find('\n', at);
        made += fmt::format("{} {}\n", sign, lines.substr(at, end - at));
        at = end + 1;
    }
    return made;
}

}  // namespace

bool is_within(std::string_view name, std::string_view zone)
{
    return name == zone ||
           (name.size() > zone.size() && name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.');
}

std::string zone_text(const json::object& zone, const Paint& paint)
{
    auto made = fmt::format("{} is a {} zone\n", paint.bold(text(zone, "name")), text(zone, "kind"));
    made += labelled(paint, "tenant", text(zone, "tenant"));
    bool first = true;
    for (const auto& server : objects(zone, "name_servers")) {
        made += labelled(paint, first ? "served by" : "", server_line(server));
        first = false;
    }
    made += labelled(paint, "hostmaster", text(zone, "hostmaster"));
    made += labelled(paint, "records",
                     fmt::format("{} sets, serial {}", number(zone, "record_sets"), number(zone, "serial")));
    return made;
}

std::string zone_list_text(const json::object& page, const Paint& paint)
{
    Table table({"ZONE", "KIND", "TENANT", "NAME SERVERS"});
    for (const auto& each : objects(page, "items")) {
        std::vector<std::string> servers;
        for (const auto& server : objects(each, "name_servers")) {
            servers.push_back(text(server, "name"));
        }
        table.add({text(each, "name"), text(each, "kind"), text(each, "tenant"), joined(servers)});
    }
    return table.empty() ? "No zones. Add one: certwright zone add example.com\n" : table.text(paint);
}

std::string record_lines(const json::object& set)
{
    std::string made;
    for (const auto& value : texts(set, "values")) {
        made += fmt::format("{} {} {} {}\n", text(set, "name"), number(set, "ttl"), text(set, "type"), value);
    }
    return made;
}

std::string import_text(const json::object& imported, const Paint& paint)
{
    std::string made;
    for (const auto& each : objects(imported, "removed")) {
        made += signed_lines('-', each);
    }
    for (const auto& each : objects(imported, "changed")) {
        made += signed_lines('-', object(each, "before")) + signed_lines('+', object(each, "after"));
    }
    for (const auto& each : objects(imported, "added")) {
        made += signed_lines('+', each);
    }
    const bool zone_changed = flag(imported, "zone_changed");
    const auto name = text(object(imported, "zone"), "name");
    if (made.empty() && !zone_changed) {
        return fmt::format("{} has just these records\n", paint.bold(name));
    }
    made += zone_changed ? "The SOA or the name servers of the zone change too.\n" : "";
    return made + fmt::format("{}: {} sets added, {} changed, {} removed{}\n", paint.bold(name),
                              objects(imported, "added").size(), objects(imported, "changed").size(),
                              objects(imported, "removed").size(),
                              flag(imported, "preview") ? " (preview: nothing was changed)" : "");
}

std::string check_text(const json::object& report, const Paint& paint)
{
    auto made = fmt::format("{}: {}\n", paint.bold(text(report, "zone")),
                            flag(report, "ok") ? "all is well" : "something is wrong");
    Table delegation({"AT THE PARENT", "STATE", "PROBLEM"});
    for (const auto& each : objects(report, "delegation")) {
        delegation.add({text(each, "record"), text(each, "state"), text(each, "problem")});
    }
    Table servers({"NAME SERVER", "ADDRESS", "BY", "SERIAL", "PROBLEM"});
    for (const auto& each : objects(report, "servers")) {
        const bool answered = each.contains("serial") && !each.at("serial").is_null();
        servers.add({text(each, "name"), text(each, "address"), text(each, "transport"),
                     answered ? std::to_string(number(each, "serial")) : "-", text(each, "problem")});
    }
    return made + delegation.text(paint) + servers.text(paint);
}

}  // namespace cli
