#include "base/task_group.h"

#include "base/log.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iterator>

namespace base {

namespace asio = boost::asio;

namespace {

bool is_cancellation(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

std::string describe(const std::exception_ptr& failure)
{
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

TaskGroup::TaskGroup(asio::any_io_executor executor) : executor_(std::move(executor)), idle_(executor_)
{
    idle_.expires_at(asio::steady_timer::time_point::max());
}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(std::string name, asio::awaitable<void> task)
{
    if (stopping_) {
        return;
    }
    jobs_.emplace_back();
    auto job = std::prev(jobs_.end());
    job->name = std::move(name);
    auto on_done = [this, job](std::exception_ptr failure) { finished(job, std::move(failure)); };
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(job->signal.slot(), std::move(on_done)));
}

void TaskGroup::finished(std::list<Job>::iterator job, std::exception_ptr failure)
{
    if (failure && !is_cancellation(failure)) {
        log::error("task_failed", {{"task", job->name}, {"error", describe(failure)}});
    }
    jobs_.erase(job);
    if (jobs_.empty()) {
        idle_.cancel();
    }
}

asio::awaitable<void> TaskGroup::stop()
{
    stopping_ = true;
    for (auto job = jobs_.begin(); job != jobs_.end();) {
        auto next = std::next(job);  // A task may end, and leave the list, while it is told to stop.
        job->signal.emit(asio::cancellation_type::terminal);
        job = next;
    }
    co_await join();
}

asio::awaitable<void> TaskGroup::join()
{
    while (!jobs_.empty()) {
        boost::system::error_code ignored;
        co_await idle_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

}  // namespace base
