// Client: outgoing requests of the control plane (ACME, webhooks, feed), on libcurl driven by our loop.
#pragma once

#include "base/task.h"
#include "http/message.h"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace http {

struct ClientRequest {
    ClientRequest() = default;
    ClientRequest(std::string m, std::string u) : method(std::move(m)), url(std::move(u)) {}

    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    std::chrono::milliseconds limit{30'000};  // for the whole exchange
    std::size_t max_body = 4 * 1024 * 1024;   // of the answer; more is an error
    bool follow_redirects = false;
    bool compressed = false;  // the server may compress; `max_body` bounds what comes out
};

struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

struct ClientOptions {
    std::string user_agent;
    std::string trust_file;  // PEM added for this client; empty: the system's roots
    std::string proxy;       // empty: from the environment
    // PEM of the one root that servers' certificates must lead to, whatever their names: for a private CA
    // whose servers do one thing. Empty: see trust_file, and names count.
    std::string private_root;
    // The certificate (PEM, with its chain) and key that servers which ask for one are shown; empty: none.
    std::string certificate;
    std::string key;
    // Any server will do: only for what is checked in another way, such as a root against its known hash.
    bool unverified = false;
    bool direct = false;  // no proxy, not even one of the environment
    // Asked before each connection, a proxy's too, with the address that the name resolved to; false refuses
    // with invalid and code address_forbidden. Empty: every address.
    std::function<bool(const boost::asio::ip::address&)> allow_address;
};

// Runs on one executor: no locks. Destroying it cancels what is in flight.
class Client {
public:
    virtual ~Client() = default;
    // Fails with unavailable (cannot connect, TLS), timeout, or invalid (bad URL, answer too large). Any HTTP
    // status is a success.
    virtual base::Task<ClientResponse> send(ClientRequest request) = 0;
};

std::unique_ptr<Client> make_client(boost::asio::any_io_executor executor, ClientOptions options);

}  // namespace http
