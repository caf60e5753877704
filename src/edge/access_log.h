// AccessLog: one line for each request, in the form that web servers have in common (with the site first and
// the seconds last), kept in memory for up to a second.
#pragma once

#include "base/task.h"
#include "edge/measured_exchange.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace edge {

// site client - - [time] "request line" status octets "referer" "user agent" seconds
void append_access_line(std::string& out, const MeasuredExchange& exchange, std::chrono::nanoseconds took);

// Each loop has its own, all on one file: lines are appended whole. Runs on one executor: no locks.
class AccessLog {
public:
    // Errors: what keeps the file from being opened, code access_log_not_writable.
    static base::Result<std::unique_ptr<AccessLog>> open(std::filesystem::path file);
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;
    ~AccessLog();

    void add(const MeasuredExchange& exchange, std::chrono::nanoseconds took);
    // Writes each second what there is, and opens the file anew after it was renamed or removed (rotation).
    // Until cancelled.
    boost::asio::awaitable<void> keep_writing();

private:
    AccessLog(std::filesystem::path file, int handle) : file_(std::move(file)), handle_(handle) {}

    void flush();
    void reopen_after_rotation();

    std::filesystem::path file_;
    int handle_;
    std::string lines_;
    bool failing_ = false;
};

}  // namespace edge
