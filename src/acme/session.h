// Session: signed requests of one account key to one CA (RFC 8555 6). Runs on one executor: no locks; several
// requests may be in flight.
#pragma once

#include "acme/nonce_pool.h"
#include "acme/pacer.h"
#include "acme/resources.h"
#include "base/single_flight.h"
#include "crypto/key.h"
#include "http/client.h"

#include <memory>
#include <string>

namespace acme {

class Session {
public:
    // `http` and `clock` outlive the session, and the session the tasks that it returns.
    // `pacer` is shared by all sessions with the CA; none: the session makes its own.
    Session(http::Client& http, base::Clock& clock, std::string directory_url, crypto::PrivateKey key,
            std::shared_ptr<Pacer> pacer = nullptr);

    // The cached directory. A copy that is too old serves while the CA does not give a new one.
    base::Task<Directory> directory();

    // POST with the account's URL as key id; an empty payload is a POST-as-GET. Answers of 400 and more are
    // errors.
    base::Task<http::ClientResponse> post(std::string url, std::string payload);
    // POST-as-GET of a certificate chain.
    base::Task<http::ClientResponse> download(std::string url);
    // POST with the public key itself: for newAccount.
    base::Task<http::ClientResponse> post_with_key(std::string url, std::string payload);
    // Without a signature: for the directory and renewal information.
    base::Task<http::ClientResponse> get(std::string url);

    void use_account(std::string url) { account_url_ = std::move(url); }
    const std::string& account_url() const { return account_url_; }
    const crypto::PrivateKey& key() const { return key_; }
    base::Time now() const { return clock_.now(); }
    base::Clock& clock() { return clock_; }

private:
    struct Message {
        Message(std::string u, std::string p) : url(std::move(u)), payload(std::move(p)) {}
        std::string url;
        std::string payload;
        std::string accept;
        bool with_key = false;
    };

    base::Task<Directory> fetch_directory();
    RequestKind kind_of(const std::string& url) const;
    base::Task<http::ClientResponse> send_paced(http::ClientRequest request);
    base::Task<http::ClientResponse> signed_post(Message message);
    base::Task<http::ClientResponse> send_signed(const Message& message, std::string nonce);
    base::Task<std::string> nonce();
    base::Task<std::string> new_nonce();
    void keep_nonce(const http::Headers& headers);

    http::Client& http_;
    base::Clock& clock_;
    const std::string directory_url_;
    const crypto::PrivateKey key_;
    const std::shared_ptr<Pacer> pacer_;
    std::string account_url_;
    NoncePool nonces_;
    std::optional<Directory> directory_;
    base::Time refresh_at_{};
    base::SingleFlight<Directory> fetches_;
};

}  // namespace acme
