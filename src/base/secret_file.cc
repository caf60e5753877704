#include "base/secret_file.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace base {

namespace {

std::string reason()
{
    return std::generic_category().message(errno);
}

bool write_all(int descriptor, std::string_view content)
{
    while (!content.empty()) {
        const auto written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        content.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file, std::size_t most)
{
    std::ifstream in(file, std::ios::binary);
    std::string text(most + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || (!in.eof() && in.fail())) {
        return fail(Errc::unavailable, fmt::format("cannot read {}", file.string()));
    }
    if (text.size() > most) {
        return fail(Errc::invalid, fmt::format("{} is larger than {} octets", file.string(), most));
    }
    return text;
}

Result<> write_secret_file(const std::filesystem::path& file, std::string_view content, unsigned mode)
{
    const std::filesystem::path draft = file.string() + ".new";
    const int descriptor = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool done = descriptor >= 0 && ::fchmod(descriptor, mode) == 0 && write_all(descriptor, content) &&
                ::fsync(descriptor) == 0;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    done = done && ::rename(draft.c_str(), file.c_str()) == 0;
    if (!done) {
        return fail(Error(Errc::unavailable, fmt::format("cannot write {}: {}", file.string(), reason())));
    }
    return {};
}

}  // namespace base
