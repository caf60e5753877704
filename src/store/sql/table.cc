#include "store/sql/table.h"

#include <fmt/format.h>

namespace sql {

std::string places(std::size_t first, std::size_t count)
{
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += fmt::format("{}${}", i == 0 ? "" : ", ", first + i);
    }
    return text;
}

Table::Table(std::string_view name, std::vector<std::string_view> columns)
{
    const auto key = columns.front();
    std::string assignments;
    std::string replacements;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const char* comma = i == 0 ? "" : ", ";
        columns_ += fmt::format("{}{}", comma, columns[i]);
        if (i > 0) {
            const char* separator = i == 1 ? "" : ", ";
            assignments += fmt::format("{}{} = ${}", separator, columns[i], i + 1);
            replacements += fmt::format("{}{} = excluded.{}", separator, columns[i], columns[i]);
        }
    }
    const auto values =
        fmt::format("INSERT INTO {} ({}) VALUES ({})", name, columns_, places(1, columns.size()));
    select_ = fmt::format("SELECT {} FROM {}", columns_, name);
    insert_ = fmt::format("{} ON CONFLICT DO NOTHING RETURNING {}", values, key);
    update_ = fmt::format("UPDATE {} SET {} WHERE {} = $1 RETURNING {}", name, assignments, key, key);
    upsert_ = fmt::format("{} ON CONFLICT ({}) DO UPDATE SET {}", values, key, replacements);
    get_ = fmt::format("{} WHERE {} = $1", select_, key);
}

}  // namespace sql
