// PostgreSQL as an engine. Internal to store/.
#pragma once

#include "store/sql/connection.h"

#include <memory>
#include <string>

namespace postgres {

// `url` is "postgres://user@host/db" or a libpq string. Connects only when a connection is opened.
std::unique_ptr<sql::Driver> make_driver(std::string url);

}  // namespace postgres
