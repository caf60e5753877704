// AccountPolicy: who may have an account at this server.
#pragma once

#include "base/bytes.h"
#include "base/task.h"

#include <map>
#include <string>
#include <vector>

namespace relay {

struct AccountWish {
    std::string thumbprint;
    std::vector<std::string> contacts;
    std::string external;  // key id of the proved external account; empty: none
};

class AccountPolicy {
public:
    virtual ~AccountPolicy() = default;

    // Directory: externalAccountRequired.
    virtual bool external_required() const = 0;
    // The MAC key of an external account (RFC 8555 7.3.4); not_found.
    virtual base::Task<base::Bytes> mac_key(std::string key_id) = 0;
    // An external account serves one ACME account only.
    virtual bool external_once() const = 0;
    // unauthorized, with a sentence for the client, when it may not.
    virtual base::Task<> admit(AccountWish wish) = 0;
};

// Everybody, or whoever knows one of the listed keys.
class ListedAccounts final : public AccountPolicy {
public:
    ListedAccounts(std::map<std::string, base::Bytes> keys, bool required, bool once)
        : keys_(std::move(keys)), required_(required), once_(once)
    {
    }

    bool external_required() const override { return required_; }
    bool external_once() const override { return once_; }
    base::Task<base::Bytes> mac_key(std::string key_id) override
    {
        const auto found = keys_.find(key_id);
        if (found == keys_.end()) {
            co_return base::fail(base::Errc::not_found, "No such external account");
        }
        co_return found->second;
    }
    base::Task<> admit(AccountWish) override { co_return base::Result<>(); }

private:
    std::map<std::string, base::Bytes> keys_;
    bool required_;
    bool once_;
};

}  // namespace relay
