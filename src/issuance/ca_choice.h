// Which CA account an order goes to: the endpoint's policy, what the accounts can do, and that a staging
// certificate never takes the place of a trusted one.
#pragma once

#include "model/certificate.h"
#include "model/order.h"
#include "store/store.h"

#include <optional>
#include <string>
#include <vector>

namespace issuance {

struct CaNeed {
    std::vector<std::string> policy;  // names of accounts; empty: the default, then those that step in
    model::KeyType key_type = model::KeyType::ecdsa_p256;
    std::string profile;         // that the endpoint asks for
    bool trusted = false;        // a trusted certificate is there: only a trusted one may follow it
    std::string last_account{};  // who issued that one
};

// `endpoint`: none for the platform. `replaced`: the certificate that is renewed.
CaNeed need_of(const std::optional<model::Endpoint>& endpoint, model::KeyType key_type,
               const std::optional<model::Certificate>& replaced, base::Time now);

// The accounts that may serve the need, best first. Errors: no_ca_account when there is none, and
// ca_only_untrusted when there are only those of staging CAs for a name that has a trusted certificate.
base::Result<std::vector<model::CaAccount>> candidates(store::Transaction& tx, const CaNeed& need);

// The first candidate whose CA is not failing; the first of all when all are.
base::Result<model::CaAccount> choose_account(store::Transaction& tx, const CaNeed& need, base::Time now);

// Sets account and profile of an order that is still ours alone.
void assign(model::Order& order, const model::CaAccount& account, const CaNeed& need);

}  // namespace issuance
