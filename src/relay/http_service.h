// The ACME server behind HTTP: http::Handler for real clients, http::Client for those of the same process.
#pragma once

#include "http/client.h"
#include "http/exchange.h"
#include "relay/server.h"

namespace relay {

class AcmeHandler final : public http::Handler {
public:
    // `server` outlives it.
    explicit AcmeHandler(AcmeServer& server) : server_(server) {}
    boost::asio::awaitable<void> handle(http::Exchange& exchange) override;

private:
    AcmeServer& server_;
};

// A client whose every request goes to this server, without sockets: for simulations on a virtual clock. A
// lost reply is `unavailable`, as a broken connection is.
class LocalClient final : public http::Client {
public:
    LocalClient(AcmeServer& server, std::string address) : server_(server), address_(std::move(address)) {}
    base::Task<http::ClientResponse> send(http::ClientRequest request) override;

private:
    AcmeServer& server_;
    std::string address_;
};

}  // namespace relay
