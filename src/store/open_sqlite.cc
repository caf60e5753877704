#include "store/database_store.h"
#include "store/migrations.h"
#include "store/sqlite/sqlite_driver.h"

namespace store {

base::Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& file, base::Clock& clock)
{
    TRY(driver, sqlite::open_driver(file, clock));
    return DatabaseStore::open(std::move(driver), latest_schema());
}

}  // namespace store
