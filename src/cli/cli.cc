#include "cli/cli.h"

#include "cli/commands.h"
#include "cli/usage.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace cli {

namespace {

constexpr const char* closing_words =
    "Examples:\n"
    "  certwright serve --domain platform.example\n"
    "  certwright endpoint add shop.example.com --to http://10.0.0.5:3000\n"
    "  certwright endpoint show shop.example.com\n"
    "  certwright status --json\n"
    "\n"
    "Exit status: 0 done; 1 a problem with the thing asked; 2 wrong usage;\n"
    "3 certwright cannot be reached, or the token is not accepted.\n"
    "Every command has --help with examples.";

// One group of options, the same before and after the command.
void add_globals(CLI::App& app, Globals& globals)
{
    app.add_option("--api", globals.api, "Where certwright listens")
        ->envname("CERTWRIGHT_API")
        ->type_name("URL")
        ->capture_default_str();
    app.add_option("--token", globals.token, "A token; better given by the environment")
        ->envname("CERTWRIGHT_TOKEN")
        ->type_name("TOKEN");
    app.add_option("--data", globals.data, "Without a token, operator.token is read from this folder")
        ->envname("CERTWRIGHT_DATA")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--ca-file", globals.trust_file,
                   "PEM of the CA of an https API with a private certificate")
        ->envname("CERTWRIGHT_CA_FILE")
        ->type_name("FILE");
    app.add_flag("--json", globals.json, "Answers as JSON, for scripts");
}

std::size_t terminal_columns()
{
    winsize size{};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int parse_and_run(CLI::App& app, int argc, const char* const* argv, Console& console)
{
    try {
        app.parse(argc, argv);
        return console.status;
    } catch (const CLI::ParseError& error) {
        return tell_usage(app, error, console);
    }
}

}  // namespace

CLI::App& add_noun(CLI::App& app, const std::string& name, const std::string& description)
{
    auto& noun = *app.add_subcommand(name, description);
    noun.require_subcommand(1);
    noun.footer("Every verb has --help with examples.");
    return noun;
}

CLI::App& add_verb(CLI::App& noun, const std::string& name, const std::string& description,
                   const std::string& examples)
{
    auto& verb = *noun.add_subcommand(name, description);
    std::string footer = "Examples:\n  ";
    for (const char each : examples) {
        footer += each == '\n' ? "\n  " : std::string(1, each);
    }
    verb.footer(footer);
    return verb;
}

void build(CLI::App& app, Console& console, const AddMore& add_more)
{
    app.description("certwright: gets, proves, renews, serves and watches HTTPS certificates");
    app.footer(closing_words);
    app.require_subcommand(1);
    app.fallthrough();
    app.formatter(help_text());
    add_globals(app, console.globals);
    if (add_more) {
        add_more(app, console.status);
    }
    add_endpoint_commands(app, console);
    add_redirect_commands(app, console);
    add_certificate_commands(app, console);
    add_alert_commands(app, console);
    add_overview_commands(app, console);
    add_access_commands(app, console);
    add_pool_commands(app, console);
    add_group_commands(app, console);
    add_zone_commands(app, console);
    add_record_commands(app, console);
    add_dashboard_command(app, console);
}

int run(int argc, const char* const* argv, Console& console, const AddMore& add_more)
{
    CLI::App app("", "certwright");
    build(app, console, add_more);
    try {
        return parse_and_run(app, argc, argv, console);
    } catch (const std::exception& bug) {
        console.tell_problem(bug.what(), "internal", "");
        return 70;
    }
}

int run(int argc, const char* const* argv, const AddMore& add_more)
{
    Console console(std::cout, std::cerr, isatty(STDOUT_FILENO) != 0, isatty(STDERR_FILENO) != 0,
                    terminal_columns());
    return run(argc, argv, console, add_more);
}

}  // namespace cli
