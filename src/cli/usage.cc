#include "cli/usage.h"

#include "cli/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <vector>

namespace cli {

namespace {

constexpr std::size_t longest_compared = 40;
constexpr std::size_t alike = 2;  // edits that still suggest another word

// Levenshtein's distance.
std::size_t edits(std::string_view one, std::string_view other)
{
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < one.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const auto replaced = diagonal + (one[i] == other[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, replaced});
        }
    }
    return row.back();
}

// The command that was reached, and how to type it.
struct Reached {
    CLI::App* app;
    std::string line;
};

Reached reached(CLI::App& app)
{
    Reached made{&app, app.get_name()};
    for (auto below = app.get_subcommands(); !below.empty(); below = made.app->get_subcommands()) {
        made.app = below.front();
        made.line += " " + made.app->get_name();
    }
    return made;
}

// The command that `word` was meant to be; empty when none is like it.
std::string meant(const CLI::App& app, const std::string& word)
{
    std::string best;
    std::size_t least = alike + 1;
    for (const auto* each : app.get_subcommands([](const CLI::App*) { return true; })) {
        const auto& name = each->get_name();
        const bool begun = word.size() >= 2 && name.starts_with(word);
        const auto distance = begun ? 0 : edits(word.substr(0, longest_compared), name);
        if (distance < least && distance < name.size()) {
            least = distance;
            best = name;
        }
    }
    return best;
}

void tell_unknown(const Reached& at, const std::string& word, Console& console)
{
    const auto help = fmt::format("`{} --help` lists what there is.", at.line);
    if (word.starts_with('-')) {
        console.tell_problem(fmt::format("`{}` has no option '{}'", at.line, word), "usage", help);
        return;
    }
    if (at.app->get_subcommands([](const CLI::App*) { return true; }).empty()) {
        console.tell_problem(fmt::format("`{}` does not take '{}'", at.line, word), "usage",
                             fmt::format("`{} --help` shows what it takes.", at.line));
        return;
    }
    const auto suggestion = meant(*at.app, word);
    console.tell_problem(
        fmt::format("there is no command '{} {}'", at.line, word), "usage",
        suggestion.empty() ? help : fmt::format("Did you mean `{} {}`? {}", at.line, suggestion, help));
}

constexpr std::size_t page_columns = 80;
constexpr std::size_t text_column = 34;

class HelpText final : public CLI::Formatter {
public:
    HelpText() { column_width(text_column); }

    std::string make_option_desc(const CLI::Option* option) const override
    {
        return beside(option->get_description());
    }
    // What excludes what is told when it is given.
    std::string make_option_opts(const CLI::Option* option) const override
    {
        auto made = CLI::Formatter::make_option_opts(option);
        return made.substr(0, made.find(" Excludes:"));
    }
    std::string make_subcommand(const CLI::App* command) const override
    {
        std::ostringstream out;
        CLI::detail::format_help(out, command->get_display_name(true), beside(command->get_description()),
                                 get_column_width());
        return out.str();
    }
    std::string make_description(const CLI::App* command) const override
    {
        return wrapped(command->get_description(), page_columns) + "\n";
    }

private:
    static std::string beside(const std::string& text) { return wrapped(text, page_columns - text_column); }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_text()
{
    return std::make_shared<HelpText>();
}

int tell_usage(CLI::App& app, const CLI::ParseError& error, Console& console)
{
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
        app.exit(error, console.out(), console.err());
        return ok;
    }
    const auto at = reached(app);
    const auto extra = app.remaining(true);
    const bool wants_more = at.app->get_require_subcommand_min() > 0 && at.app->get_subcommands().empty();
    if (!extra.empty()) {
        tell_unknown(at, extra.front(), console);
    } else if (wants_more) {
        const auto parents =
            at.line.substr(0, at.line.size() - std::min(at.line.size(), at.app->get_name().size() + 1));
        console.err() << at.app->help(parents);
    } else {
        console.tell_problem(error.what(), "usage", fmt::format("See: {} --help", at.line));
    }
    return usage;
}

}  // namespace cli
