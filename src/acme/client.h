// Client: one ACME account at one CA (RFC 8555). Knows nothing of endpoints or devices.
//
// Failures: an answer of the CA that is a problem document becomes an Error whose code is "acme:" + its type
// (e.g. "acme:rateLimited"), whose message holds detail and subproblems, and whose retry_after is the CA's
// (seconds or HTTP date). kind: rate_limited for 429 and rateLimited; unavailable for 5xx and connection
// failures; unauthorized, not_found, conflict (alreadyReplaced), invalid otherwise. badNonce never comes out:
// it is retried with a new nonce and signature.
#pragma once

#include "acme/pacer.h"
#include "acme/resources.h"
#include "base/clock.h"
#include "base/task.h"
#include "crypto/key.h"
#include "http/client.h"

#include <memory>
#include <string>
#include <vector>

namespace acme {

struct ExternalAccount {
    std::string kid;
    base::Bytes mac_key;
};

struct NewOrder {
    std::vector<Identifier> identifiers;
    std::string profile;   // empty: none is sent
    std::string replaces;  // ARI certID; empty: none; not sent where the CA has no ARI
};

// Runs on one executor: no locks; several calls may be in flight.
class Client {
public:
    virtual ~Client() = default;

    // Fetched once, and again after a day or when it failed.
    virtual base::Task<Directory> directory() = 0;

    // Registers the key, or finds its account. Agrees to the terms of service, as the operator did by
    // configuring the CA.
    virtual base::Task<Account> register_account(std::vector<std::string> contacts,
                                                 std::optional<ExternalAccount> external) = 0;
    // Finds the account of the key without making one (onlyReturnExisting).
    virtual base::Task<Account> find_account() = 0;
    virtual base::Task<> deactivate_account() = 0;
    // keyChange (RFC 8555 7.3.5): afterwards the account answers to `next` and this client is of no use any
    // more. When no answer came, either may be true: ask find_account() of clients with both keys.
    virtual base::Task<> change_key(crypto::PrivateKey next) = 0;
    // For an account that is known from the store.
    virtual void use_account(std::string account_url) = 0;

    virtual base::Task<OrderResource> new_order(NewOrder order) = 0;
    virtual base::Task<OrderResource> fetch_order(std::string url) = 0;
    virtual base::Task<Authorization> fetch_authorization(std::string url) = 0;
    virtual base::Task<> deactivate_authorization(std::string url) = 0;
    // Tells the CA to validate.
    virtual base::Task<Challenge> answer_challenge(std::string url) = 0;
    virtual base::Task<OrderResource> finalize(std::string finalize_url, base::Bytes csr_der) = 0;
    // Prefers the chain whose topmost issuer has `preferred_issuer` as its common name; empty: the default
    // chain.
    virtual base::Task<IssuedChain> download(std::string certificate_url, std::string preferred_issuer) = 0;
    virtual base::Task<> revoke(base::Bytes leaf_der, int reason) = 0;
    // not_found where the CA has no ARI.
    virtual base::Task<RenewalInfo> renewal_info(std::string ari_id) = 0;

    // Polls until the order leaves `pending` (all authorizations done) or `processing`; obeys Retry-After,
    // backs off from 50 ms to 10 s otherwise, and gives up after `limit` with timeout.
    virtual base::Task<OrderResource> wait_for_order(std::string url, std::chrono::seconds limit) = 0;

    virtual const std::string& thumbprint() const = 0;
};

// `http` and `clock` outlive the client. Clients of one CA share a `pacer`, since the CA counts the requests
// of one address together; none: the client has its own.
std::unique_ptr<Client> make_client(http::Client& http, base::Clock& clock, std::string directory_url,
                                    crypto::PrivateKey account_key, std::shared_ptr<Pacer> pacer = nullptr);

}  // namespace acme
