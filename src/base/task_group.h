// TaskGroup: the owner of background coroutines.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <string>

namespace base {

// Starts coroutines by name, logs what escapes them, cancels and joins them. Runs on one executor: no locks.
// Declare it as the last member of the class whose members the tasks use, and stop it before that object
// dies.
class TaskGroup {
public:
    explicit TaskGroup(boost::asio::any_io_executor executor);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    // REQUIRES: no task is running (stop() was awaited, or the executor has ended).
    ~TaskGroup();

    // `task` owns all it uses, or refers to what outlives the group. A group that was stopped starts nothing.
    void spawn(std::string name, boost::asio::awaitable<void> task);

    // Cancels every task and waits until all have unwound. May be called again.
    boost::asio::awaitable<void> stop();

    // Waits until no task is left, without cancelling any.
    boost::asio::awaitable<void> join();

    std::size_t size() const { return jobs_.size(); }
    bool stopping() const { return stopping_; }

private:
    struct Job {
        std::string name;
        boost::asio::cancellation_signal signal;
    };

    void finished(std::list<Job>::iterator job, std::exception_ptr failure);

    boost::asio::any_io_executor executor_;
    std::list<Job> jobs_;
    boost::asio::steady_timer idle_;
    bool stopping_ = false;
};

}  // namespace base
