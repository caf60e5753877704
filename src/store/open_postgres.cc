#include "store/database_store.h"
#include "store/migrations.h"
#include "store/postgres/postgres_driver.h"

namespace store {

base::Result<std::unique_ptr<Store>> open_postgres(const std::string& url)
{
    return DatabaseStore::open(postgres::make_driver(url), latest_schema());
}

}  // namespace store
