// Http01Server: the smallest responder: any token, answered with one thumbprint.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

namespace test {

// Listens on loopback with a thread of its own, one connection at a time.
class Http01Server {
public:
    explicit Http01Server(
        const boost::asio::ip::tcp::endpoint& where = {boost::asio::ip::address_v4::loopback(), 0})
        : acceptor_(loop_, where), port_(acceptor_.local_endpoint().port()), thread_([this] { serve(); })
    {
    }
    ~Http01Server() { stop(); }

    std::uint16_t port() const { return port_; }
    int answered() const { return answered_; }
    void set_thumbprint(const std::string& thumbprint)
    {
        const std::lock_guard lock(mutex_);
        thumbprint_ = thumbprint;
    }
    void stop()
    {
        if (thread_.joinable()) {
            stopping_ = true;
            boost::asio::io_context loop;
            boost::asio::ip::tcp::socket knock(loop);
            boost::system::error_code ignored;
            knock.connect(acceptor_.local_endpoint(), ignored);
            knock.close(ignored);
            thread_.join();
        }
    }

private:
    void serve()
    {
        while (!stopping_) {
            boost::system::error_code error;
            boost::asio::ip::tcp::socket socket(loop_);
            acceptor_.accept(socket, error);
            std::string head;
            boost::asio::read_until(socket, boost::asio::dynamic_buffer(head, 8'192), "\r\n\r\n", error);
            const std::string path = "/.well-known/acme-challenge/";
            const auto at = head.find(path);
            if (error || at == std::string::npos) {
                continue;
            }
            const auto token = head.substr(at + path.size(), head.find(' ', at) - at - path.size());
            std::string body;
            {
                const std::lock_guard lock(mutex_);
                body = token + "." + thumbprint_;
            }
            const auto answer =
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body;
            boost::asio::write(socket, boost::asio::buffer(answer), error);
            ++answered_;
        }
    }

    boost::asio::io_context loop_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::uint16_t port_;
    std::atomic<bool> stopping_ = false;
    std::atomic<int> answered_ = 0;
    std::mutex mutex_;
    std::string thumbprint_;
    std::thread thread_;
};

}  // namespace test
