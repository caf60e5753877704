#include "alerts/text.h"

#include "diagnosis/problems.h"
#include "http/uri.h"
#include "model/domain_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace alerts {

namespace {

using model::Actor;
using model::Alert;

constexpr std::size_t shown_examples = 10;

std::string day(base::Time time)
{
    return base::to_rfc3339(time).substr(0, 10);
}

std::string distance(std::chrono::milliseconds length)
{
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(length).count();
    const auto say = [](std::int64_t count, std::string_view unit) {
        return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (minutes < 120) {
        return say(minutes, "minute");
    }
    return minutes < 48 * 60 ? say(minutes / 60, "hour") : say(minutes / (24 * 60), "day");
}

void replace(std::string& text, std::string_view mark, std::string_view value)
{
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) {
        text.replace(at, mark.size(), value);
    }
}

std::string filled(std::string_view form, const Alert& alert)
{
    std::string text(form);
    replace(text, "{name}", both_forms(alert.name));
    replace(text, "{subject}", alert.name.empty() ? alert.subject : alert.name);
    replace(text, "{deadline}", alert.deadline ? day(*alert.deadline) : std::string("an unknown day"));
    return text;
}

std::string headline(const Alert& alert)
{
    const auto* rule = find_rule(alert.rule);
    return filled(rule != nullptr ? rule->headline : std::string_view("{name}: needs attention"), alert);
}

// Of the platform's own names the operator, who reads this, is the customer.
std::string customer_of(const Alert& alert, const TextFacts& facts)
{
    const bool reader = facts.to_customer || alert.tenant.empty() || alert.tenant == model::own_tenant;
    return (reader ? std::string("You") : fmt::format("The customer (tenant {})", alert.tenant)) +
           (diagnosis::is_dns_problem(alert.problem.code) ? ", where the DNS of the domain is kept" : "");
}

std::string who(const Alert& alert, const TextFacts& facts)
{
    switch (alert.problem.actor) {
        case Actor::customer:
            return customer_of(alert, facts);
        case Actor::platform:
            return "The operators of this platform";
        case Actor::ca:
            return "Nobody here: the certificate authority. certwright goes on trying";
        case Actor::none:
            break;
    }
    return "Nobody: certwright goes on trying by itself";
}

// Paragraphs of at most 72 columns; what has no blanks stays whole.
std::string wrapped(std::string_view text, std::size_t indent = 0)
{
    constexpr std::size_t width = 72;
    const std::string margin(indent, ' ');
    std::string made;
    std::size_t column = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        if (column > 0 && column + 1 + word.size() > width) {
            made += '\n';
            column = 0;
        }
        made += column > 0 ? std::string(" ") : margin;
        column += column > 0 ? 1 : indent;
        made += word;
        column += word.size();
    }
    return made + "\n";
}

// A label in front of text that goes on below itself.
std::string labelled(std::string_view label, std::string_view text)
{
    constexpr std::size_t indent = 16;
    auto made = wrapped(text, indent);
    return fmt::format("{:<16}", label) + made.substr(indent);
}

std::string command(std::string_view what, std::string_view line)
{
    return fmt::format("{}\n    {}\n", what, line);
}

std::string state_of(const Alert& alert, const TextFacts& facts)
{
    std::string text = alert.problem.message;
    if (alert.deadline && alert.rule != "ca_budget_low") {
        text += *alert.deadline > facts.now
                    ? fmt::format(" The certificate is valid until {}.", moment(*alert.deadline, facts.now))
                    : fmt::format(" The certificate ended {}: visitors see an error.",
                                  moment(*alert.deadline, facts.now));
    }
    return text;
}

std::string footer(const Alert& alert, base::Time now)
{
    return fmt::format("\n-- \nAlert {}, rule {}, code {}, severity {}, since {}, seen {} time{}.\n",
                       alert.id, alert.rule, alert.problem.code, model::to_string(alert.severity),
                       moment(alert.opened_at, now), alert.count, alert.count == 1 ? "" : "s");
}

bool of_endpoint(const Alert& alert)
{
    return alert.subject.starts_with("ep_");
}

