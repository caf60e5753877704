// Server: the authoritative name server, UDP and TCP, one loop and thread for each core.
//
//   auto server = nameserver::Server::start(options, clock);
//   group.spawn("nameserver", feed::follow(source, server->sink(), "nameserver"));
//   ...
//   server->stop();
//
// start(), stop() and the sink belong to one executor; the loops inside run on their own threads.
#pragma once

#include "base/clock.h"
#include "dns/cookie.h"
#include "feed/follower.h"
#include "nameserver/rate_limit.h"
#include "net/passed_sockets.h"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nameserver {

using Endpoint = boost::asio::ip::tcp::endpoint;  // UDP and TCP are served on the same address and port

// Since the start, over all loops.
struct Counters {
    std::uint64_t udp_queries = 0;
    std::uint64_t tcp_queries = 0;
    std::uint64_t tcp_connections = 0;
    std::uint64_t answered = 0;
    std::uint64_t nodata = 0;
    std::uint64_t nxdomain = 0;
    std::uint64_t refused = 0;
    std::uint64_t malformed = 0;
    std::uint64_t unsupported = 0;
    std::uint64_t dropped = 0;    // not worth an answer, or it could not be sent
    std::uint64_t truncated = 0;  // did not fit into UDP
    std::uint64_t rate_limited = 0;
};

struct Options {
    // Concrete addresses answer from the address that was asked; so do 0.0.0.0 and [::], over UDP by packet
    // information.
    std::vector<Endpoint> listen;
    unsigned threads = 0;  // 0: one for each core
    RateLimitOptions rate_limit;
    std::size_t tcp_connections = 1'000;  // in all; the one that is idle longest makes room
    std::chrono::milliseconds tcp_idle{10'000};
    // Which server this is, told to who asks (NSID, id.server); empty: nobody is told.
    std::string nsid;
    // What all servers of the zones make cookies with, so that each takes those of the others. None: a random
    // one.
    std::optional<dns::CookieSecret> cookie_key;
    // Where sockets come from and are kept; outlives the server.
    net::PassedSockets* sockets = nullptr;
    // Another process answers from the same sockets until this one has its first data: it reads none before.
    bool wait_for_data = false;
};

class Server {
public:
    // Fails with the codes port_in_use or port_privileged, and what to do, when an address cannot be had.
    // `clock` outlives it and is safe from any thread.
    static base::Result<std::unique_ptr<Server>> start(Options options, const base::Clock& clock);
    virtual ~Server() = default;

    // In memory only: position() asks for a snapshot at start. When apply() returns, every loop answers with
    // the new data.
    virtual feed::Sink& sink() = 0;
    // Where it listens, with the ports that port 0 became.
    virtual std::vector<Endpoint> where() const = 0;
    virtual Counters counters() const = 0;
    // Names in memory, empty non-terminals included.
    virtual std::size_t names() const = 0;
    // Closes the sockets and joins the threads. Bounded; may be called again.
    virtual void stop() = 0;
};

}  // namespace nameserver
