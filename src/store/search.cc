// One page of a search. Lines of blocks are found by the characters that stand side by side in them and then
// looked at; the lines after the last block are all looked at. Each page has a budget of both.
#include "store/search.h"

#include "store/name_block.h"
#include "store/query.h"
#include "store/sql/table.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>

namespace store {

namespace {

constexpr std::int64_t few_endpoints = 2'000;   // whose names are looked at one by one
constexpr std::size_t most_candidates = 2'000;  // a page
constexpr std::int64_t most_blocks = 512;       // a page
constexpr std::int64_t most_lines = 10'000;     // a page, outside of blocks
constexpr std::int64_t blocks_at_once = 64;
constexpr std::size_t candidates_at_once = 100;
constexpr std::size_t few_candidates = 50;  // not worth another gram

// Where a page ended: the number of a line.
base::Result<std::int64_t> line_from(std::string_view cursor)
{
    std::int64_t line = 0;
    const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), line);
    if (!cursor.empty() && (error != std::errc() || end != cursor.data() + cursor.size() || line < 0)) {
        return base::fail(invalid_cursor());
    }
    return line;
}

using PlacesOfBlocks = std::map<std::int64_t, Places>;

void keep_common(PlacesOfBlocks& found, const PlacesOfBlocks& others)
{
    for (auto each = found.begin(); each != found.end();) {
        const auto other = others.find(each->first);
        each->second &= other == others.end() ? Places() : other->second;
        each = each->second.any() ? std::next(each) : found.erase(each);
    }
}

std::size_t count(const PlacesOfBlocks& found)
{
    std::size_t sum = 0;
    for (const auto& [block, places] : found) {
        sum += places.count();
    }
    return sum;
}

class Search {
public:
    Search(sql::Connection& db, const EndpointFilter& filter, const Needle& needle)
        : db_(db), filter_(filter), pattern_(needle.pattern())
    {
        if (!filter.tenant.empty()) {
            grams_.push_back(gram_of_tenant(filter.tenant));
        }
        if (needle.text().size() > 1) {
            std::ranges::copy(grams_of(needle.text()), std::back_inserter(grams_));
        }
    }

    base::Result<SearchPage> page();

private:
    bool full() const { return hits_.size() > filter_.limit; }

    // Each goes on from line_ and moves it to the last line that was looked at.
    base::Result<> look_into_blocks();
    base::Result<> look_at_lines();

    base::Result<std::vector<std::int64_t>> candidates(std::int64_t from, std::int64_t to);
    base::Result<PlacesOfBlocks> rows_of(const Gram& gram, std::int64_t from, std::int64_t to);
    base::Result<> look_at(std::span<const std::int64_t> numbers);
    base::Result<> take(std::string_view which, sql::Params values, std::string_view rest = "");

    sql::Connection& db_;
    const EndpointFilter& filter_;
    const std::string pattern_;
    std::vector<Gram> grams_;
    std::int64_t line_ = 0;    // looked at up to here
    std::int64_t sealed_ = 0;  // in blocks up to here
    std::map<std::int64_t, std::string> hits_;
};

// Lines that have every gram, of the blocks from `from` to before `to`.
base::Result<std::vector<std::int64_t>> Search::candidates(std::int64_t from, std::int64_t to)
{
    PlacesOfBlocks found;
    for (const auto& gram : grams_) {
        TRY(rows, rows_of(gram, from, to));
        if (&gram == &grams_.front()) {
            found = std::move(rows);
        } else {
            keep_common(found, rows);
        }
        if (count(found) <= few_candidates) {
            break;
        }
        from = found.begin()->first;
        to = found.rbegin()->first + 1;
    }
    std::vector<std::int64_t> numbers;
    for (const auto& [block, places] : found) {
        places.append_to(numbers, block * lines_a_block + 1);
    }
    return numbers;
}

base::Result<PlacesOfBlocks> Search::rows_of(const Gram& gram, std::int64_t from, std::int64_t to)
{
    TRY(rows, db_.execute("SELECT block, places FROM search_blocks WHERE pair = $1 AND block >= $2"
                          " AND block < $3 ORDER BY block",
                          sql::params(gram.pair, from, to)));
    PlacesOfBlocks found;
    for (const auto& each : rows) {
        sql::RowReader row(each);
        const auto block = row.integer();
        if (const auto places = places_of(row.bytes(), gram); places.any()) {
            found.emplace_hint(found.end(), block, places);
        }
    }
    return found;
}

