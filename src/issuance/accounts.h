// Accounts: the CA accounts in the store, and a connected acme::Client for each.
#pragma once

#include "acme/client.h"
#include "crypto/sealer.h"
#include "store/store.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace issuance {

struct AccountSettings {
    std::string directory_url;
    std::vector<std::string> contacts;  // mailto: URLs
    std::optional<acme::ExternalAccount> external;
};

using ClientFactory =
    std::function<std::unique_ptr<acme::Client>(const std::string& directory_url, crypto::PrivateKey key)>;

// Runs on one executor: no locks.
class Accounts {
public:
    // All outlive it.
    Accounts(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer,
             ClientFactory make_client);

    // The default account for this CA: made when there is none, with its key sealed and stored before the CA
    // hears of it, and its thumbprint in every edge group. Another directory than before makes a new default.
    // Does not talk to the CA.
    base::Task<model::CaAccount> ensure_default(AccountSettings settings);

    // Another account, registered at its CA before this returns. A row stays when that fails, so that the key
    // is not lost: client() tries again. conflict (code ca_account_exists) when the name is taken.
    base::Task<model::CaAccount> add(std::string name, AccountSettings settings, bool make_default);

    // The client of an account. Registers the account first when that has not happened yet: registering the
    // same key again finds the same account, so a crash or a lost answer in between does no harm.
    base::Task<acme::Client*> client(std::string account);

    base::Task<model::CaAccount> account(std::string id);

private:
    base::Task<acme::Account> register_in_budget(acme::Client& client, model::CaAccount account,
                                                 std::optional<acme::ExternalAccount> external);
    base::Task<> register_account(acme::Client& client, model::CaAccount account);
    base::Result<model::CaAccount> make_account(const AccountSettings& settings) const;

    store::Store& store_;
    base::Clock& clock_;
    const crypto::Sealer& sealer_;
    ClientFactory make_client_;
    std::map<std::string, std::unique_ptr<acme::Client>> clients_;
};

}  // namespace issuance
