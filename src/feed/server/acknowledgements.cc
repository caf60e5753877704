#include "feed/server/acknowledgements.h"

#include "base/log.h"

#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace feed {

namespace {

// Other control nodes see a remote edge's progress this late at most; fewer writes than acknowledgements.
constexpr std::chrono::seconds store_progress_every{2};
constexpr std::chrono::seconds store_presence_every{15};
constexpr std::chrono::seconds look_every{1};

}  // namespace

std::string edge_class(const std::string& group)
{
    return every_edge + group;
}

Acknowledgements::Acknowledgements(boost::asio::any_io_executor executor, store::Store& store,
                                   base::Clock& clock, std::chrono::milliseconds forget_after)
    : store_(store), clock_(clock), forget_after_(forget_after), changed_(executor)
{
    changed_.expires_at(boost::asio::steady_timer::time_point::max());
}

void Acknowledgements::expect(const Follower& follower)
{
    auto& row = rows_[{follower.follower_class, follower.id}];
    row.state.follower = follower;
    row.state.seen_at = clock_.now();
}

base::Task<> Acknowledgements::acknowledge(Follower follower, model::Position position)
{
    std::pair<std::string, std::string> key{follower.follower_class, follower.id};
    auto& row = rows_[key];
    row.state.follower = std::move(follower);
    row.state.position = std::move(position);
    row.state.seen_at = clock_.now();
    changed_.cancel();
    const bool news = row.state.follower.trouble != row.stored_trouble;
    const bool progress_due = row.state.position.number != row.stored_number &&
                              row.stored_at + store_progress_every <= clock_.now();
    const bool presence_due = row.stored_at + store_presence_every <= clock_.now();
    if (!row.state.follower.remote || (!progress_due && !presence_due && !news)) {
        co_return base::Result<>();
    }
    row.stored_at = clock_.now();
    row.stored_number = row.state.position.number;
    row.stored_trouble = row.state.follower.trouble;
    co_return co_await note_in_store(std::move(key));
}

base::Task<> Acknowledgements::note_progress()
{
    std::vector<std::pair<std::string, std::string>> behind;
    for (auto& [key, row] : rows_) {
        if (row.state.follower.remote && row.state.position.number != row.stored_number) {
            row.stored_at = clock_.now();
            row.stored_number = row.state.position.number;
            behind.push_back(key);
        }
    }
    for (auto& key : behind) {
        CO_CHECKED(co_await note_in_store(std::move(key)));
    }
    co_return base::Result<>();
}

base::Task<> Acknowledgements::note_in_store(std::pair<std::string, std::string> key)
{
    const auto found = rows_.find(key);
    if (found == rows_.end()) {
        co_return base::Result<>();  // Removed meanwhile.
    }
    const auto& state = found->second.state;
    model::EdgeNode node;
    node.id = state.follower.id;
    node.name = state.follower.name;
    node.group = state.follower.follower_class.substr(every_edge.size());
    node.version = state.follower.version;
    node.revision = state.position.number;
    node.seen_at = state.seen_at;
    node.trouble = state.follower.trouble;
    auto put = [node](store::Transaction& tx) { return tx.edges.put(node); };
    co_return co_await store_.write(std::move(put));
}

base::Task<> Acknowledgements::learn_from_store()
{
    auto list = [](store::Transaction& tx) { return tx.edges.all(); };
    CO_TRY(nodes, co_await store_.read(std::move(list)));
    auto head = [](store::Transaction& tx) { return tx.revisions.head(); };
    CO_TRY(now, co_await store_.read(std::move(head)));
    for (const auto& node : nodes) {
        std::pair<std::string, std::string> key{edge_class(node.group), node.id};
        if (node.removed_at) {
            rows_.erase(key);
            continue;
        }
        auto& row = rows_[std::move(key)];
        if (row.state.seen_at >= node.seen_at) {
            continue;
        }
        row.state.follower = {edge_class(node.group), node.id, node.name, node.version, true, node.trouble};
        row.state.position = {now.epoch, node.revision};
        row.state.seen_at = node.seen_at;
        row.stored_at = node.seen_at;
        row.stored_number = node.revision;
        row.stored_trouble = node.trouble;
    }
    co_return base::Result<>();
}

Acknowledgements::Progress Acknowledgements::progress(const std::string& follower_class,
                                                      const model::Position& position) const
{
    Progress progress;
    for (const auto& [key, row] : rows_) {
        const bool asked_for = key.first == follower_class ||
                               (follower_class == every_edge && key.first.starts_with(every_edge));
        if (!asked_for) {
            continue;
        }
        const auto& name = row.state.follower.name.empty() ? key.second : row.state.follower.name;
        if (!alive(row.state)) {
            progress.lost.push_back({name, row.state.seen_at, row.state.follower.trouble});
            continue;
        }
        ++progress.followers;
        if (row.state.position.epoch == position.epoch && row.state.position.number >= position.number) {
            ++progress.reached;
        } else {
            progress.behind.push_back(name);
        }
    }
    return progress;
}

base::Task<Acknowledgements::Progress> Acknowledgements::count(std::string follower_class,
                                                               model::Position position)
{
    if (follower_class.starts_with(every_edge)) {
        CO_CHECKED(co_await learn_from_store());
    }
    co_return progress(follower_class, position);
}

base::Task<Acknowledgements::Progress> Acknowledgements::wait_until(model::Position position,
                                                                    std::string follower_class,
                                                                    std::chrono::milliseconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (true) {
        CO_TRY(at, co_await count(follower_class, position));
        if (at.behind.empty()) {
            co_return std::move(at);
        }
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) {
            co_return base::fail(
                base::Error(
                    base::Errc::timeout,
                    fmt::format("{} of {} live followers of {} have revision {}; behind: {}", at.reached,
                                at.followers, follower_class, position.number, fmt::join(at.behind, ", ")))
                    .with_code("propagation_timeout"));
        }
        boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
        auto wake = changed_.async_wait(boost::asio::deferred);
        pause.expires_after(std::min<std::chrono::steady_clock::duration>(left, look_every));
        auto timed = pause.async_wait(boost::asio::deferred);
        auto either = boost::asio::experimental::make_parallel_group(std::move(wake), std::move(timed));
        co_await either.async_wait(boost::asio::experimental::wait_for_one(), boost::asio::use_awaitable);
    }
}

std::vector<Acknowledgements::State> Acknowledgements::followers() const
{
    std::vector<State> states;
    for (const auto& [key, row] : rows_) {
        states.push_back(row.state);
    }
    return states;
}

}  // namespace feed
