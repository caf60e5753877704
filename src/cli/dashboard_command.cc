// certwright dashboard
#include "cli/commands.h"
#include "cli/json_view.h"

#include <fmt/format.h>

namespace cli {

void add_dashboard_command(CLI::App& app, Console& console)
{
    auto& command = add_verb(app, "dashboard", "Print a link that signs in to the web dashboard, once",
                             "certwright dashboard\n"
                             "xdg-open \"$(certwright dashboard)\"\n"
                             "certwright dashboard --api https://certwright.example.com --token \"$TOKEN\"");
    command.callback([&console] {
        const auto reply = console.call("POST", "/v1/sign-in-codes", json::object());
        if (!reply || console.print_json(reply->body)) {
            return;
        }
        auto base = console.globals.api;
        while (base.ends_with('/')) {
            base.pop_back();
        }
        // The link alone on standard output, so that a browser can be given it.
        console.out() << base << text(reply->object(), "path") << "\n";
        console.err() << "It works once, within ten minutes, and may do what your token may.\n";
    });
}

}  // namespace cli
