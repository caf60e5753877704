#include "store/sql/many_rows.h"

#include "store/sql/table.h"

#include <fmt/format.h>

#include <iterator>

namespace sql {

namespace {

constexpr std::size_t many = 32;

std::string text_for(std::string_view insert, std::size_t rows, std::size_t columns, std::string_view rest)
{
    auto text = fmt::format("{} VALUES ", insert);
    for (std::size_t row = 0; row < rows; ++row) {
        text += fmt::format("{}({})", row == 0 ? "" : ", ", places(row * columns + 1, columns));
    }
    return text.append(rest);
}

}  // namespace

ManyRows::ManyRows(std::string_view insert, std::size_t columns, std::string_view rest)
    : one_(text_for(insert, 1, columns, rest)), many_(text_for(insert, many, columns, rest))
{
}

base::Result<> ManyRows::insert(Connection& db, std::span<Params> rows) const
{
    while (!rows.empty()) {
        const auto count = rows.size() >= many ? many : 1;
        Params values;
        for (auto& row : rows.first(count)) {
            values.insert(values.end(), std::make_move_iterator(row.begin()),
                          std::make_move_iterator(row.end()));
        }
        CHECKED(db.execute(count == 1 ? one_ : many_, values));
        rows = rows.subspan(count);
    }
    return {};
}

}  // namespace sql
