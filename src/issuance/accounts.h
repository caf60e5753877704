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

// What is absent stays as it is.
struct AccountChange {
    bool make_default = false;
    std::optional<int> fallback;  // its place among those that step in; 0: it does not
    std::optional<std::string> profile;
    std::optional<std::string> preferred_issuer;
    std::optional<std::vector<model::KeyType>> key_types;
    std::optional<bool> trusted;
};

using ClientFactory =
    std::function<std::unique_ptr<acme::Client>(const std::string& directory_url, crypto::PrivateKey key)>;

// By name, by id, or "default". Errors: ca_account_not_found.
base::Result<model::CaAccount> find_account(store::Transaction& tx, const std::string& reference);
// Errors: ca_account_deactivated, ca_account_unregistered.
base::Result<> check_usable(const model::CaAccount& account);

// Every edge group learns the default account's thumbprint, by which responders answer its tokens
// (DESIGN 2.1).
base::Result<> publish_thumbprint(store::Transaction& tx, const std::string& thumbprint);
// What an account's key is sealed to.
std::string key_context(const model::CaAccount& account);

// Runs on one executor: no locks.
class Accounts {
public:
    // All outlive it.
    Accounts(store::Store& store, base::Clock& clock, const crypto::Sealer& sealer,
             ClientFactory make_client);

    // The account of the configured CA: made when there is none, with its key sealed and stored before the CA
    // hears of it. It becomes the default when the configuration names another CA than at the last start;
    // otherwise the default stays what people made it. The default's thumbprint is then in every edge group.
    // Returns the default account. Does not talk to the CA.
    base::Task<model::CaAccount> ensure_default(AccountSettings settings);

    // Another account, registered at its CA before this returns. A row stays when that fails, so that the key
    // is not lost: client() tries again. conflict (code ca_account_exists) when the name is taken.
    base::Task<model::CaAccount> add(std::string name, AccountSettings settings, bool make_default);
    // A change of `trusted` also holds for the certificates that the account issued.
    base::Task<model::CaAccount> change(std::string reference, AccountChange change);
    // For an account that the CA has forgotten: the same key, a new account URL.
    base::Task<model::CaAccount> register_again(std::string reference);
    // For good, at the CA too. Its certificates stay. Errors: ca_account_default for the default one.
    base::Task<model::CaAccount> deactivate(std::string reference);

    // The client of an account. Registers the account first when that has not happened yet: registering the
    // same key again finds the same account, so a crash or a lost answer in between does no harm. It lives as
    // long as this object, also after the account's key was changed.
    base::Task<acme::Client*> client(std::string account);

    base::Task<model::CaAccount> account(std::string id);

    // What the CAs' directories say of themselves (CAA identities, profiles), stored with the accounts.
    // Returns false when some CA did not answer.
    base::Task<bool> learn_directories();

    // For a change of key. `next` is not registered.
    struct Keys {
        std::unique_ptr<acme::Client> current;
        std::unique_ptr<acme::Client> next;
        crypto::PrivateKey next_key;
    };
    base::Result<Keys> both_keys(const model::CaAccount& account) const;
    void seal_next_key(model::CaAccount& account, const crypto::PrivateKey& key) const;
    // The next key becomes the account's; the edges hear of it when the account is the default.
    base::Result<> take_next_key(store::Transaction& tx, model::CaAccount& account) const;

private:
    base::Task<acme::Account> register_in_budget(acme::Client& client, model::CaAccount account,
                                                 std::optional<acme::ExternalAccount> external);
    base::Task<> register_account(acme::Client& client, model::CaAccount account);
    base::Task<> mark_certificates(std::string account, bool trusted);
    base::Result<model::CaAccount> make_account(const AccountSettings& settings) const;
    base::Result<model::CaAccount> ensure_in(store::Transaction& tx, const AccountSettings& settings,
                                             const model::CaAccount& fresh) const;
    void set_external(model::CaAccount& account, const AccountSettings& settings) const;
    base::Result<acme::Client*> connected(const model::CaAccount& account);

    struct Connection {
        std::string thumbprint;
        std::unique_ptr<acme::Client> client;
    };

    store::Store& store_;
    base::Clock& clock_;
    const crypto::Sealer& sealer_;
    ClientFactory make_client_;
    std::map<std::string, Connection> clients_;
    std::vector<std::unique_ptr<acme::Client>> retired_;  // of former keys; jobs may still hold them
};

}  // namespace issuance
