// Predecessor: the process that served a data folder until now, as the one sees it that takes over. For
// start-up: its calls block, each for a bounded time.
#pragma once

#include "app/handover_channel.h"
#include "net/passed_sockets.h"

namespace app {

class Predecessor {
public:
    // Code nobody_there when no process serves the folder.
    static base::Result<Predecessor> find(const std::filesystem::path& folder);

    base::Result<> take_sockets(net::PassedSockets& sockets);
    // From here on the folder is ours, until this object dies.
    base::Result<> let_go();
    // It drains and ends.
    base::Result<> end();

private:
    explicit Predecessor(net::Descriptor channel) : channel_(std::move(channel)) {}
    net::Descriptor channel_;
};

}  // namespace app
