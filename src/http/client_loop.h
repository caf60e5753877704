// ClientLoop: libcurl's multi handle driven by an asio executor. Only for the sources of the HTTP client.
//
// libcurl says which sockets to watch and when to wake it (CURLMOPT_SOCKETFUNCTION, CURLMOPT_TIMERFUNCTION);
// the loop watches duplicates of those descriptors, so that closing stays libcurl's business. Runs on one
// executor: no locks.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include <functional>
#include <memory>
#include <unordered_map>

namespace http {

class ClientLoop : public std::enable_shared_from_this<ClientLoop> {
public:
    // `finished` runs for each transfer that ended, outside of libcurl's callbacks.
    using Finished = std::function<void(CURL* easy, CURLcode result)>;

    static std::shared_ptr<ClientLoop> make(boost::asio::any_io_executor executor);
    ClientLoop(const ClientLoop&) = delete;
    ClientLoop& operator=(const ClientLoop&) = delete;
    ~ClientLoop();

    // From add() until remove(), `easy` belongs to libcurl; its end is told to `finished`, at most once.
    bool add(CURL* easy, Finished finished);
    // Ends the transfer wherever it is. Harmless when it ended already.
    void remove(CURL* easy);

private:
    struct Watch;

    explicit ClientLoop(boost::asio::any_io_executor executor);

    static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long milliseconds, void* self);
    void watch(curl_socket_t socket, int what);
    void forget(curl_socket_t socket);
    void wait_readable(const std::shared_ptr<Watch>& watch);
    void wait_writable(const std::shared_ptr<Watch>& watch);
    void ready(const std::shared_ptr<Watch>& watch, int events);
    void set_timer(long milliseconds);
    void act(curl_socket_t socket, int events);

    boost::asio::any_io_executor executor_;
    boost::asio::steady_timer timer_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::unordered_map<CURL*, Finished> transfers_;
    CURLM* multi_;
};

}  // namespace http
