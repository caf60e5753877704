// Management: the test CA's interface for scripts and people, JSON over HTTP on loopback. Whoever reaches it
// may do everything: docs/test-ca.md.
#pragma once

#include "http/router.h"
#include "relay/test_ca.h"

#include <boost/json.hpp>

namespace relay {

// Runs on one executor: no locks.
class Management {
public:
    // `ca` outlives it.
    explicit Management(TestCa& ca);

    http::Handler& handler() { return router_; }

private:
    using Match = http::RouteMatch;
    using Nothing = boost::asio::awaitable<void>;
    // From the request's body, an empty object when there is none, to the answer; its error is a 400 or 404.
    using Action = base::Task<boost::json::value> (Management::*)(boost::json::object body, Match match);

    void add(std::string method, std::string pattern, Action action);
    Nothing run(http::Exchange& exchange, Match match, Action action);
    Nothing pem(http::Exchange& exchange, Match match);

    base::Task<boost::json::value> about(boost::json::object body, Match match);
    base::Task<boost::json::value> show_behaviour(boost::json::object body, Match match);
    base::Task<boost::json::value> change_behaviour(boost::json::object body, Match match);
    base::Task<boost::json::value> list_rules(boost::json::object body, Match match);
    base::Task<boost::json::value> add_rule(boost::json::object body, Match match);
    base::Task<boost::json::value> clear_rules(boost::json::object body, Match match);
    base::Task<boost::json::value> remove_rule(boost::json::object body, Match match);
    base::Task<boost::json::value> add_outage(boost::json::object body, Match match);
    base::Task<boost::json::value> end_outages(boost::json::object body, Match match);
    base::Task<boost::json::value> set_window(boost::json::object body, Match match);
    base::Task<boost::json::value> clear_windows(boost::json::object body, Match match);
    base::Task<boost::json::value> run_script(boost::json::object body, Match match);
    base::Task<boost::json::value> list_certificates(boost::json::object body, Match match);
    base::Task<boost::json::value> revoke(boost::json::object body, Match match);
    base::Task<boost::json::value> pause(boost::json::object body, Match match);
    base::Task<boost::json::value> unpause(boost::json::object body, Match match);
    base::Task<boost::json::value> limits(boost::json::object body, Match match);
    base::Task<boost::json::value> calls(boost::json::object body, Match match);

    TestCa& ca_;
    http::Router router_;
};

}  // namespace relay
