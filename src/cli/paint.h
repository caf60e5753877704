// Colours, aligned tables and times for people. Pure: texts in, texts out.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

// Colours only where a person looks: `on` is false for pipes, NO_COLOR and TERM=dumb. `columns`: how many
// the terminal has; 0 for pipes, whose lines are never broken.
class Paint {
public:
    explicit Paint(bool on = false, std::size_t columns = 0) : on_(on), columns_(columns) {}

    std::string bold(std::string_view text) const { return wrap("1", text); }
    std::string dim(std::string_view text) const { return wrap("2", text); }
    std::string good(std::string_view text) const { return wrap("32", text); }
    std::string warn(std::string_view text) const { return wrap("33", text); }
    std::string bad(std::string_view text) const { return wrap("31", text); }
    // An endpoint's state, a record's status or an order's status, in the colour of how urgent it is.
    std::string state(std::string_view word) const;
    std::size_t columns() const { return columns_; }

private:
    std::string wrap(std::string_view code, std::string_view text) const;

    bool on_;
    std::size_t columns_;
};

// Columns are as wide as their widest cell; colours do not count; the last one is not padded. What a terminal
// has no room for goes on in further, indented lines of the same row, the heads too.
class Table {
public:
    explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.size() == 1; }
    std::string text(const Paint& paint, std::size_t indent = 0) const;

private:
    std::vector<std::size_t> widths() const;

    std::vector<std::vector<std::string>> rows_;
};

// How many columns a terminal needs for UTF-8 `text`, without its colour codes.
std::size_t display_width(std::string_view text);
// What came from outside must not move the cursor or change colours: control characters become '?'.
std::string harmless(std::string_view text);

// Broken at spaces into lines of at most `width` columns, as far as words allow.
std::string wrapped(std::string_view text, std::size_t width);

// Never negative: clocks differ.
std::chrono::seconds so_far(base::Time since, base::Time now);
// "in 3 days", "5 minutes ago", "now".
std::string relative(base::Time time, base::Time now);
// "89 days", "12 s".
std::string duration(std::chrono::seconds length);
// "2027-01-31 (in 89 days)"; "-" for none.
std::string date(const std::optional<base::Time>& time, base::Time now);

}  // namespace cli
