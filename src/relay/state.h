// State: where accounts, orders and certificates are kept. FileState (file_state.h) is the test CA's; a
// product's database is another.
#pragma once

#include "base/task.h"
#include "relay/records.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace relay {

// Changes a record, or says why not; then nothing is written. Runs inside the write: reads nothing else.
template <class Record>
using Change = std::function<base::Result<>(Record&)>;

// What newOrder makes, all or nothing.
struct NewOrderRecords {
    Order order;
    std::vector<Authorization> authorizations;  // new ones
    // The certificate that the order replaces, and the successor that it had when that was decided.
    std::string replaced;
    std::string former_successor;
};

// Errors: not_found with a sentence for the client; conflict as said; others are failures of the store. Runs
// on one executor.
class State {
public:
    virtual ~State() = default;

    virtual base::Task<Account> account(std::string id) = 0;
    virtual base::Task<Account> account_of_key(std::string thumbprint) = 0;
    // conflict: the key has an account.
    virtual base::Task<> insert_account(Account account) = 0;
    // Returns what it became. conflict: the new key has an account.
    virtual base::Task<Account> change_account(std::string id, Change<Account> change) = 0;
    virtual base::Task<bool> external_used(std::string key_id) = 0;

    virtual base::Task<Authorization> authorization(std::string id) = 0;
    virtual base::Task<Authorization> change_authorization(std::string id, Change<Authorization> change) = 0;
    // Of that account, identifier and profile, with status valid; the one that expires last.
    virtual base::Task<std::optional<Authorization>> valid_authorization(std::string account,
                                                                         Identifier identifier, bool wildcard,
                                                                         std::string profile) = 0;

    // conflict: the certificate has found another successor.
    virtual base::Task<> insert_order(NewOrderRecords records) = 0;
    virtual base::Task<Order> order(std::string id) = 0;
    virtual base::Task<Order> change_order(std::string id, Change<Order> change) = 0;
    // Of the account, oldest first, from position `from`.
    virtual base::Task<std::vector<Order>> orders_of(std::string account, std::size_t from,
                                                     std::size_t most) = 0;
    // Pending, or ready, for the same identifiers and profile; the newest.
    virtual base::Task<std::optional<Order>> open_order(std::string account,
                                                        std::vector<Identifier> identifiers,
                                                        std::string profile) = 0;

    virtual base::Task<> insert_certificate(Certificate certificate) = 0;
    virtual base::Task<Certificate> certificate(std::string id) = 0;
    virtual base::Task<Certificate> certificate_by_ari(std::string ari_id) = 0;
    virtual base::Task<Certificate> certificate_by_sha256(std::string sha256) = 0;
    virtual base::Task<Certificate> change_certificate(std::string id, Change<Certificate> change) = 0;
    virtual base::Task<std::vector<Certificate>> certificates(std::size_t from, std::size_t most) = 0;

    // What a process left unfinished: orders being processed, authorizations being validated.
    virtual base::Task<std::vector<std::string>> unfinished_orders() = 0;
    virtual base::Task<std::vector<std::string>> unfinished_authorizations() = 0;
};

}  // namespace relay
