// JobQueue: operations on their way from coroutines to the store's threads. Safe from any thread. Internal to
// store/.
#pragma once

#include "base/result.h"
#include "store/store.h"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace store {

struct Job {
    Store::Operation operation;
    std::move_only_function<void(base::Result<>)>
        done;  // Resumes the caller on its own executor; called once.
};

class JobQueue {
public:
    void push(Job job);
    // Waits for jobs and takes at most `limit`, oldest first. Empty once the queue is closed and nothing is
    // left.
    std::vector<Job> take(std::size_t limit);
    void close();

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;  // protected by mutex_
    bool closed_ = false;   // protected by mutex_
};

}  // namespace store
