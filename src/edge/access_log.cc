#include "edge/access_log.h"

#include "base/log.h"
#include "http/date.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace edge {

namespace {

constexpr std::size_t flush_size = 64 * 1024;
constexpr std::chrono::seconds flush_interval{1};

int open_file(const std::filesystem::path& file)
{
    return ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

// What would end the field or the line is written as \xNN.
void append_escaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet >= 0x7F || c == '"' || c == '\\') {
            fmt::format_to(std::back_inserter(out), "\\x{:02X}", octet);
        } else {
            out += c;
        }
    }
}

void append_field(std::string& out, const http::Headers& headers, std::string_view name)
{
    out += " \"";
    append_escaped(out, headers.find(name).value_or("-"));
    out += '"';
}

}  // namespace

void append_access_line(std::string& out, const MeasuredExchange& exchange, std::chrono::nanoseconds took)
{
    const auto& request = exchange.request();
    append_escaped(out, request.authority.empty() ? "-" : std::string_view(request.authority));
    fmt::format_to(std::back_inserter(out), " {} - - [{}] \"{} ",
                   exchange.connection().client.address().to_string(), http::log_date_now(), request.method);
    append_escaped(out, request.target);
    fmt::format_to(std::back_inserter(out), " HTTP/{}.{}\" {} {}", request.version / 10, request.version % 10,
                   exchange.status(), exchange.body_octets());
    append_field(out, request.headers, "referer");
    append_field(out, request.headers, "user-agent");
    fmt::format_to(std::back_inserter(out), " {:.3f}\n", std::chrono::duration<double>(took).count());
}

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(std::filesystem::path file)
{
    const int handle = open_file(file);
    if (handle < 0) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("cannot open the access log {}: {}", file.string(),
                                                         std::generic_category().message(errno)))
                .with_code("access_log_not_writable")
                .with_fix("make its folder, writable for the service, or set edge.access_log to nothing"));
    }
    return std::unique_ptr<AccessLog>(new AccessLog(std::move(file), handle));
}

AccessLog::~AccessLog()
{
    flush();
    ::close(handle_);
}

void AccessLog::add(const MeasuredExchange& exchange, std::chrono::nanoseconds took)
{
    append_access_line(lines_, exchange, took);
    if (lines_.size() >= flush_size) {
        flush();
    }
}

void AccessLog::flush()
{
    if (lines_.empty()) {
        return;
    }
    const auto written = ::write(handle_, lines_.data(), lines_.size());
    const bool failed = written != static_cast<ssize_t>(lines_.size());
    if (failed && !failing_) {
        base::log::error("access_log_failed", {{"file", file_.string()},
                                               {"error", std::generic_category().message(errno)},
                                               {"fix", "make room on the disk; lines are lost until then"}});
    }
    failing_ = failed;
    lines_.clear();
}

void AccessLog::reopen_after_rotation()
{
    struct stat ours{};
    struct stat there{};
    const bool same = ::fstat(handle_, &ours) == 0 && ::stat(file_.c_str(), &there) == 0 &&
                      ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
    const int fresh = same ? -1 : open_file(file_);
    if (fresh >= 0) {
        ::close(handle_);
        handle_ = fresh;
    }
}

boost::asio::awaitable<void> AccessLog::keep_writing()
{
    while (true) {
        co_await base::sleep_for(flush_interval);
        flush();
        reopen_after_rotation();
    }
}

}  // namespace edge
