// The search for a part of a name: docs/decisions/0021. Internal to store/.
#pragma once

#include "base/result.h"
#include "store/tables.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sql {
class Connection;
}

namespace store {

// What is searched for, as names are stored: lower case, A-labels.
class Needle {
public:
    // Nothing when no name can have it.
    static std::optional<Needle> of(std::string_view text);

    const std::string& text() const { return text_; }
    std::string pattern() const;  // for LIKE, escaped by '\'

private:
    explicit Needle(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// Writes what the search has to learn; `first` is the number of the first new line.
base::Result<> write_lines(sql::Connection& db, const SearchLines& lines, std::int64_t first);
std::int64_t count_new(const SearchLines& lines);

// Indexes every full block of the lines up to `line`; `sealed` are in blocks already. The caller holds the
// revision head, so that no line of a full block is still to come.
base::Result<> seal_blocks(sql::Connection& db, std::int64_t line, std::int64_t sealed);
// The same for what a migration left, in transactions of its own.
base::Result<> seal_rest(sql::Connection& db);

// False when the other filters leave so few that looking at their names is less work.
base::Result<bool> search_goes_by_text(sql::Connection& db, const EndpointFilter& filter);

// Ids of a page of endpoints in the order of their lines.
struct SearchPage {
    std::vector<std::string> items;
    std::string next;
};
base::Result<SearchPage> search_page(sql::Connection& db, const EndpointFilter& filter, const Needle& needle);

}  // namespace store
