// SqliteDriver: one database file, held by one process. Internal to store/.
#pragma once

#include "store/sql/connection.h"

#include <filesystem>
#include <memory>

namespace sqlite {

// Makes the file with mode 0600 when it is missing, and keeps "<file>.lock" locked while it lives. Error code
// store_locked when another process holds it. `clock` outlives the driver.
base::Result<std::unique_ptr<sql::Driver>> open_driver(const std::filesystem::path& file, base::Clock& clock);

}  // namespace sqlite
