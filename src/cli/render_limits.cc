// certwright ca limits, for people.
#include "cli/render.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace cli {

namespace {

// "3 h", "7 d": periods of limits are round.
std::string period_text(std::int64_t seconds)
{
    constexpr std::int64_t day = 86'400;
    constexpr std::int64_t hour = 3'600;
    if (seconds % day == 0) {
        return fmt::format("{} d", seconds / day);
    }
    if (seconds % hour == 0) {
        return fmt::format("{} h", seconds / hour);
    }
    return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} s", seconds);
}

std::string numbers_text(const json::object& of)
{
    if (number(of, "period_seconds") == 0) {
        return "-";
    }
    return fmt::format("{} in {}", number(of, "capacity"), period_text(number(of, "period_seconds")));
}

std::string left_text(const json::object& use, const Paint& paint)
{
    if (number(use, "period_seconds") == 0) {
        return "-";
    }
    const auto left = std::to_string(number(use, "remaining"));
    return number(use, "remaining") > 0 ? left : paint.bad(left);
}

std::string free_text(const json::object& use, const Paint& paint, base::Time now)
{
    const auto blocked = time(use, "blocked_until");
    const auto next = time(use, "next_free_at");
    if (blocked) {
        return paint.bad(fmt::format("blocked by the CA, {}", relative(*blocked, now)));
    }
    return next && *next > now ? paint.warn(relative(*next, now)) : "now";
}

std::string title_of(const json::object& limit)
{
    std::string title = text(limit, "limit");
    title += flag(limit, "shared") ? " (all accounts at this CA)" : "";
    title += flag(limit, "overridden") ? " (set by you)" : "";
    return title;
}

}  // namespace

std::string limits_text(const json::object& limits, const Paint& paint, base::Time now)
{
    std::string made = fmt::format("{}  {}  {}\n", paint.bold(harmless(text(limits, "name"))),
                                   text(limits, "account"), text(limits, "directory_url"));
    if (!flag(limits, "published")) {
        made +=
            "This CA publishes no numbers that certwright knows: it goes on until the CA asks for less.\n";
    }
    Table table({"LIMIT", "ABOUT", "ALLOWED", "LEFT", "RESERVED", "NEXT FREE"});
    bool more = false;
    for (const auto& limit : objects(limits, "limits")) {
        auto title = title_of(limit);
        const auto uses = objects(limit, "uses");
        if (uses.empty()) {
            table.add({title, "-", numbers_text(limit), "all", "0", "now"});
        }
        for (const auto& use : uses) {
            const auto subject = text(use, "subject");
            table.add({std::exchange(title, ""), subject.empty() ? "-" : harmless(subject), numbers_text(use),
                       left_text(use, paint), std::to_string(number(use, "reserved")),
                       free_text(use, paint, now)});
        }
        more = more || flag(limit, "more");
    }
    made += table.empty() ? "Nothing is counted.\n" : table.text(paint);
    if (more) {
        made += "There are more: --name shows one name, --most more lines of each limit.\n";
    }
    return made;
}

}  // namespace cli
