// CaDesk: what the API may do with CA accounts, on the parts that do it.
#pragma once

#include "api/api.h"
#include "issuance/accounts.h"
#include "issuance/key_rotation.h"

#include <functional>

namespace app {

// Runs on one executor: no locks.
class CaDesk final : public api::CaRegistry {
public:
    // All outlive it. `wake`: orders may be due.
    CaDesk(store::Store& store, base::Clock& clock, issuance::Accounts& accounts,
           issuance::KeyRotations& rotations, std::function<void()> wake)
        : store_(store), clock_(clock), accounts_(accounts), rotations_(rotations), wake_(std::move(wake))
    {
    }

    base::Task<model::CaAccount> find(std::string reference) override;
    base::Task<model::CaAccount> add(api::NewCaAccount wanted) override;
    base::Task<model::CaAccount> change(std::string reference, api::CaAccountChange change) override;
    base::Task<model::CaAccount> register_again(std::string reference) override;
    base::Task<model::CaAccount> rotate_key(std::string reference) override;
    base::Task<model::CaAccount> deactivate(std::string reference) override;
    base::Task<api::Promotion> promote(std::string reference) override;

private:
    store::Store& store_;
    base::Clock& clock_;
    issuance::Accounts& accounts_;
    issuance::KeyRotations& rotations_;
    std::function<void()> wake_;
};

}  // namespace app
