// Edge: serves the endpoints of one group over HTTP and HTTPS, from what the revision feed has told it
// (DESIGN 8).
#pragma once

#include "base/clock.h"
#include "edge/loop.h"
#include "edge/wishes.h"
#include "feed/follower.h"
#include "net/passed_sockets.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace edge {

struct EdgeOptions {
    std::filesystem::path folder;             // the cache and its key
    std::vector<net::Endpoint> http;          // e.g. 0.0.0.0:80 and [::]:80
    std::vector<net::Endpoint> https;         // e.g. 0.0.0.0:443 and [::]:443
    unsigned threads = 0;                     // loops; 0: one for each core
    unsigned workers = 2;                     // threads that read the cache for cold names
    std::size_t hot_bytes = 64U << 20;        // of parsed certificates, all loops together
    std::chrono::milliseconds drain{10'000};  // for requests in flight when it stops
    feed::WishDesk* desk = nullptr;           // where wishes go; outlives the edge; null: nowhere
    WishLimits wishes;
    // For idle connections too, when another process has taken over.
    std::chrono::milliseconds drain_succeeded{30'000};
    net::PassedSockets* sockets =
        nullptr;  // where listening sockets come from and are kept; outlives the edge
    LoopOptions loop;
};

// The object, and its sink, belong to the executor of the control loop; each Loop runs on its own thread.
class Edge {
public:
    // Opens the cache and every listener, then serves. Errors name what is wrong (port_in_use,
    // data_not_writable, ...).
    // `control`: the executor of the control loop, where the desk is asked.
    static base::Result<std::unique_ptr<Edge>> start(EdgeOptions options, const base::Clock& clock,
                                                     boost::asio::any_io_executor control = {});
    // REQUIRES: stop() was awaited; or nothing more is to be served, connections are then cut, and there is
    // no desk whose answer somebody waits for.
    ~Edge();

    // Where the feed goes: a change is visible to new handshakes and requests on every loop when apply()
    // returns.
    feed::Sink& sink();

    // Where it really listens, in the order of the options.
    const std::vector<net::Endpoint>& http() const { return http_; }
    const std::vector<net::Endpoint>& https() const { return https_; }

    std::vector<const Counters*> counters() const;  // one for each loop
    const CertificateStore& store() const { return *store_; }

    // Stops accepting, lets requests in flight end within the limit, joins the threads.
    boost::asio::awaitable<void> stop(Ending ending = Ending::alone);

private:
    class StoreSink;

    Edge(EdgeOptions options, std::unique_ptr<CertificateStore> store);
    base::Result<> open_loops(const base::Clock& clock);
    base::Result<> listen(std::vector<net::Endpoint>& places, bool tls);
    base::Result<> adopt(const net::Endpoint& where, std::vector<net::Descriptor> sockets, bool tls);
    base::Result<> warm();

    EdgeOptions options_;
    std::unique_ptr<CertificateStore> store_;
    std::vector<net::Endpoint> http_;
    std::vector<net::Endpoint> https_;
    std::unique_ptr<boost::asio::thread_pool> workers_;
    std::unique_ptr<boost::asio::thread_pool> writer_;  // one thread: batches are applied in order
    std::unique_ptr<Wishes> wishes_;                    // null without a desk
    std::vector<std::unique_ptr<Loop>> loops_;
    std::unique_ptr<StoreSink> sink_;
};

}  // namespace edge
