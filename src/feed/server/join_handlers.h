// JoinHandlers: how a machine becomes an edge with a certificate, over TLS. MemberSource is the other side.
#pragma once

#include "feed/server/members.h"
#include "http/router.h"

#include <functional>
#include <string>
#include <string_view>

namespace feed {

// GET /feed/v1/root: the root of the private CA, for whoever knows its hash. POST /feed/v1/join with an
// invitation as bearer token, POST /feed/v1/renew with a certificate; both take {"request": base64url of a
// PKCS#10}. For a TLS listener that asks for certificates of that root. Runs on one executor: no locks.
// Outlives the router.
class JoinHandlers {
public:
    // As tokens are hashed in the store.
    using Hash = std::function<std::string(std::string_view secret)>;

    JoinHandlers(Members& members, Hash hash);

    void add_to(http::Router& router);

private:
    using Issue = base::Task<Members::Certificate> (JoinHandlers::*)(http::Exchange& exchange,
                                                                     base::Bytes request);
    boost::asio::awaitable<void> root(http::Exchange& exchange);
    boost::asio::awaitable<void> answer(http::Exchange& exchange, Issue issue);
    base::Task<Members::Certificate> issue_for(http::Exchange& exchange, Issue issue);
    base::Task<Members::Certificate> join(http::Exchange& exchange, base::Bytes request);
    base::Task<Members::Certificate> renew(http::Exchange& exchange, base::Bytes request);

    Members& members_;
    Hash hash_;
};

}  // namespace feed
