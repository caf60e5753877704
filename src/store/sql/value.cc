#include "store/sql/value.h"

namespace sql {

std::optional<base::Time> RowReader::maybe_time()
{
    const Value* value = next();
    const auto* millis = value != nullptr ? std::get_if<std::int64_t>(value) : nullptr;
    return millis != nullptr ? std::optional(base::from_millis(*millis)) : std::nullopt;
}

double RowReader::real()
{
    const Value* value = next();
    if (value == nullptr) {
        return 0;
    }
    if (const auto* number = std::get_if<double>(value)) {
        return *number;
    }
    const auto* whole = std::get_if<std::int64_t>(value);
    return whole != nullptr ? static_cast<double>(*whole) : 0;
}

}  // namespace sql
