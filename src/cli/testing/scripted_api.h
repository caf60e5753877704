// An API of scripted answers on a thread of its own, since the command line blocks. For tests only.
#pragma once

#include "http/exchange.h"
#include "http/testing/http1_server.h"

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cli::testing {

class ScriptedApi {
public:
    ScriptedApi() : thread_([this] { serve(); })
    {
        while (port_ == 0) {
            std::this_thread::yield();
        }
    }
    ~ScriptedApi()
    {
        boost::asio::post(loop_, [this] { loop_.stop(); });
        thread_.join();
    }

    // The answers to "METHOD /path", one after the other; the last one stays. REQUIRES: before the first
    // request.
    void on(const std::string& request, int status, std::string body)
    {
        script_[request].push_back({status, std::move(body)});
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    // "METHOD target body" of each request.
    std::vector<std::string> seen()
    {
        const std::scoped_lock lock(mutex_);
        return seen_;
    }

private:
    struct Scripted {
        int status = 200;
        std::string body;
    };

    boost::asio::awaitable<void> answer(http::Exchange& exchange)
    {
        const auto& request = exchange.request();
        const auto body = co_await http::read_all(exchange, 1'000'000);
        Scripted reply{404, R"({"code":"not_scripted","detail":"not scripted"})"};
        if (auto found = script_.find(request.method + " " + std::string(request.path()));
            found != script_.end()) {
            reply = found->second.front();
            if (found->second.size() > 1) {
                found->second.erase(found->second.begin());
            }
        }
        {
            const std::scoped_lock lock(mutex_);
            seen_.push_back(request.method + " " + request.target + " " + body.value_or(""));
        }
        static_cast<void>(co_await http::send_text(exchange, reply.status, "application/json", reply.body));
    }

    void serve()
    {
        test::FunctionHandler handler([this](http::Exchange& exchange) { return answer(exchange); });
        test::Http1Server server(loop_, handler);
        port_ = server.port();
        loop_.run();
        loop_.restart();
    }

    boost::asio::io_context loop_{1};
    std::map<std::string, std::vector<Scripted>> script_;
    std::mutex mutex_;
    std::vector<std::string> seen_;
    std::atomic<std::uint16_t> port_ = 0;
    std::thread thread_;
};

}  // namespace cli::testing
