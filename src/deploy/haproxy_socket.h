// HaproxySocket: HAProxy's runtime API, over its stats socket or a TCP address.
#pragma once

#include "base/task.h"

#include <chrono>
#include <string>

namespace deploy {

// One connection for each command, as HAProxy closes it after the answer. Runs on one executor: no locks.
class HaproxySocket {
public:
    // "/run/haproxy/admin.sock", or "127.0.0.1:9999".
    explicit HaproxySocket(std::string where, std::chrono::milliseconds limit = std::chrono::seconds(10))
        : where_(std::move(where)), limit_(limit)
    {
    }

    // The answer to one command. `payload` follows it in the form that HAProxy reads until an empty line, and
    // must have none itself. unavailable (code haproxy_unreachable), timeout.
    base::Task<std::string> ask(std::string command, std::string payload = "") const;

    const std::string& where() const { return where_; }

private:
    base::Task<std::string> converse(std::string text) const;

    std::string where_;
    std::chrono::milliseconds limit_;
};

}  // namespace deploy
