#include "store/postgres/postgres_error.h"

#include <fmt/format.h>

namespace postgres {

sql::Health health_after(std::string_view state)
{
    if (state == "40001" || state == "40P01") {
        return sql::Health::retry;
    }
    // Shutdown, a server that became a replica, and prepared statements that the server has forgotten or
    // whose tables a newer node has changed: another session puts it right.
    if (state.empty() || state.starts_with("08") || state.starts_with("57P") || state == "25006" ||
        state == "26000" || state == "0A000" || state == "25P03") {
        return sql::Health::lost;
    }
    return sql::Health::usable;
}

base::Error describe(std::string_view state, std::string_view reason, std::string_view doing)
{
    using base::Errc;
    while (reason.ends_with('\n')) {
        reason.remove_suffix(1);
    }
    const auto message = fmt::format("PostgreSQL: {} ({}{}{})", reason, doing.substr(0, 120),
                                     state.empty() ? "" : ", ", state);
    if (state == "53100") {
        return base::Error(Errc::unavailable, "the disk that holds the database is full: " + message)
            .with_code("disk_full")
            .with_fix(
                "free space on the database server; writes go on by themselves as soon as there is room");
    }
    if (health_after(state) == sql::Health::lost) {
        return base::Error(Errc::unavailable, message)
            .with_code("store_unreachable")
            .with_fix("check that the PostgreSQL server runs and that this machine reaches it");
    }
    if (state.starts_with("40") || state.starts_with("53") || state.starts_with("55")) {
        return base::Error(Errc::unavailable, message).with_code("store_busy");
    }
    if (state == "57014") {
        return base::Error(Errc::timeout, message);
    }
    if (state.starts_with("23")) {
        return base::Error(Errc::conflict, message);
    }
    if (state.starts_with("22")) {
        return base::Error(Errc::invalid, message);
    }
    if (state == "42501") {
        return base::Error(Errc::unavailable, message)
            .with_code("store_not_writable")
            .with_fix("give this database user the right to create and write tables in the database");
    }
    return base::Error(Errc::internal, message);
}

}  // namespace postgres
