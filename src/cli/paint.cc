#include "cli/paint.h"

#include <fmt/format.h>

#include <algorithm>

namespace cli {

std::string Paint::wrap(std::string_view code, std::string_view text) const
{
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string Paint::state(std::string_view word) const
{
    constexpr std::string_view goods[] = {"active", "ok", "deployed", "live", "issued", "yes"};
    constexpr std::string_view bads[] = {"action_required", "degraded",  "failed",  "wrong",
                                         "conflict",        "suspended", "revoked", "no"};
    if (std::ranges::find(goods, word) != std::end(goods)) {
        return good(word);
    }
    if (std::ranges::find(bads, word) != std::end(bads)) {
        return bad(word);
    }
    return warn(word);
}

std::size_t display_width(std::string_view text)
{
    std::size_t width = 0;
    bool escape = false;
    for (const char each : text) {
        if (escape) {
            escape = each != 'm';
        } else if (each == '\x1b') {
            escape = true;
        } else if ((static_cast<unsigned char>(each) & 0xC0U) != 0x80U) {
            ++width;
        }
    }
    return width;
}

std::string harmless(std::string_view text)
{
    std::string made(text);
    std::ranges::replace_if(
        made, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == '\x7f'; }, '?');
    return made;
}

std::string wrapped(std::string_view text, std::size_t width)
{
    std::string made;
    std::size_t column = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(" \n"), text.size());
        const auto word = text.substr(0, end);
        if (column > 0 && column + 1 + display_width(word) > width) {
            made += '\n';
            column = 0;
        } else if (column > 0) {
            made += ' ';
            ++column;
        }
        made += word;
        column += display_width(word);
        if (end < text.size() && text[end] == '\n') {
            made += '\n';
            column = 0;
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return made;
}

std::vector<std::size_t> Table::widths() const
{
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    return widths;
}

std::string Table::text(const Paint& paint, std::size_t indent) const
{
    constexpr std::size_t gap = 2;
    constexpr std::size_t further = 4;
    const auto wide = widths();
    // The columns that begin a line.
    std::vector<bool> begins(wide.size());
    std::size_t column = indent;
    for (std::size_t i = 0; i < wide.size(); ++i) {
        if (i > 0 && paint.columns() > 0 && column + gap + wide[i] > paint.columns()) {
            begins[i] = true;
            column = indent + further;
        } else if (i > 0) {
            column += gap;
        }
        column += wide[i];
    }
    std::string made;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        std::string line(indent, ' ');
        for (std::size_t i = 0; i < rows_[r].size(); ++i) {
            if (begins[i]) {
                line.erase(line.find_last_not_of(' ') + 1);
                line += "\n" + std::string(indent + further, ' ');
            }
            const auto& cell = rows_[r][i];
            line += r == 0 ? paint.dim(cell) : cell;
            if (i + 1 < rows_[r].size()) {
                line += std::string(wide[i] - display_width(cell) + gap, ' ');
            }
        }
        line.erase(line.find_last_not_of(' ') + 1);
        made += line + "\n";
    }
    return made;
}

std::string duration(std::chrono::seconds length)
{
    const auto seconds = length.count();
    const auto words = [](std::int64_t count, std::string_view unit) {
        return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
    };
    if (seconds < 120) {
        return fmt::format("{} s", seconds);
    }
    if (seconds < 2 * 3600) {
        return fmt::format("{} min", seconds / 60);
    }
    if (seconds < 2 * 86400) {
        return words(seconds / 3600, "hour");
    }
    return words(seconds / 86400, "day");
}

std::chrono::seconds so_far(base::Time since, base::Time now)
{
    return std::max(std::chrono::duration_cast<std::chrono::seconds>(now - since), std::chrono::seconds(0));
}

std::string relative(base::Time time, base::Time now)
{
    const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(time - now);
    if (ahead.count() == 0) {
        return "now";
    }
    return ahead.count() > 0 ? "in " + duration(ahead) : duration(-ahead) + " ago";
}

std::string date(const std::optional<base::Time>& time, base::Time now)
{
    return time ? fmt::format("{} ({})", base::to_rfc3339(*time).substr(0, 10), relative(*time, now)) : "-";
}

}  // namespace cli
