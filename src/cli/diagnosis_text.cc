// The doctor's report for people.
#include "cli/diagnosis_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cli {

namespace {

// Three marks that read the same in every terminal and without colours.
std::string mark(const Paint& paint, std::string_view status)
{
    if (status == "ok" || status == "true") {
        return paint.good("ok");
    }
    return status == "unknown" ? paint.dim(" ?") : paint.bad(" x");
}

std::string headline(const json::object& endpoint)
{
    const auto state = text(endpoint, "state");
    const bool serving = flag(endpoint, "serving");
    if (is_healthy(endpoint)) {
        return "All is well: it is served with its own certificate.";
    }
    if (state == "active") {
        return "It is served with its own certificate, but visitors do not get what they should.";
    }
    if (state == "degraded") {
        return "It is served with its own certificate, but something will break.";
    }
    if (state == "issuing") {
        return serving ? "Its own certificate is on its way; until then it serves the one you uploaded."
                       : "DNS is right; its certificate is on its way.";
    }
    if (state == "pending_dns") {
        return serving ? "It serves the certificate you uploaded and waits for DNS."
                       : "It has no certificate yet and waits for DNS.";
    }
    if (state == "parked") {
        return "It waits until its DNS is right. certwright watches that, and goes on by itself, as a rule "
               "within minutes.";
    }
    if (state == "suspended") {
        return "The operator has suspended it.";
    }
    return state == "deleting" ? "It is being removed."
                               : "It has no valid certificate, and somebody must act.";
}

std::string found_text(const json::object& record)
{
    const auto found = texts(record, "found");
    const auto status = text(record, "status");
    if (!found.empty()) {
        return harmless(joined(found));
    }
    return status == "unknown" ? "could not be looked up" : "nothing";
}

void add_record(std::string& made, const json::object& record, const Paint& paint)
{
    const auto status = text(record, "status");
    const bool optional = !flag(record, "required");
    const bool missing_but_optional = optional && status == "missing";
    made += fmt::format("  {} {} {} {}{}\n", missing_but_optional ? paint.dim(" -") : mark(paint, status),
                        paint.bold(fmt::format("{:<10}", text(record, "purpose"))), text(record, "type"),
                        text(record, "name"), optional ? paint.dim("  (optional)") : "");
    if (status == "ok") {
        made += fmt::format("       {} {}\n", paint.dim("found   "), found_text(record));
        return;
    }
    made += fmt::format("       {} {}\n", paint.dim("expected"), text(record, "value"));
    made += fmt::format("       {} {}\n", paint.dim("found   "),
                        missing_but_optional ? found_text(record) : paint.warn(found_text(record)));
    const auto host = text(record, "host");
    if (host != text(record, "name")) {
        made += fmt::format("       {} {}\n", paint.dim("host    "), host);
    }
}

struct Condition {
    std::string_view type;
    std::string_view label;
    std::string_view good;
    std::string_view bad;  // when no problem says more
    std::string_view unknown;
};

constexpr std::array known_conditions{
    Condition{"Ownership", "ownership", "the name is proved to be yours", "not proved yet", "not proved yet"},
    Condition{"DnsRouting", "routing", "the name leads to us", "the name does not lead to us",
              "does not matter for an internal name"},
    Condition{"ChallengeDelegation", "delegation", "we can prove it through DNS",
              "we cannot prove it through DNS", "could not be looked up"},
    Condition{"CaaAllows", "CAA", "the certificate authority may issue",
              "the certificate authority may not issue", "the authority's name is not known yet"},
    Condition{"Certificate", "certificate", "a valid one is there", "none yet", "none yet"},
    Condition{"Deployed", "deployed", "every edge serves it", "there is none to serve",
              "on its way to the edges"},
    Condition{"Reachable", "reachable", "we answer on port 80, and visitors get our certificate",
              "visitors do not reach us", "not tried: the name does not lead to us"},
    Condition{"Origin", "origin", "the server behind it answers", "the server behind it does not answer",
              "not tried"},
};

void add_condition(std::string& made, const Condition& known, const json::object& found, const Paint& paint)
{
    const auto status = text(found, "status");
    const auto& problem = object(found, "problem");
    std::string sentence = harmless(text(problem, "message"));
    if (!sentence.empty()) {
        sentence += " " + paint.dim("[" + text(problem, "code") + "]");
    } else if (status == "true") {
        sentence = known.good;
    } else if (status == "false") {
        sentence = known.bad;
    } else {
        sentence = paint.dim(known.unknown);
    }
    made += fmt::format("  {} {:<12} {}\n", mark(paint, status), known.label, sentence);
}

std::string conditions_text(const json::object& endpoint, const Paint& paint)
{
    const auto found = objects(endpoint, "conditions");
    std::string made;
    for (const auto& known : known_conditions) {
        const auto hit = std::ranges::find_if(
            found, [&](const json::object& each) { return text(each, "type") == known.type; });
        if (hit != found.end()) {
            add_condition(made, known, *hit, paint);
        }
    }
    return made;
}

std::string actions_text(const std::vector<Action>& actions, const Paint& paint, bool needed)
{
    std::string made;
    for (const auto& each : actions) {
        if (each.needed == needed) {
            const auto actor = each.actor == "none" || each.actor.empty() ? "nobody" : each.actor;
            made += fmt::format("  {}  {}\n", paint.bold(fmt::format("{:<8}", actor)), harmless(each.fix));
        }
    }
    return made;
}

std::string when_text(const json::object& endpoint, base::Time now)
{
    const auto next = time(endpoint, "next_attempt_at");
    if (flag(endpoint, "retrying") && next) {
        if (text(endpoint, "state") == "parked") {
            return " It looks at everything again " + relative(std::max(*next, now), now) + ".";
        }
        return " certwright looks again by itself " + relative(std::max(*next, now), now) + ".";
    }
    return "";
}

}  // namespace

std::string diagnosis_text(const json::object& endpoint, const Paint& paint, base::Time now)
{
    const auto since = time(endpoint, "since");
    auto made = fmt::format("{}  {}{}\n{}{}\n", paint.bold(text(endpoint, "name")),
                            paint.state(text(endpoint, "state")),
                            since ? paint.dim(" for " + duration(so_far(*since, now))) : "",
                            headline(endpoint), when_text(endpoint, now));
    const auto& reason = object(endpoint, "reason");
    if (!text(reason, "message").empty()) {
        made += fmt::format("{} {}\n", harmless(text(reason, "message")),
                            paint.dim("[" + text(reason, "code") + "]"));
    }
    made += "\n" + paint.bold("DNS records") + "\n";
    for (const auto& record : objects(endpoint, "required_records")) {
        add_record(made, record, paint);
    }
    made += "\n" + paint.bold("What was looked at") + "\n" + conditions_text(endpoint, paint);
    const auto actions = actions_for(endpoint);
    if (const auto todo = actions_text(actions, paint, true); !todo.empty()) {
        made += "\n" + paint.bold("Who must act, and how") + "\n" + todo;
    }
    if (const auto advice = actions_text(actions, paint, false); !advice.empty()) {
        made += "\n" + paint.bold("Worth mending, though nothing waits for it") + "\n" + advice;
    }
    made += "\n" + paint.bold("Next") + "\n";
    for (const auto& [command, why] : next_steps(endpoint)) {
        constexpr std::size_t beside = 54;
        made += command.size() > beside ? fmt::format("  {}\n{:57}{}\n", command, "", paint.dim(why))
                                        : fmt::format("  {:<54} {}\n", command, paint.dim(why));
    }
    return made;
}

}  // namespace cli
