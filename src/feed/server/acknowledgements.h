// Acknowledgements: how far every follower has come, for the propagation gate, "deployed n/m" and `edge
// list`.
#pragma once

#include "base/clock.h"
#include "base/task.h"
#include "model/records.h"
#include "store/store.h"

#include <boost/asio/steady_timer.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace feed {

// The class of a follower: every name server is "nameserver"; edges are "edge:<group>".
inline const std::string name_server_class = "nameserver";
// The id of followers in the control node's own process.
inline constexpr std::string_view local_follower = "local";
std::string edge_class(const std::string& group);
// The edges of all groups together, where a class is asked for.
inline const std::string every_edge = "edge:";

struct Follower {
    std::string follower_class;
    std::string id;
    std::string name;
    std::string version;
    bool remote = false;    // followed over HTTP: also noted in the store, where other control nodes see it
    std::string trouble{};  // why it cannot go on; it then holds nobody back
};

// Followers that have not been heard of for `forget_after` hold nobody back. Runs on one executor: no locks.
class Acknowledgements {
public:
    Acknowledgements(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                     std::chrono::milliseconds forget_after = std::chrono::seconds(90));

    // From now on this follower holds wait_until() back, although it has acknowledged nothing yet.
    void expect(const Follower& follower);
    base::Task<> acknowledge(Follower follower, model::Position position);

    // Notes in the store what acknowledge() has not noted yet, because it came soon after another one. For a
    // timer.
    base::Task<> note_progress();

    // One that is not heard of, or cannot go on: nothing waits for it.
    struct Lost {
        std::string name;
        base::Time seen_at{};
        std::string trouble;
    };
    struct Progress {
        std::size_t reached = 0;
        std::size_t followers = 0;        // alive
        std::vector<std::string> behind;  // names of those alive
        std::vector<Lost> lost;
    };
    Progress progress(const std::string& follower_class, const model::Position& position) const;
    // The same, with edges that follow other control nodes as they are in the store now.
    base::Task<Progress> count(std::string follower_class, model::Position position);

    // Returns when every follower of the class that is alive has applied `position`; edges that follow
    // another control node count too. timeout (code propagation_timeout) names those which are behind.
    base::Task<Progress> wait_until(model::Position position, std::string follower_class,
                                    std::chrono::milliseconds limit);

    struct State {
        Follower follower;
        model::Position position;
        base::Time seen_at{};
    };
    std::vector<State> followers() const;
    std::chrono::milliseconds forget_after() const { return forget_after_; }

private:
    struct Row {
        State state;
        base::Time stored_at{};
        std::int64_t stored_number = -1;
        std::string stored_trouble;
    };

    base::Task<> note_in_store(std::pair<std::string, std::string> key);
    base::Task<> learn_from_store();
    bool alive(const State& state) const
    {
        return state.seen_at + forget_after_ > clock_.now() && state.follower.trouble.empty();
    }

    store::Store& store_;
    base::Clock& clock_;
    std::chrono::milliseconds forget_after_;
    std::map<std::pair<std::string, std::string>, Row> rows_;  // by class and id
    boost::asio::steady_timer changed_;
};

}  // namespace feed
