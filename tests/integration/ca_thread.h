// CaThread: our own ACME CA on a thread of its own, which a test may stop, start again at the same address,
// and make fail.
#pragma once

#include "ca_address.h"
#include "relay/test_ca.h"
#include "support/run.h"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace test {

// Trusts every proof.
class CaThread {
public:
    CaThread(std::filesystem::path folder, std::string script)
    {
        options_.folder = std::move(folder);
        options_.listen = "127.0.0.1:0";
        options_.management.clear();
        options_.trusting = true;
        options_.script = std::move(script);
        start();
        address_ = {ca_->directory_url(), ca_->trust_file().string()};
        const auto host = address_.directory_url.find("://") + 3;
        options_.listen = address_.directory_url.substr(host, address_.directory_url.find('/', host) - host);
    }
    ~CaThread() { stop(); }

    const CaAddress& address() const { return address_; }
    // "https://127.0.0.1:1234".
    std::string origin() const { return "https://" + options_.listen; }

    // Ends as a process does: nobody listens any more. What it issued and whom it knows stays on disk.
    void stop()
    {
        if (thread_.joinable()) {
            loop_.stop();
            thread_.join();
            run(loop_, ca_->stop());
        }
    }
    void start()
    {
        loop_.restart();
        ca_ = relay::TestCa::open(loop_.get_executor(), clock_, options_).value();
        EXPECT_TRUE(run(loop_, ca_->start()));
        loop_.restart();
        thread_ = std::thread([this] { loop_.run(); });
    }

    // Something is done on the CA's own thread; waits for it.
    void with(std::function<void(relay::TestCa&)> action)
    {
        std::promise<void> done;
        boost::asio::post(loop_, [&] {
            action(*ca_);
            done.set_value();
        });
        done.get_future().wait();
    }
    // From now on, instead of all before.
    void script(const std::string& text)
    {
        with([&](relay::TestCa& ca) {
            ca.faults().clear();
            ca.faults().end_outages();
            ca.faults().behaviour = relay::Behaviour();
            const auto applied =
                relay::apply_script(ca.faults(), boost::json::parse(text).as_object(), clock_.now());
            EXPECT_TRUE(applied) << (applied ? "" : applied.error().message());
        });
    }

    // After stop().
    std::vector<relay::Certificate> certificates()
    {
        return run(loop_, ca_->state().certificates(0, 99)).value();
    }
    std::size_t lost() const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(ca_->server().calls(), &relay::LoggedCall::lost));
    }

private:
    boost::asio::io_context loop_{1};
    base::SystemClock clock_;
    relay::TestCaOptions options_;
    CaAddress address_;
    std::unique_ptr<relay::TestCa> ca_;
    std::thread thread_;
};

}  // namespace test
