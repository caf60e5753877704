// ServedNode: a control node or an edge with its front, from its start to a signal, or until another process
// has taken over.
#pragma once

#include "app/failure.h"
#include "app/front.h"
#include "app/handover_desk.h"
#include "app/predecessor.h"
#include "app/service_notice.h"
#include "app/successor.h"
#include "base/log.h"
#include "base/task_group.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>

namespace app {

// Runs on the loop it was given.
template <class Node, class Settings>
class ServedNode final : private FolderKeeper {
public:
    // `front` outlives it.
    ServedNode(boost::asio::io_context& loop, Settings settings, Front& front)
        : loop_(loop),
          settings_(std::move(settings)),
          front_(front),
          signals_(loop, SIGTERM, SIGINT, SIGHUP),
          woken_(loop),
          tasks_(loop.get_executor())
    {
    }

    base::Result<> open()
    {
        TRY(node, Node::open(loop_, settings_, front_));
        node_ = std::move(node);
        return {};
    }

    // REQUIRES: open(). `predecessor`: who is told when this node serves. An error: it could not be started.
    base::Task<> run(Predecessor* predecessor)
    {
        auto started = co_await node_->start();
        if (started && predecessor != nullptr) {
            tell_service_manager("MAINPID=" + std::to_string(::getpid()));
            started = predecessor->end();
        }
        if (started) {
            serving_ = true;
            tell_service_manager("READY=1");
            base::log::info("serving", {{"pid", ::getpid()}});
            tasks_.spawn("signals", obey());
            tasks_.spawn("handover", hand_over());
            co_await wait_for_end();
        }
        co_await end();
        co_return failure_ ? base::Result<>(base::fail(*failure_)) : started;
    }

private:
    boost::asio::awaitable<void> wait_for_end()
    {
        while (!ending_) {
            boost::system::error_code woken;
            woken_.expires_at(std::chrono::steady_clock::time_point::max());
            co_await woken_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        }
    }

    void end_as(edge::Ending ending)
    {
        ending_ = ending;
        woken_.cancel();
    }

    boost::asio::awaitable<void> obey()
    {
        while (true) {
            const int signal = co_await signals_.async_wait(boost::asio::use_awaitable);
            if (signal != SIGHUP) {
                base::log::info("stopping", {{"signal", signal}});
                co_return end_as(edge::Ending::alone);
            }
            const auto started = successor_.start();
            if (started) {
                base::log::info("successor_started", {{"pid", *started}});
            } else {
                base::log::error("successor_not_started", {{"error", started.error().message()}});
            }
        }
    }

    boost::asio::awaitable<void> hand_over()
    {
        auto desk = HandoverDesk::open(loop_.get_executor(), settings_.data, front_.sockets, *this);
        if (!desk) {
            base::log::warning("no_takeover", {{"error", desk.error().message()}});
            co_return;
        }
        auto given = co_await (*desk)->run();
        if (given) {
            base::log::info("handed_over");
            end_as(edge::Ending::succeeded);
        } else {
            // Neither process has the data: the service manager starts a new one.
            failure_ = std::move(given).error();
            end_as(edge::Ending::alone);
        }
    }

    boost::asio::awaitable<void> end()
    {
        const auto ending = ending_.value_or(edge::Ending::alone);
        // One that never served speaks for the service no more than it did before.
        if (ending == edge::Ending::alone && serving_) {
            tell_service_manager("STOPPING=1");
        }
        co_await tasks_.stop();
        if (node_) {
            co_await node_->stop();
        }
        co_await front_.stop(ending);
        base::log::info("stopped");
    }

    base::Task<> let_go() override
    {
        if (node_) {
            co_await node_->stop();
            node_.reset();
        }
        co_return base::Result<>();
    }

    base::Task<> take_back() override
    {
        CO_CHECKED(open());
        auto started = co_await node_->start();
        if (!started) {
            co_await node_->stop();
            node_.reset();
        }
        co_return started;
    }

    boost::asio::io_context& loop_;
    const Settings settings_;
    Front& front_;
    Successor successor_;
    std::unique_ptr<Node> node_;  // null while the data folder is in another process's hands
    bool serving_ = false;
    std::optional<base::Error> failure_;
    std::optional<edge::Ending> ending_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer woken_;
    base::TaskGroup tasks_;
};

}  // namespace app
