// AddressMemory: in which order to try the addresses of a name.
#pragma once

#include "base/task.h"
#include "net/failure_memory.h"
#include "net/stream.h"

#include <vector>

namespace net {

// Runs on one executor: no locks.
class AddressMemory {
public:
    AddressMemory() : failures_({0, std::chrono::seconds(5), std::chrono::seconds(300)}) {}

    // Those of the preferred family take turns; those that did not answer lately come last.
    void order(std::vector<Endpoint>& addresses);
    void tried(const Endpoint& where, bool connected);

private:
    FailureMemory<Endpoint> failures_;
    std::size_t turn_ = 0;
};

// connect() in that order. `memory` outlives the call.
base::Task<std::unique_ptr<Stream>> connect(std::string host, std::uint16_t port,
                                            std::chrono::milliseconds limit, AddressPolicy allowed,
                                            AddressMemory& memory);

}  // namespace net
