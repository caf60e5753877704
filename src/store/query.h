// What most tables need: rows to records, and keyset cursors. Internal to store/.
#pragma once

#include "base/result.h"
#include "store/sql/connection.h"
#include "store/tables.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

namespace store {

// Every row as a record, made by `read(sql::RowReader)`.
template <class F>
auto records_of(base::Result<sql::Rows> rows, F read)
    -> base::Result<std::vector<std::invoke_result_t<F, sql::RowReader>>>
{
    if (!rows) {
        return std::unexpected(std::move(rows).error());
    }
    std::vector<std::invoke_result_t<F, sql::RowReader>> records;
    records.reserve(rows->size());
    for (const auto& row : *rows) {
        records.push_back(read(sql::RowReader(row)));
    }
    return records;
}

// The first row as a record, if there is one.
template <class F>
auto maybe_record(base::Result<sql::Rows> rows, F read)
    -> base::Result<std::optional<std::invoke_result_t<F, sql::RowReader>>>
{
    if (!rows) {
        return std::unexpected(std::move(rows).error());
    }
    std::optional<std::invoke_result_t<F, sql::RowReader>> record;
    if (!rows->empty()) {
        record.emplace(read(sql::RowReader(rows->front())));
    }
    return record;
}

// The first row as a record; not_found ("no endpoint ep_x") when there is none.
template <class F>
auto one_record(base::Result<sql::Rows> rows, F read, std::string_view what, std::string_view key)
    -> base::Result<std::invoke_result_t<F, sql::RowReader>>
{
    auto record = maybe_record(std::move(rows), read);
    if (!record) {
        return std::unexpected(std::move(record).error());
    }
    if (!*record) {
        return base::fail(base::Errc::not_found, fmt::format("no {} {}", what, key));
    }
    return std::move(**record);
}

// not_found when the statement, which returns a row when it hit one, hit none.
inline base::Result<> expect_row(const base::Result<sql::Rows>& rows, base::Errc kind, std::string message)
{
    if (!rows) {
        return base::fail(rows.error());
    }
    return rows->empty() ? base::Result<>(base::fail(kind, std::move(message))) : base::Result<>();
}

// A place in a listing by creation: "<milliseconds>.<id>".
struct Cursor {
    std::int64_t created_at = 0;
    std::string id;
};

inline std::string to_text(const Cursor& cursor)
{
    return fmt::format("{}.{}", cursor.created_at, cursor.id);
}

inline base::Error invalid_cursor()
{
    return base::Error(base::Errc::invalid, "the cursor of this listing is not one of ours")
        .with_code("cursor_invalid");
}

inline base::Result<Cursor> cursor_from(std::string_view text)
{
    Cursor cursor;
    const auto dot = text.find('.');
    const auto digits = text.substr(0, dot);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), cursor.created_at);
    if (dot == std::string_view::npos || error != std::errc() || end != digits.data() + digits.size()) {
        return base::fail(invalid_cursor());
    }
    cursor.id = text.substr(dot + 1);
    return cursor;
}

// A page from up to limit + 1 records: one more than the page has means that another page follows.
template <class T>
Page<T> page_of(std::vector<T> records, std::size_t limit)
{
    Page<T> page;
    if (records.size() > limit) {
        records.resize(limit);
        if (!records.empty()) {
            page.next = to_text({base::to_millis(records.back().created_at), records.back().id});
        }
    }
    page.items = std::move(records);
    return page;
}

}  // namespace store
