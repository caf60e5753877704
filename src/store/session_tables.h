// The tables of the dashboard: who is signed in. As in store/tables.h they are only reachable inside a
// Transaction.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "model/records.h"
#include "model/session.h"

#include <cstddef>
#include <string>
#include <utility>

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

}  // namespace store
