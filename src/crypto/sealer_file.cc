// The master key's file: base64 of 32 octets on one line, for its owner's eyes only.
#include "base/random.h"
#include "crypto/sealer.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace crypto {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_size = 32;

class File {
public:
    explicit File(int fd) : fd_(fd) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File()
    {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int fd() const { return fd_; }

private:
    int fd_;
};

base::Error failure(const fs::path& file, std::string_view what, std::string fix)
{
    return base::Error(base::Errc::invalid, fmt::format("The master key file {} {}.", file.string(), what))
        .with_code("master_key")
        .with_fix(std::move(fix));
}

// systemd shows the access list of a credential as group permission, though no group can read it.
bool is_systemd_credential(const fs::path& file)
{
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    return folder != nullptr && *folder != '\0' && file.parent_path() == fs::path(folder);
}

base::Result<> check_mode(const File& opened, const fs::path& file)
{
    struct stat facts{};
    if (::fstat(opened.fd(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return base::fail(failure(file, "is not an ordinary file", "Give the path of the key file."));
    }
    const auto forbidden = is_systemd_credential(file) ? 0037U : 0077U;
    if ((facts.st_mode & forbidden) != 0) {
        return base::fail(
            failure(file, "can be read by others than its owner", "Run: chmod 600 " + file.string()));
    }
    return {};
}

base::Result<std::array<std::uint8_t, key_size>> decode(std::string text, const fs::path& file)
{
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.pop_back();
    }
    const auto bytes = base::from_base64(text);
    if (!bytes || bytes->size() != key_size) {
        return base::fail(failure(file, "does not hold a key: one line, base64 of 32 octets",
                                  "Put the key file, or its recovery copy, back."));
    }
    std::array<std::uint8_t, key_size> key{};
    std::ranges::copy(*bytes, key.begin());
    return key;
}

base::Result<std::array<std::uint8_t, key_size>> read_key(const File& opened, const fs::path& file)
{
    CHECKED(check_mode(opened, file));
    std::string text(256, '\0');
    const auto got = ::read(opened.fd(), text.data(), text.size());
    if (got < 0) {
        return base::fail(failure(file, fmt::format("cannot be read: {}", std::strerror(errno)), ""));
    }
    text.resize(static_cast<std::size_t>(got));
    return decode(std::move(text), file);
}

// A new key beside its place, on disk before it gets its name; a name that exists by then is left alone.
base::Result<> make_key(const fs::path& file)
{
    auto pattern = file.string() + ".XXXXXX";
    const File made(::mkostemp(pattern.data(), O_CLOEXEC));  // mode 0600
    const auto text = base::to_base64(base::random_bytes(key_size)) + "\n";
    const bool written = made.fd() >= 0 &&
                         ::write(made.fd(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                         ::fsync(made.fd()) == 0;
    const bool named = written && (::link(pattern.c_str(), file.c_str()) == 0 || errno == EEXIST);
    const int reason = errno;
    if (made.fd() >= 0) {
        ::unlink(pattern.c_str());
    }
    if (!named) {
        return base::fail(failure(file, fmt::format("cannot be made: {}", std::strerror(reason)),
                                  "Make its folder writable for the user that runs certwright."));
    }
    const auto parent = file.parent_path();
    const File folder(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.fd() >= 0) {
        ::fsync(folder.fd());
    }
    return {};
}

}  // namespace

base::Result<Sealer> Sealer::open(const std::filesystem::path& file, bool create)
{
    for (bool may_create = create;; may_create = false) {
        const File opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (opened.fd() >= 0) {
            TRY(key, read_key(opened, file));
            return Sealer(key);
        }
        if (errno != ENOENT || !may_create) {
            return base::fail(failure(file, fmt::format("cannot be opened: {}", std::strerror(errno)),
                                      "Put the key file, or its recovery copy, back."));
        }
        CHECKED(make_key(file));
    }
}

}  // namespace crypto
