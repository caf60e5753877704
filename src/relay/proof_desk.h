// ProofDesk: authorizations, challenges, and the validations that they start (RFC 8555 7.5). Internal to
// relay/.
#pragma once

#include "base/task_group.h"
#include "relay/world.h"

namespace relay {

// A request outlives the call. Runs on one executor: no locks.
class ProofDesk {
public:
    ProofDesk(World& world, boost::asio::any_io_executor executor)
        : world_(world), tasks_(std::move(executor))
    {
    }

    Answer authorization(Request& request);
    Answer challenge(Request& request);

    // Starts again what a process left unfinished.
    base::Task<> resume();
    boost::asio::awaitable<void> stop() { return tasks_.stop(); }

private:
    boost::asio::awaitable<Checked<Authorization>> load(const Request& request);
    boost::asio::awaitable<void> validate(std::string authorization, std::string challenge,
                                          std::string base_url);
    boost::asio::awaitable<void> conclude(Authorization authorization, std::string challenge,
                                          Problem problem);

    World& world_;
    base::TaskGroup tasks_;
};

}  // namespace relay
