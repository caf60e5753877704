// Migrations: numbered steps of SQL that run on both engines, recorded in schema_migrations. Internal to
// store/.
#pragma once

#include "base/result.h"
#include "store/sql/connection.h"

namespace store {

// The version that this program works with.
int latest_schema();

// Brings the database to `version`, all steps in one transaction. Error code store_newer when a newer program
// has changed it already. Several nodes may call it at once.
base::Result<> migrate(sql::Connection& db, int version);

}  // namespace store
