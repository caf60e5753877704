// Proxy: what an edge answers to a request, over HTTP and HTTPS (DESIGN 8).
//
// In this order: HTTP-01 challenges, ours or, where an endpoint keeps its own, the upstream's; names without
// endpoint (404, or 421 on a connection for another name), or over plain HTTP what a pool makes of them;
// plain HTTP is redirected to HTTPS, unless the endpoint says otherwise or is a redirect itself; another
// endpoint than the connection's is misdirected (421, RFC 9110 15.5.20); suspended endpoints (503); the IP
// filter (403); then the redirect or the upstream.
#pragma once

#include "edge/access_log.h"
#include "edge/counters.h"
#include "edge/forwarder.h"
#include "edge/identity_cache.h"
#include "http/exchange.h"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace edge {

// Runs on one executor: no locks. What it is given outlives it.
class Proxy final : public http::Handler {
public:
    Proxy(IdentityCache& cache, const CertificateStore& store, boost::asio::thread_pool& workers,
          Forwarder& forwarder, Counters& counters, std::uint16_t https_port);

    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;
    // Null: none. It outlives the proxy.
    void log_to(AccessLog* log) { access_log_ = log; }

private:
    boost::asio::awaitable<void> answer_or_reset(http::Exchange& exchange);
    boost::asio::awaitable<void> answer_and_log(http::Exchange& exchange);
    base::Task<> answer(http::Exchange& exchange);
    base::Task<> answer_challenge(http::Exchange& exchange, std::string host);
    base::Task<> leave_challenge(http::Exchange& exchange, std::string host,
                                 std::shared_ptr<const Route> route);
    // Of a name that no endpoint has: the pool's redirect, if it is granted.
    base::Task<> wish_for(http::Exchange& exchange, std::string host);
    base::Task<> answer_unknown(http::Exchange& exchange, std::string host);
    base::Task<> to_https(http::Exchange& exchange, std::string host);
    base::Task<> redirect(http::Exchange& exchange, std::shared_ptr<const Route> route);
    base::Task<> answer_plain(http::Exchange& exchange, std::string host, std::shared_ptr<const Route> route);
    base::Task<> misdirected(http::Exchange& exchange, std::string host);
    base::Task<> serve(http::Exchange& exchange, std::shared_ptr<const Route> route);
    base::Task<> pass_on(http::Exchange& exchange, std::shared_ptr<const Route> route);
    // The connection was made for this endpoint's certificate.
    base::Task<bool> on_its_connection(http::Exchange& exchange, std::string host,
                                       std::shared_ptr<const Route> route);

    IdentityCache& cache_;
    const CertificateStore& store_;
    boost::asio::thread_pool& workers_;
    Forwarder& forwarder_;
    Counters& counters_;
    std::uint16_t https_port_;
    AccessLog* access_log_ = nullptr;
};

}  // namespace edge
