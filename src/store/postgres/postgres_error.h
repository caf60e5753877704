// What SQLSTATEs mean to a program and to a person. Internal to store/postgres.
#pragma once

#include "base/result.h"
#include "store/sql/connection.h"

#include <string>
#include <string_view>

namespace postgres {

// PostgreSQL 15 manual, appendix A. `state` is empty when the session broke.
sql::Health health_after(std::string_view state);
base::Error describe(std::string_view state, std::string_view reason, std::string_view doing);

}  // namespace postgres
