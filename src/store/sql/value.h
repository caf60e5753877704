// SQL values, parameters and rows: what both engines exchange with the tables. Internal to store/.
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sql {

using Value = std::variant<std::monostate, std::int64_t, double, std::string, base::Bytes>;
using Params = std::vector<Value>;
using Row = std::vector<Value>;
using Rows = std::vector<Row>;

// Conversions to columns: flags are 0 or 1, times are milliseconds, an absent time is NULL.
inline Value to_value(std::string text)
{
    return text;
}
inline Value to_value(std::string_view text)
{
    return std::string(text);
}
inline Value to_value(const char* text)
{
    return std::string(text);
}
inline Value to_value(base::Bytes bytes)
{
    return bytes;
}
inline Value to_value(double number)
{
    return number;
}
inline Value to_value(bool flag)
{
    return std::int64_t{flag ? 1 : 0};
}
inline Value to_value(base::Time time)
{
    return base::to_millis(time);
}
template <std::integral T>
    requires(!std::same_as<T, bool>)
Value to_value(T number)
{
    return static_cast<std::int64_t>(number);
}
inline Value to_value(const std::optional<base::Time>& time)
{
    return time ? Value(base::to_millis(*time)) : Value();
}

template <class... T>
Params params(T&&... values)
{
    Params list;
    list.reserve(sizeof...(values));
    (list.push_back(to_value(std::forward<T>(values))), ...);
    return list;
}

// Reads one row column by column, in the order of the statement. A missing or foreign value gives an empty
// default, so that a row written by another version stays readable.
class RowReader {
public:
    explicit RowReader(const Row& row) : row_(row) {}

    std::string text() { return take<std::string>(); }
    base::Bytes bytes() { return take<base::Bytes>(); }
    std::int64_t integer() { return take<std::int64_t>(); }
    int small() { return static_cast<int>(integer()); }
    bool flag() { return integer() != 0; }
    base::Time time() { return base::from_millis(integer()); }
    std::optional<base::Time> maybe_time();
    double real();

private:
    template <class T>
    T take()
    {
        const Value* value = next();
        const T* held = value != nullptr ? std::get_if<T>(value) : nullptr;
        return held != nullptr ? *held : T{};
    }
    const Value* next() { return column_ < row_.size() ? &row_[column_++] : nullptr; }

    const Row& row_;
    std::size_t column_ = 0;
};

}  // namespace sql
