// Loop: one core's part of an edge: its own io_context and thread, listeners, hot certificates and upstream
// connections.
#pragma once

#include "base/task_group.h"
#include "edge/admission.h"
#include "edge/connections.h"
#include "edge/counters.h"
#include "edge/forwarder.h"
#include "edge/identity_cache.h"
#include "edge/proxy.h"
#include "edge/upstream_checks.h"
#include "http/server.h"
#include "net/address_set.h"
#include "net/listener.h"
#include "net/tls.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

namespace edge {

// HTTP/2 first, then HTTP/1.1; and TLS-ALPN-01 for CAs.
net::TlsPolicy usual_tls();
// What no upstream may be, whoever named it and whatever its name resolves to; loopback and private
// addresses may.
net::AddressPolicy usual_upstreams();

struct LoopOptions {
    IdentityCache::Options cache;
    http::ServerLimits server;
    ForwardLimits forward;
    http::PoolLimits pool;
    net::TlsPolicy tls = usual_tls();
    net::AddressPolicy upstream_policy = usual_upstreams();
    std::string upstream_trust_file;
    std::uint16_t https_port = 443;
    std::size_t most_connections = 100'000;  // of this loop; fewer where the limit of open files is low
    std::chrono::milliseconds handshake{15'000};
    // Load balancers: their connections begin with the PROXY protocol, and no others may.
    net::AddressSet proxies;
    std::filesystem::path access_log;  // empty: none
};

// Listeners are opened before start(); after it everything runs on the loop's own thread, and others talk to
// it through executor(). What it is given outlives it.
class Loop {
public:
    static base::Result<std::unique_ptr<Loop>> create(const CertificateStore& store,
                                                      boost::asio::thread_pool& workers,
                                                      const base::Clock& clock, LoopOptions options);
    ~Loop();

    void listen(net::Listener listener, bool tls);
    void start();
    bool running() const { return thread_.joinable(); }

    // On the loop: the following run there, spawned from elsewhere.
    boost::asio::any_io_executor executor() { return context_.get_executor(); }
    // Drops what a batch has changed; the new default certificate is hot when this returns.
    base::Task<> refresh(std::shared_ptr<const Touched> touched);
    // Stops accepting, and lets connections end.
    boost::asio::awaitable<void> begin_drain(Ending ending);
    // Waits for that within `limit`, then cancels what is left.
    boost::asio::awaitable<void> drain(std::chrono::milliseconds limit);

    // After drain(): ends the thread.
    void join();

    const Counters& counters() const { return counters_; }

private:
    Loop(const CertificateStore& store, boost::asio::thread_pool& workers, const base::Clock& clock,
         LoopOptions options);

    boost::asio::awaitable<void> accept(net::Listener& listener, bool tls);
    boost::asio::awaitable<void> serve(boost::asio::ip::tcp::socket socket, bool tls);
    bool from_proxy(const boost::asio::ip::tcp::socket& socket) const;

    struct Open {
        net::Listener listener;
        bool tls;
    };

    LoopOptions options_;
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Counters counters_;
    IdentityCache cache_;
    http::UpstreamPool pool_;
    UpstreamHealth health_;
    Forwarder forwarder_;
    std::unique_ptr<AccessLog> access_log_;
    Proxy proxy_;
    std::unique_ptr<net::TlsServer> tls_;
    std::vector<std::unique_ptr<Open>> listeners_;
    Connections connections_;
    Admission admission_;
    std::thread thread_;
    base::TaskGroup upkeep_;  // not waited for when draining
    UpstreamChecks checks_;
    base::TaskGroup tasks_;
};

}  // namespace edge
