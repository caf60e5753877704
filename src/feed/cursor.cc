#include "feed/cursor.h"

#include "http/uri.h"

#include <fmt/format.h>

namespace feed {

namespace {

// Epochs are random labels without spaces, so this cannot be one.
constexpr std::string_view mark = "snapshot ";

}  // namespace

std::string to_query(const Cursor& cursor)
{
    return fmt::format("{}:{}", model::to_string(cursor.kind), http::percent_encode(cursor.key));
}

std::optional<Cursor> cursor_from_query(std::string epoch, std::int64_t number, std::string_view text)
{
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto kind = model::revision_kind_from(text.substr(0, colon));
    auto key = http::percent_decode(text.substr(colon + 1));
    if (!kind || !key) {
        return std::nullopt;
    }
    return Cursor{std::move(epoch), number, *kind, std::move(*key)};
}

model::Position to_position(const Cursor& cursor)
{
    return {fmt::format("{}{} {}", mark, cursor.epoch, to_query(cursor)), cursor.number};
}

std::optional<Cursor> cursor_of(const model::Position& position)
{
    const std::string_view text = position.epoch;
    const auto space = text.find(' ', mark.size());
    if (!text.starts_with(mark) || space == std::string_view::npos) {
        return std::nullopt;
    }
    return cursor_from_query(std::string(text.substr(mark.size(), space - mark.size())), position.number,
                             text.substr(space + 1));
}

}  // namespace feed
