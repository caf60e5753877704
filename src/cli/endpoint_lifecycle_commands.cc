// certwright endpoint import, suspend, resume, transfer, restore
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/endpoint_settings.h"
#include "cli/endpoint_verbs.h"
#include "cli/import_file.h"
#include "cli/json_view.h"
#include "cli/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace cli {

namespace {

constexpr std::size_t lines_a_call = 500;

std::optional<std::string> read_file(Console& console, const std::string& file)
{
    if (file == "-") {
        return std::string(std::istreambuf_iterator<char>(std::cin), {});
    }
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        console.tell_problem(fmt::format("{} cannot be read", file), "", "Check its name and permissions.");
        console.status = usage;
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(in), {});
}

struct Totals {
    std::size_t created = 0;
    std::size_t refused = 0;
    std::size_t others = 0;
};

void tell_line(Console& console, std::size_t line, const json::object& result, Totals& totals)
{
    const auto& paint = console.paint();
    const auto& endpoint = object(result, "endpoint");
    const auto what = text(result, "result");
    (what == "created" ? totals.created : what == "refused" ? totals.refused : totals.others) += 1;
    if (console.globals.json) {
        return;
    }
    if (what == "refused") {
        const auto& problem = object(result, "problem");
        console.out() << fmt::format("line {}: {}: {} {}\n", line, paint.bad("refused"),
                                     harmless(text(problem, "detail")),
                                     paint.dim("[" + text(problem, "code") + "]"));
        return;
    }
    console.out() << fmt::format("line {}: {} {}\n", line, what, text(endpoint, "name"));
    for (const auto& each : objects(endpoint, "warnings")) {
        console.out() << fmt::format("         {} {}; {}\n", paint.warn("warning:"),
                                     harmless(text(each, "message")), harmless(text(each, "fix")));
    }
}

// `results` come in the order of the lines.
void tell_lines(Console& console, const std::vector<ImportLine>& lines, std::size_t from,
                std::vector<json::object> results, Totals& totals, json::array& all)
{
    for (std::size_t i = 0; i < results.size() && from + i < lines.size(); ++i) {
        tell_line(console, lines[from + i].number, results[i], totals);
        if (console.globals.json) {
            results[i]["line"] = lines[from + i].number;
            all.emplace_back(std::move(results[i]));
        }
    }
    if (console.err_is_terminal()) {
        console.err() << fmt::format("\r{} of {} lines", from + results.size(), lines.size()) << std::flush;
    }
}

void import_lines(Console& console, const std::vector<ImportLine>& lines, const std::string& tenant)
{
    Totals totals;
    json::array all;
    for (std::size_t from = 0; from < lines.size(); from += lines_a_call) {
        json::array items;
        for (std::size_t i = from; i < std::min(from + lines_a_call, lines.size()); ++i) {
            auto body = lines[i].body;
            if (!tenant.empty() && !body.contains("tenant")) {
                body["tenant"] = tenant;
            }
            items.emplace_back(std::move(body));
        }
        const auto reply =
            console.call("POST", "/v1/endpoints/import", json::object{{"items", std::move(items)}});
        if (!reply) {
            console.err() << fmt::format("Stopped before line {}; run the same command again to go on.\n",
                                         lines[from].number);
            return;
        }
        tell_lines(console, lines, from, objects(reply->object(), "items"), totals, all);
    }
    if (console.err_is_terminal()) {
        console.err() << "\n";
    }
    json::object body;
    body["created"] = totals.created;
    body["refused"] = totals.refused;
    body["unchanged_or_updated"] = totals.others;
    body["items"] = std::move(all);
    if (!console.print_json(body)) {
        console.out() << fmt::format("{} created, {} there before, {} refused.\n", totals.created,
                                     totals.others, totals.refused);
    }
    console.status = totals.refused > 0 ? problem : ok;
}

void show(Console& console, const std::optional<Reply>& reply)
{
    if (reply && !console.print_json(reply->body)) {
        console.out() << endpoint_summary(reply->object(), console.paint()) << "\n";
    }
}

void add_suspend(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        std::string reason;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "suspend", "Stop serving a name until it is resumed (operator only)",
                          "certwright endpoint suspend shop.example.com --reason 'phishing, ticket 4711'");
    verb.add_option("NAME", options->endpoint, "A name or an id")->required();
    verb.add_option("--reason", options->reason, "What its owner is told")->type_name("TEXT");
    verb.callback([options, &console] {
        json::object body;
        if (!options->reason.empty()) {
            body["reason"] = options->reason;
        }
        show(console, console.call("POST", endpoint_path(options->endpoint, "/suspend"), body));
    });
}

void add_transfer(CLI::App& noun, Console& console)
{
    struct Options {
        std::string endpoint;
        std::string tenant;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(noun, "transfer", "Give a name to another tenant, at once (operator only)",
                          "certwright endpoint transfer shop.example.com --to-tenant globex\n"
                          "certwright endpoint add shop.example.com --to URL     with the new owner's token: "
                          "takes it over by proof");
    verb.add_option("NAME", options->endpoint, "A name or an id")->required();
    verb.add_option("--to-tenant", options->tenant, "Whose it becomes")->required()->type_name("ID");
    verb.callback([options, &console] {
        show(console, console.call("POST", endpoint_path(options->endpoint, "/transfer"),
                                   json::object{{"tenant", options->tenant}}));
    });
}

void add_lifecycle_verb(CLI::App& noun, Console& console, const std::string& name,
                        const std::string& description)
{
    auto endpoint = std::make_shared<std::string>();
    auto& verb = add_verb(noun, name, description, "certwright endpoint " + name + " shop.example.com");
    verb.add_option("NAME", *endpoint, "A name or an id")->required();
    verb.callback([endpoint, name, &console] {
        show(console, console.call("POST", endpoint_path(*endpoint, "/" + name)));
    });
}

}  // namespace

void add_import_verb(CLI::App& noun, Console& console, ImportOf what)
{
    struct Options {
        std::string file;
        std::string tenant;
    };
    auto options = std::make_shared<Options>();
    auto& verb = add_verb(
        noun, "import", "Add many names from a file; run it again as often as needed",
        fmt::format(
            "certwright {0} import names.csv        first line: names,{1}kind, ip_filter, filter_at, "
            "key_types, tenant)\n"
            "certwright {0} import names.jsonl --json    one object a line, as POST /v1/endpoints takes it\n"
            "generate | certwright {0} import -",
            noun.get_name(),
            what == ImportOf::redirects ? "to  (also status, keep_path, " : "upstream  (also "));
    verb.add_option("FILE", options->file, "CSV or JSON lines; - is standard input")->required();
    verb.add_option("--tenant", options->tenant, "Whose they become (operator only)")->type_name("ID");
    verb.callback([options, what, &console] {
        const auto text = read_file(console, options->file);
        if (!text) {
            return;
        }
        const auto lines = parse_import(*text, what);
        if (!lines) {
            console.tell_problem(lines.error().message(), lines.error().code(), lines.error().fix());
            console.status = usage;
            return;
        }
        import_lines(console, *lines, options->tenant);
    });
}

void add_endpoint_lifecycle_commands(CLI::App& noun, Console& console)
{
    add_import_verb(noun, console, ImportOf::endpoints);
    add_suspend(noun, console);
    add_lifecycle_verb(noun, console, "resume", "Serve a suspended name again (operator only)");
    add_transfer(noun, console);
    add_lifecycle_verb(noun, console, "restore", "Take a removal back, as long as its names are held");
}

}  // namespace cli