// Where more is shown: the command, and the link that the operator has set.
std::string more(const Alert& alert, const TextFacts& facts, const std::string& line)
{
    auto made = command("Everything that is known about it:", line);
    if (!facts.link.empty()) {
        made += "    " + link_to(facts.link, alert) + "\n";
    }
    return made;
}

std::string commands(const Alert& alert, const TextFacts& facts)
{
    std::string made;
    if (of_endpoint(alert)) {
        made += command("When it is done certwright notices by itself. To have it look at once:",
                        filled("certwright endpoint check {subject}", alert));
    }
    const auto* rule = find_rule(alert.rule);
    // The platform's own name is no endpoint.
    const bool general = rule == nullptr || alert.subject == "platform";
    made += more(alert, facts, general ? "certwright status" : filled(rule->advice, alert));
    made += command("No more notices about it for three days:",
                    fmt::format("certwright alert silence {} --for 3d", alert.id));
    return made;
}

// "Resolved" is only what was mended.
std::string_view prefix_of(Ending ending)
{
    switch (ending) {
        case Ending::removed:
            return "Removed: ";
        case Ending::suspended:
            return "Suspended: ";
        case Ending::transferred:
            return "Handed over: ";
        case Ending::mended:
            break;
    }
    return "Resolved: ";
}

std::string over_since(const Alert& alert, const TextFacts& facts)
{
    const auto name = both_forms(alert.name);
    const auto when = moment(alert.resolved_at.value_or(facts.now), facts.now);
    switch (facts.ending) {
        case Ending::removed:
            return fmt::format(
                "{} was removed, so this alert was closed {}. It was not mended; nothing is left to do.",
                name, when);
        case Ending::suspended:
            return fmt::format(
                "The operator has suspended {}, so this alert was closed {}. It was not mended; if it "
                "lasts, it is told again when the name is resumed.",
                name, when);
        case Ending::transferred:
            return fmt::format("{} was handed over to another account, so this alert was closed {}.", name,
                               when);
        case Ending::mended:
            break;
    }
    return fmt::format("This is over since {}. Nothing is left to do.", when);
}

Text resolved_text(const Alert& alert, const TextFacts& facts)
{
    Text text;
    text.summary = std::string(prefix_of(facts.ending)) + headline(alert);
    text.body = wrapped(over_since(alert, facts));
    text.body += "\n" + labelled("It was:", alert.problem.message) + "\n";
    text.body +=
        more(alert, facts, fmt::format("certwright alert show {}", alert.id)) + footer(alert, facts.now);
    return text;
}

// Behind a name in a list.
std::string deadline_of(const Alert& alert, base::Time now)
{
    if (!alert.deadline) {
        return {};
    }
    return (*alert.deadline > now ? ", until " : ", ended ") + day(*alert.deadline);
}

std::string group_lead(std::size_t all, const TextFacts& facts)
{
    if (facts.telling != Telling::resolved) {
        return fmt::format("All {} have the same problem, so this is one notice for all of them.", all);
    }
    return facts.ending == Ending::mended
               ? fmt::format("For all {} of them this is over; nothing is left to do.", all)
               : fmt::format("All {} of them are watched no more ({}); this was not mended.", all,
                             to_string(facts.ending));
}

}  // namespace

std::string_view to_string(Ending ending)
{
    constexpr std::array<std::string_view, 4> words{"mended", "removed", "suspended", "handed over"};
    return words[static_cast<std::size_t>(ending)];
}

std::string both_forms(const std::string& name)
{
    const auto parsed = model::DomainName::parse(name);
    if (!parsed || parsed->display() == name) {
        return name;
    }
    return fmt::format("{} ({})", parsed->display(), name);
}

std::string link_to(std::string form, const Alert& alert)
{
    replace(form, "{alert}", http::percent_encode(alert.id));
    replace(form, "{name}", http::percent_encode(alert.name));
    replace(form, "{tenant}", http::percent_encode(alert.tenant));
    return form;
}

std::string moment(base::Time time, base::Time now)
{
    auto text = base::to_rfc3339(time);
    text = text.substr(0, 10) + " " + text.substr(11, 5) + " UTC";
    if (std::chrono::abs(time - now) < std::chrono::minutes(1)) {
        return text + " (now)";
    }
    if (time > now) {
        return fmt::format("{} (in {})", text, distance(time - now));
    }
    return fmt::format("{} ({} ago)", text, distance(now - time));
}

