// certwright doctor
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/diagnosis_view.h"
#include "cli/paint.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace cli {

namespace {

// 0 when all is well, so that scripts can ask.
void doctor(Console& console, const std::string& endpoint)
{
    const auto reply = console.call("POST", "/v1/endpoints/" + http::percent_encode(endpoint) + "/check");
    if (!reply) {
        if (console.refusal == "endpoint_not_found" && !endpoint.starts_with("ep_")) {
            console.err() << fmt::format(
                "next:  certwright endpoint add {} --to http://HOST:PORT\n"
                "       shows the records to create, before anything is ordered\n",
                harmless(endpoint));
        }
        return;
    }
    const auto& found = reply->object();
    if (!console.print_json(diagnosis_json(found))) {
        console.out() << diagnosis_text(found, console.paint(), console.now());
    }
    console.status = is_healthy(found) ? ok : problem;
}

}  // namespace

void add_doctor_command(CLI::App& app, Console& console)
{
    auto endpoint = std::make_shared<std::string>();
    auto& verb =
        add_verb(app, "doctor", "Look at one name now and say what is wrong; exits 0 when all is well",
                 "certwright doctor shop.example.com\ncertwright doctor shop.example.com --json");
    verb.add_option("NAME", *endpoint, "A name or an id")->required();
    verb.callback([endpoint, &console] { doctor(console, *endpoint); });
}

}  // namespace cli
