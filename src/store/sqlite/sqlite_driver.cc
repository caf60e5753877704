#include "store/sqlite/sqlite_driver.h"

#include "store/sqlite/sqlite_connection.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sqlite {

namespace {

// An open file descriptor and the advisory lock that goes with it.
class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    File& operator=(File&&) = delete;
    ~File()
    {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

base::Result<File> open_private(const std::filesystem::path& path)
{
    File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) {
        const bool full = errno == ENOSPC || errno == EDQUOT;
        return base::fail(
            base::Error(base::Errc::unavailable,
                        fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)))
                .with_code(full ? "disk_full" : "store_not_writable")
                .with_fix(full ? "free space on that disk"
                               : "check that the folder exists and that this user may write to it"));
    }
    return file;
}

base::Result<File> lock(const std::filesystem::path& path)
{
    TRY(file, open_private(path));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        return base::fail(
            base::Error(base::Errc::conflict,
                        fmt::format("another process holds the database ({} is locked)", path.string()))
                .with_code("store_locked")
                .with_fix("stop the other certwright that uses this data folder, or give this one its own"));
    }
    return std::move(file);
}

class Driver final : public sql::Driver {
public:
    Driver(std::filesystem::path file, File lock, base::Clock& clock)
        : file_(std::move(file)), lock_(std::move(lock)), clock_(clock)
    {
    }

    base::Result<std::unique_ptr<sql::Connection>> open(sql::Access access) override
    {
        TRY(connection, Connection::open(file_, access, clock_));
        return std::unique_ptr<sql::Connection>(std::move(connection));
    }

private:
    std::filesystem::path file_;
    File lock_;
    base::Clock& clock_;
};

}  // namespace

base::Result<std::unique_ptr<sql::Driver>> open_driver(const std::filesystem::path& file, base::Clock& clock)
{
    auto lock_path = file;
    lock_path += ".lock";
    TRY(held, lock(lock_path));
    // SQLite gives its journals the mode of the database.
    CHECKED(open_private(file));
    return std::unique_ptr<sql::Driver>(std::make_unique<Driver>(file, std::move(held), clock));
}

}  // namespace sqlite
