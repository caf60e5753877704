// AccountDesk: newAccount, accounts, keyChange, order lists (RFC 8555 7.3, 7.1.2.1). Internal to relay/.
#pragma once

#include "relay/world.h"

namespace relay {

// A request outlives the call. Runs on one executor: no locks.
class AccountDesk {
public:
    explicit AccountDesk(World& world) : world_(world) {}

    Answer new_account(Request& request);
    Answer account(Request& request);
    Answer key_change(Request& request);
    Answer orders(Request& request);

private:
    Answer existing(const Request& request);
    // Of its external account binding; empty: none.
    boost::asio::awaitable<Checked<std::string>> external_of(const Request& request,
                                                             const boost::json::value* binding);

    World& world_;
};

}  // namespace relay