Text text_of(const Alert& alert, const TextFacts& facts)
{
    if (facts.telling == Telling::resolved) {
        return resolved_text(alert, facts);
    }
    Text text;
    text.summary = (facts.telling == Telling::reminder ? "Still: " : "") + headline(alert);
    text.body = wrapped(state_of(alert, facts)) + "\n";
    text.body += labelled("Who must act:", who(alert, facts) + ".");
    if (!alert.problem.fix.empty()) {
        text.body += labelled("What to do:", alert.problem.fix);
    }
    if (!facts.records.empty()) {
        text.body += "\nThe records:\n";
        for (const auto& record : facts.records) {
            text.body += "    " + record + "\n";
        }
    }
    text.body += "\n" + commands(alert, facts) + footer(alert, facts.now);
    return text;
}

Text text_of(const std::vector<Alert>& alerts, std::size_t all, const TextFacts& facts)
{
    const auto& first = alerts.front();
    const auto* rule = find_rule(first.rule);
    const std::string_view many = rule != nullptr ? rule->many : "things need attention";
    Text text;
    const bool over = facts.telling == Telling::resolved;
    text.summary = fmt::format("{}{} {} ({})",
                               over                                 ? prefix_of(facts.ending)
                               : facts.telling == Telling::reminder ? "Still: "
                                                                    : "",
                               all, many, first.problem.code);
    text.body = wrapped(group_lead(all, facts)) + "\n";
    text.body += labelled(over ? "It was, e.g.:" : "For example:", first.problem.message);
    if (!over) {
        text.body += labelled("Who must act:", who(first, facts) + ".");
        text.body += first.problem.fix.empty() ? "" : labelled("What to do:", first.problem.fix);
    }
    text.body += "\n";
    for (const auto& each : std::span(alerts).first(std::min(alerts.size(), shown_examples))) {
        text.body += fmt::format("    {}{}\n", both_forms(each.name), deadline_of(each, facts.now));
    }
    if (all > shown_examples) {
        text.body += fmt::format("    ... and {} more\n", all - std::min(alerts.size(), shown_examples));
    }
    text.body += "\n" + command("All of them:", fmt::format("certwright alert list --rule {}{}", first.rule,
                                                            over ? " --all" : ""));
    if (!over) {
        text.body += command("No more notices of this kind for three days:",
                             fmt::format("certwright alert silence --rule {} --for 3d", first.rule));
    }
    return text;
}

Text text_of(const model::Event& event)
{
    const auto found = event.data.find("name");
    Text text;
    text.summary =
        found == event.data.end() ? event.type : fmt::format("{}: {}", both_forms(found->second), event.type);
    text.body = wrapped(event.message);
    if (event.subject.starts_with("ep_")) {
        text.body += "\n" + command("What happened before:",
                                    fmt::format("certwright event list --endpoint {}",
                                                found == event.data.end() ? event.subject : found->second));
    }
    return text;
}

Text text_of_confirmation(const model::Channel& channel, const std::string& code)
{
    Text text;
    text.summary = fmt::format("Confirm that {} wants these mails: {}", channel.target, code);
    text.body =
        wrapped(fmt::format("Somebody of \"{}\" wants alerts about its names to be sent to this address, as "
                            "the channel \"{}\". If you "
                            "want them, give this code:",
                            channel.tenant, channel.name));
    text.body += fmt::format("\n    {}\n\n", code);
    text.body += command("With certwright's command line:",
                         fmt::format("certwright channel confirm {} {}", channel.id, code));
    text.body +=
        "\n" + wrapped("If you know nothing of it, do nothing: without the code no alert comes here.");
    return text;
}

Text text_of_test(const model::Channel& channel, base::Time now)
{
    Text text;
    text.summary = fmt::format("Test of the channel {}", channel.name);
    text.body =
        wrapped(fmt::format("This is a test that somebody asked for at {}. If you can read it, the "
                            "channel works; nothing is wrong.",
                            moment(now, now)));
    text.body += "\n" + command("What this channel has delivered:",
                                fmt::format("certwright channel show {}", channel.id));
    return text;
}

}  // namespace alerts
