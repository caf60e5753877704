// KeyRotation: changes the key of a CA account (RFC 8555 7.3.5) in steps that a restart goes on with.
//
// Both keys are sealed in the store before the CA hears of it. Orders that are being proved end first,
// because proofs are bound to the key's thumbprint, and new ones wait. When the CA's answer is lost, both
// keys are asked which one it knows. Then the thumbprint goes to every edge, and orders go on.
#pragma once

#include "issuance/accounts.h"
#include "issuance/deployment.h"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <map>
#include <string>

namespace issuance {

struct RotationOptions {
    std::string node;                                // as leases name it
    std::chrono::milliseconds poll{5'000};           // for rotations that other nodes began
    std::chrono::milliseconds step_poll{500};        // while one is under way
    std::chrono::milliseconds drain_limit{600'000};  // orders that take longer are proved again
    std::chrono::milliseconds retry{10'000};         // after a step that failed
    std::chrono::milliseconds deployment_limit{
        30'000};  // edges that are behind for longer are not waited for
};

// Runs on one executor: no locks.
class KeyRotations {
public:
    // All outlive it.
    KeyRotations(boost::asio::any_io_executor executor, store::Store& store, base::Clock& clock,
                 Accounts& accounts, DeploymentGate& deployment, RotationOptions options);

    // Makes and stores the next key; the rest happens in run(), on any node. One that is under way is not
    // begun again. `account`: name or id.
    base::Task<model::CaAccount> start(std::string account);

    // Until cancelled.
    boost::asio::awaitable<void> run();
    // Takes every rotation as far as it goes now; returns how many are still under way.
    base::Task<std::size_t> work();
    void wake();

private:
    base::Task<> advance(model::CaAccount account);
    base::Task<> drain(model::CaAccount account);
    base::Task<> change(model::CaAccount account);
    base::Task<> refused(model::CaAccount account, base::Error error);
    base::Task<> publish(model::CaAccount account);
    // Saves what `step` makes of the row, if it still is at `from` and the lease is ours.
    base::Task<> save(const model::CaAccount& account,
                      std::function<base::Result<>(store::Transaction&, model::CaAccount&)> step);

    store::Store& store_;
    base::Clock& clock_;
    Accounts& accounts_;
    DeploymentGate& deployment_;
    const RotationOptions options_;
    std::map<std::string, base::Time> since_;       // account id -> when draining was first seen here
    std::map<std::string, base::Time> not_before_;  // account id -> when to try again
    std::map<std::string, model::Lease> leases_;
    boost::asio::steady_timer sleeper_;
    bool woken_ = false;
};

}  // namespace issuance
