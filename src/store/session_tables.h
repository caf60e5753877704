// The tables of the dashboard: who is signed in, and counts for an overview. As in store/tables.h they are
// only reachable inside a Transaction.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/endpoint.h"
#include "model/records.h"
#include "model/session.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sql {
class Connection;
}

namespace store {

class Sessions {
public:
    explicit Sessions(sql::Connection& db) : db_(db) {}

    static constexpr std::size_t most_of_token = 100;

    // A token's oldest sessions make room for its newest. Drops what has ended, too.
    base::Result<> put(const model::Session& session);
    // With its token. not_found for unknown and ended sessions, and for those of a token that was revoked or
    // has expired.
    base::Result<std::pair<model::Session, model::Token>> find(const std::string& secret_hash,
                                                               base::Time now);
    base::Result<> remove(const std::string& secret_hash);

    // A token's oldest codes make room for its newest. Drops what has ended, too.
    base::Result<> put_code(const model::SignInCode& code);
    // The token that the code stands for. not_found as for find().
    base::Result<model::Token> find_code(const std::string& code_hash, base::Time now);
    // The same; the code is gone then.
    base::Result<model::Token> take_code(const std::string& code_hash, base::Time now);

private:
    base::Result<model::Token> token(const std::string& id, base::Time now);

    sql::Connection& db_;
};

// Counts, without a row of what is counted. The empty tenant: all.
class Overview {
public:
    explicit Overview(sql::Connection& db) : db_(db) {}

    // Endpoints by state, without states that nobody is in.
    base::Result<std::vector<std::pair<model::EndpointState, std::int64_t>>> by_state(
        const std::string& tenant);
    // Live certificates that end before each of `bounds`, which ascend: those from one bound to the next, and
    // last those that end later than all.
    base::Result<std::vector<std::int64_t>> by_end(const std::string& tenant,
                                                   const std::vector<base::Time>& bounds);

private:
    sql::Connection& db_;
};

}  // namespace store
