// What SQLite's result codes mean to a person. Internal to store/sqlite.
#pragma once

#include "base/result.h"

#include <string_view>

struct sqlite3;

namespace sqlite {

// `doing`: the statement or the action that failed. Result codes: sqlite.org/rescode.html.
base::Error describe(sqlite3* db, int code, std::string_view doing);

}  // namespace sqlite
