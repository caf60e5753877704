// ManyRows: an INSERT for many rows, a few dozen a statement to spare round trips, of two sizes so that there
// are two statements to prepare. Internal to store/.
#pragma once

#include "store/sql/connection.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace sql {

class ManyRows {
public:
    // `insert`: "INSERT INTO t (a, b)"; `rest`: what follows the values, such as ON CONFLICT.
    ManyRows(std::string_view insert, std::size_t columns, std::string_view rest = "");

    // REQUIRES: each row has that many columns.
    base::Result<> insert(Connection& db, std::span<Params> rows) const;

private:
    std::string one_;
    std::string many_;
};

}  // namespace sql
