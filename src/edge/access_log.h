// AccessLog: one line for each request, in the form that web servers have in common (with the site first and
// the seconds last), kept in memory for up to a second.
#pragma once

#include "base/task.h"
#include "edge/counters.h"
#include "edge/measured_exchange.h"
#include "http/event.h"

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

namespace edge {

// site client - - [time] "request line" status octets "referer" "user agent" seconds
void append_access_line(std::string& out, const MeasuredExchange& exchange, std::chrono::nanoseconds took);

// Each loop has its own, all on one file: lines are appended whole. A thread of its own writes, so that a
// disk that stalls holds up no visitor: what is too much meanwhile is dropped and counted. Runs on one
// executor: no locks.
class AccessLog {
public:
    // `counters` outlives it. Errors: what keeps the file from being opened, code access_log_not_writable.
    static base::Result<std::unique_ptr<AccessLog>> open(std::filesystem::path file,
                                                         boost::asio::any_io_executor executor,
                                                         Counters& counters);
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;
    // Writes what is left.
    ~AccessLog();

    void add(const MeasuredExchange& exchange, std::chrono::nanoseconds took);
    // Has what there is written each second, or when there is much, and the file opened anew after it was
    // renamed or removed (rotation). Until cancelled, which waits for a write that is under way.
    boost::asio::awaitable<void> keep_writing();

private:
    class File;
    AccessLog(std::unique_ptr<File> file, boost::asio::any_io_executor executor, Counters& counters);

    Counters& counters_;
    std::unique_ptr<File> file_;  // the writer's, while it runs
    boost::asio::thread_pool writer_{1};
    http::Event much_;
    std::string lines_;
    std::string written_;  // the writer's, while it runs; its memory is used again
    std::size_t dropped_ = 0;
};

}  // namespace edge
