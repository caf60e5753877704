// HandoverDesk: gives the sockets and the data folder of this process to the one that takes over.
#pragma once

#include "app/handover_channel.h"
#include "base/task.h"
#include "net/passed_sockets.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <memory>

namespace app {

// What lets go of the data folder and takes it back.
class FolderKeeper {
public:
    virtual base::Task<> let_go() = 0;
    virtual base::Task<> take_back() = 0;

protected:
    ~FolderKeeper() = default;
};

// Runs on one executor: no locks.
class HandoverDesk {
public:
    // `sockets` and `keeper` outlive it.
    static base::Result<std::unique_ptr<HandoverDesk>> open(boost::asio::any_io_executor executor,
                                                            const std::filesystem::path& folder,
                                                            const net::PassedSockets& sockets,
                                                            FolderKeeper& keeper);

    // Returns when another process has taken over and this one has only to drain.
    // An error: the data could be had neither by the other process nor again by this one.
    base::Task<> run();

private:
    using Channel = boost::asio::posix::stream_descriptor;

    HandoverDesk(Channel listening, const net::PassedSockets& sockets, FolderKeeper& keeper)
        : listening_(std::move(listening)), sockets_(sockets), keeper_(keeper)
    {
    }
    base::Task<> converse(net::Descriptor peer, bool& lost);
    base::Task<> give_sockets(Channel& channel);
    base::Task<> give_folder(Channel& channel);
    base::Task<> take_back();

    Channel listening_;
    const net::PassedSockets& sockets_;
    FolderKeeper& keeper_;
};

}  // namespace app
