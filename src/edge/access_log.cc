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
// What waits for a disk that stalls: some 20,000 lines.
constexpr std::size_t most_waiting = 4 * 1024 * 1024;

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

// One thread at a time.
class AccessLog::File {
public:
    File(std::filesystem::path file, int handle) : file_(std::move(file)), handle_(handle) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() { ::close(handle_); }

    // `dropped`: how many lines there was no room for before these.
    void write(const std::string& lines, std::size_t dropped);
    void reopen_after_rotation();

private:
    std::filesystem::path file_;
    int handle_;
    bool failing_ = false;
};

void AccessLog::File::write(const std::string& lines, std::size_t dropped)
{
    if (dropped > 0) {
        base::log::warning("access_log_behind", {{"file", file_.string()},
                                                 {"lines_lost", dropped},
                                                 {"fix", "its disk is too slow; put the file on another"}});
    }
    if (lines.empty()) {
        return;
    }
    const auto written = ::write(handle_, lines.data(), lines.size());
    const bool failed = written != static_cast<ssize_t>(lines.size());
    if (failed && !failing_) {
        base::log::error("access_log_failed", {{"file", file_.string()},
                                               {"error", std::generic_category().message(errno)},
                                               {"fix", "make room on the disk; lines are lost until then"}});
    }
    failing_ = failed;
}

void AccessLog::File::reopen_after_rotation()
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

base::Result<std::unique_ptr<AccessLog>> AccessLog::open(std::filesystem::path file,
                                                         boost::asio::any_io_executor executor,
                                                         Counters& counters)
{
    const int handle = open_file(file);
    if (handle < 0) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("cannot open the access log {}: {}", file.string(),
                                                         std::generic_category().message(errno)))
                .with_code("access_log_not_writable")
                .with_fix("make its folder, writable for the service, or set edge.access_log to nothing"));
    }
    auto opened = std::make_unique<File>(std::move(file), handle);
    return std::unique_ptr<AccessLog>(new AccessLog(std::move(opened), std::move(executor), counters));
}

AccessLog::AccessLog(std::unique_ptr<File> file, boost::asio::any_io_executor executor, Counters& counters)
    : counters_(counters), file_(std::move(file)), much_(executor)
{
}

AccessLog::~AccessLog()
{
    writer_.join();
    file_->write(written_, 0);  // where keep_writing() was cancelled before the writer had it
    file_->write(lines_, dropped_);
}

void AccessLog::add(const MeasuredExchange& exchange, std::chrono::nanoseconds took)
{
    if (lines_.size() >= most_waiting) {
        ++dropped_;
        Counters::count(counters_.access_log_dropped);
        return;
    }
    append_access_line(lines_, exchange, took);
    if (lines_.size() >= flush_size) {
        much_.notify();
    }
}

boost::asio::awaitable<void> AccessLog::keep_writing()
{
    while (true) {
        if (lines_.size() < flush_size) {
            co_await much_.wait_until(std::chrono::steady_clock::now() + flush_interval);
        }
        std::swap(lines_, written_);
        auto write = [this, dropped = std::exchange(dropped_, 0)] {
            file_->write(written_, dropped);
            written_.clear();
            file_->reopen_after_rotation();
            return true;
        };
        co_await base::blocking(writer_, std::move(write));
        if (written_.capacity() > 4 * flush_size) {
            written_.shrink_to_fit();
        }
    }
}

}  // namespace edge
