#include "deploy/worker.h"

#include "base/log.h"

#include <boost/asio/redirect_error.hpp>

#include <algorithm>

namespace deploy {

namespace {

constexpr std::chrono::milliseconds first_pause{250};
constexpr std::chrono::minutes longest_put{5};

}  // namespace

Worker::Worker(boost::asio::any_io_executor executor, const Inventory& inventory,
               boost::asio::thread_pool& pool, std::unique_ptr<Target> target, WorkerOptions options,
               std::function<void()> changed)
    : inventory_(inventory),
      pool_(pool),
      target_(std::move(target)),
      options_(options),
      changed_(std::move(changed)),
      sleeper_(executor)
{
}

void Worker::want(const std::set<std::string>& endpoints, const model::Position& position)
{
    dirty_.insert(endpoints.begin(), endpoints.end());
    wanted_ = position;
    sleeper_.cancel();
}

void Worker::want_all(const model::Position& position)
{
    all_ = true;
    wanted_ = position;
    sleeper_.cancel();
}

boost::asio::awaitable<void> Worker::run()
{
    while (true) {
        const auto looked = co_await look();
        note(looked);
        if (pause_.count() > 0) {
            co_await base::sleep_for(pause_);  // A new wish is no reason to ask a failing target sooner.
        } else if (std::exchange(put_, false) && target_->rest().count() > 0) {
            co_await base::sleep_for(target_->rest());  // Nor a target that rests.
        } else if (!all_ && dirty_.empty() && reached_ == wanted_) {
            co_await sleep(options_.look_every);
        }
    }
}

base::Task<> Worker::look()
{
    CO_TRY(lost, co_await target_->lost());
    if (lost) {
        all_ = true;
    }
    co_return co_await deliver();
}

// What is wanted meanwhile is left for the next round, and what fails is wanted again.
base::Task<> Worker::deliver()
{
    const auto position = wanted_;
    base::Result<> done;
    put_ = put_ || all_ || !dirty_.empty();
    if (all_) {
        dirty_.clear();
        all_ = false;
        done = co_await deliver_all();
        all_ = all_ || !done;
    } else if (!dirty_.empty()) {
        const auto taken = std::exchange(dirty_, {});
        done = co_await deliver_some({taken.begin(), taken.end()});
        if (!done) {
            dirty_.insert(taken.begin(), taken.end());
        }
    }
    if (done && !(reached_ == position)) {
        reached_ = position;
        changed_();
    }
    co_return done;
}

base::Task<> Worker::deliver_all()
{
    CO_CHECKED(co_await target_->begin_all());
    std::string after;
    while (true) {
        auto list = [this, after] { return inventory_.endpoints(after, options_.page); };
        CO_TRY(endpoints, co_await base::blocking(pool_, std::move(list)));
        if (endpoints.empty()) {
            break;
        }
        after = endpoints.back();
        CO_CHECKED(co_await put(endpoints));
    }
    co_return co_await target_->end_all();
}

base::Task<> Worker::deliver_some(std::vector<std::string> endpoints)
{
    for (std::size_t at = 0; at < endpoints.size(); at += options_.page) {
        const auto end = std::min(at + options_.page, endpoints.size());
        std::vector<std::string> page(endpoints.begin() + static_cast<std::ptrdiff_t>(at),
                                      endpoints.begin() + static_cast<std::ptrdiff_t>(end));
        CO_CHECKED(co_await put(std::move(page)));
    }
    co_return base::Result<>();
}

base::Task<> Worker::put(std::vector<std::string> endpoints)
{
    auto read = [this, endpoints]() -> base::Result<Items> {
        auto items = std::make_shared<std::vector<Item>>();
        for (const auto& each : endpoints) {
            TRY(item, inventory_.item(each));
            items->push_back(std::move(item));
        }
        return Items(std::move(items));
    };
    CO_TRY(items, co_await base::blocking(pool_, std::move(read)));
    co_return co_await base::with_timeout(longest_put, target_->put(items));
}

void Worker::note(const base::Result<>& outcome)
{
    const std::string before =
        std::exchange(trouble_, outcome ? std::string() : target_->name() + ": " + outcome.error().message());
    if (outcome) {
        pause_ = {};
    } else {
        pause_ = std::min(std::max(pause_ * 2, first_pause), options_.longest_pause);
    }
    if (trouble_ == before) {
        return;
    }
    if (trouble_.empty()) {
        base::log::info("deploy_restored", {{"target", target_->name()}});
    } else {
        base::log::warning("deploy_failing", {{"target", target_->name()}, {"error", trouble_}});
    }
    changed_();
}

boost::asio::awaitable<void> Worker::sleep(std::chrono::milliseconds time)
{
    sleeper_.expires_after(time);
    boost::system::error_code woken;
    co_await sleeper_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

}  // namespace deploy
