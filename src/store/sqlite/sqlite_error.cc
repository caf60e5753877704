#include "store/sqlite/sqlite_error.h"

#include <fmt/format.h>

#include <sqlite3.h>

#include <cerrno>

namespace sqlite {

namespace {

// errno of the last failed system call on the database file or on its write-ahead log.
bool file_errno_is_space(sqlite3* db, int which)
{
    sqlite3_file* file = nullptr;
    int failed = 0;
    if (sqlite3_file_control(db, "main", which, &file) != SQLITE_OK || file == nullptr ||
        file->pMethods == nullptr ||
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &failed) != SQLITE_OK) {
        return false;
    }
    return failed == ENOSPC || failed == EDQUOT || failed == EFBIG;
}

// A quota or a file size limit is a full disk to whoever must make room. SQLite reports those as plain write
// errors.
bool out_of_space(sqlite3* db, int code)
{
    const int primary = code & 0xff;
    if (primary == SQLITE_FULL) {
        return true;
    }
    return primary == SQLITE_IOERR && (file_errno_is_space(db, SQLITE_FCNTL_FILE_POINTER) ||
                                       file_errno_is_space(db, SQLITE_FCNTL_JOURNAL_POINTER));
}

}  // namespace

base::Error describe(sqlite3* db, int code, std::string_view doing)
{
    using base::Errc;
    const int primary = code & 0xff;
    const std::string reason = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    if (db != nullptr && out_of_space(db, code)) {
        return base::Error(Errc::unavailable, "the disk that holds the database is full")
            .with_code("disk_full")
            .with_fix(
                "free space on that disk or raise its quota; writes go on by themselves as soon as there is "
                "room");
    }
    const auto message = fmt::format("SQLite: {} ({})", reason, doing.substr(0, 120));
    switch (primary) {
        case SQLITE_CONSTRAINT:
            return base::Error(Errc::conflict, message);
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return base::Error(Errc::unavailable, message).with_code("store_busy");
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
            return base::Error(Errc::unavailable, message)
                .with_code("store_not_writable")
                .with_fix("give this user the right to write the database file and its folder");
        case SQLITE_IOERR:
            return base::Error(Errc::unavailable, message)
                .with_code("disk_failing")
                .with_fix("check the disk and the system log");
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return base::Error(Errc::internal, message)
                .with_code("store_damaged")
                .with_fix("restore the database from a backup");
        case SQLITE_TOOBIG:
            return base::Error(Errc::invalid, message);
        default:
            return base::Error(Errc::internal, message);
    }
}

}  // namespace sqlite
