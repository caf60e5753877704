// What is done with endpoints and with redirects alike: a redirect is an endpoint with another answer.
// Internal to cli/.
#pragma once

#include "cli/console.h"
#include "cli/endpoint_settings.h"
#include "cli/import_file.h"

#include <CLI/CLI.hpp>

#include <string>

namespace cli {

struct NewNames {
    std::vector<std::string> names;
    std::string tenant;
    std::string group;
    Settings settings;
    Waiting waiting;
};
// --tenant, --group, --wait.
void add_whose(CLI::App& verb, NewNames& wanted);
// Adds them, and shows the records to create or, waiting, the result.
void send_new(Console& console, const NewNames& wanted);
// What a change would still need comes before the change, unless `yes`.
void send_change(Console& console, const std::string& endpoint, const boost::json::object& body, bool yes);

// `only`: what to ask for beside people's wishes, such as "redirects=true&".
void add_list_verb(CLI::App& noun, Console& console, const std::string& only);
void add_remove_verb(CLI::App& noun, Console& console);
void add_import_verb(CLI::App& noun, Console& console, ImportOf what);

// One name, one call, the endpoint as answer.
struct PlainVerb {
    std::string name;
    std::string description;
    std::string method;
    std::string suffix;
};
void add_plain_verb(CLI::App& noun, Console& console, const PlainVerb& plain);

}  // namespace cli