// Adds the endpoints of those lines that really have the text and pass the other filters. The order of the
// join is written down because SQLite would rather walk all endpoints of a state. A line's tenant only spares
// the look at the endpoint: an older program moves endpoints and leaves their lines.
base::Result<> Search::take(std::string_view which, sql::Params values, std::string_view rest)
{
    auto text = fmt::format(
        "SELECT l.number, l.endpoint FROM search_lines l CROSS JOIN endpoints e WHERE {}"
        " AND e.id = l.endpoint AND e.deleted_at IS NULL",
        which);
    const auto add = [&](std::string_view condition, sql::Value value) {
        values.push_back(std::move(value));
        text += fmt::format(fmt::runtime(condition), values.size());
    };
    add(" AND l.names LIKE ${} ESCAPE '\\'", pattern_);
    if (!filter_.tenant.empty()) {
        add(" AND l.tenant = ${0} AND e.tenant = ${0}", filter_.tenant);
    }
    if (filter_.state) {
        add(" AND e.state = ${}", sql::to_value(model::to_string(*filter_.state)));
    }
    if (filter_.redirects) {
        text += " AND e.redirect_to <> ''";
    }
    TRY(rows, db_.execute(text.append(rest), values));
    for (const auto& each : rows) {
        sql::RowReader row(each);
        const auto number = row.integer();
        hits_.emplace(number, row.text());
    }
    return {};
}

base::Result<> Search::look_at(std::span<const std::int64_t> numbers)
{
    static const auto which = fmt::format("l.number IN ({})", sql::places(1, candidates_at_once));
    sql::Params values(candidates_at_once, sql::to_value(0));
    std::ranges::copy(numbers, values.begin());
    CHECKED(take(which, std::move(values)));
    line_ = numbers.back();
    return {};
}

// Windows of blocks that grow: what is common is found in the first one.
base::Result<> Search::look_into_blocks()
{
    std::size_t looked_at = 0;
    std::int64_t window = 1;
    const auto last = std::min(sealed_ / lines_a_block, line_ / lines_a_block + most_blocks);
    for (auto block = line_ / lines_a_block; block < last && !full(); block += window, window *= 4) {
        window = std::min({window, blocks_at_once, last - block});
        TRY(found, candidates(block, block + window));
        std::span<const std::int64_t> rest(std::ranges::upper_bound(found, line_), found.end());
        while (!rest.empty() && !full()) {
            if (looked_at >= most_candidates) {
                return {};
            }
            const auto some = rest.first(std::min(rest.size(), candidates_at_once));
            CHECKED(look_at(some));
            looked_at += some.size();
            rest = rest.subspan(some.size());
        }
        line_ = full() ? line_ : (block + window) * lines_a_block;
    }
    return {};
}

base::Result<> Search::look_at_lines()
{
    CHECKED(take("l.number > $1 AND l.number <= $2",
                 sql::params(line_, line_ + most_lines, filter_.limit + 1 - hits_.size()),
                 " ORDER BY l.number LIMIT $3"));
    line_ += most_lines;
    return {};
}

base::Result<SearchPage> Search::page()
{
    TRY(after, line_from(filter_.after));
    line_ = after;
    TRY(head, db_.execute("SELECT line, sealed FROM revision_head WHERE id = 1"));
    sql::RowReader row(head.front());
    const auto end = row.integer();
    sealed_ = row.integer();
    if (!grams_.empty() && line_ < sealed_) {
        CHECKED(look_into_blocks());
    }
    if (!full() && line_ < end && (grams_.empty() || line_ >= sealed_)) {
        CHECKED(look_at_lines());
    }
    SearchPage page;
    for (auto& [number, endpoint] : hits_) {
        if (page.items.size() == filter_.limit) {
            break;
        }
        page.items.push_back(std::move(endpoint));
        line_ = full() ? number : line_;
    }
    if (full() || line_ < end) {
        page.next = std::to_string(line_);
    }
    return page;
}

}  // namespace

base::Result<bool> search_goes_by_text(sql::Connection& db, const EndpointFilter& filter)
{
    if (!filter.after.empty()) {
        return !filter.after.contains('.');  // As it began.
    }
    if (filter.tenant.empty() && !filter.state) {
        return true;
    }
    const auto state = filter.state ? model::to_string(*filter.state) : std::string_view();
    const std::string sum = "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM ";
    TRY(rows, filter.tenant.empty() ? db.execute(sum + "endpoint_totals WHERE state = $1", sql::params(state))
              : filter.state
                  ? db.execute(sum + "endpoint_counts WHERE tenant = $1 AND state = $2",
                               sql::params(filter.tenant, state))
                  : db.execute(sum + "endpoint_counts WHERE tenant = $1", sql::params(filter.tenant)));
    return sql::RowReader(rows.front()).integer() > few_endpoints;
}

base::Result<SearchPage> search_page(sql::Connection& db, const EndpointFilter& filter, const Needle& needle)
{
    return Search(db, filter, needle).page();
}

}  // namespace store
