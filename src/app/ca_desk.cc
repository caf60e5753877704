#include "app/ca_desk.h"

#include "base/log.h"
#include "issuance/ca_directory.h"
#include "issuance/promotion.h"

namespace app {

namespace {

issuance::AccountChange to_change(const api::CaAccountChange& change)
{
    issuance::AccountChange made;
    made.make_default = change.make_default;
    made.fallback = change.fallback;
    made.profile = change.profile;
    made.preferred_issuer = change.preferred_chain;
    made.key_types = change.key_types;
    made.trusted = change.trusted;
    return made;
}

bool says_something(const api::CaAccountChange& change)
{
    return change.make_default || change.fallback || change.profile || change.preferred_chain ||
           change.key_types || change.trusted;
}

base::Result<base::Bytes> eab_key(const std::string& text)
{
    auto key = base::from_base64url(text);
    if (!key || key->empty()) {
        return base::fail(base::Error(base::Errc::invalid, "eab_key is no base64url key")
                              .with_code("eab_key_invalid")
                              .with_fix("Give the HMAC key as the CA showed it."));
    }
    return key;
}

}  // namespace

base::Task<model::CaAccount> CaDesk::find(std::string reference)
{
    auto read = [reference](store::Transaction& tx) { return issuance::find_account(tx, reference); };
    co_return co_await store_.read(std::move(read));
}

base::Task<model::CaAccount> CaDesk::add(api::NewCaAccount wanted)
{
    issuance::AccountSettings settings;
    CO_TRY(url, issuance::directory_url(wanted.directory));
    settings.directory_url = url;
    for (const auto& mail : wanted.contacts) {
        settings.contacts.push_back(mail.contains(':') ? mail : "mailto:" + mail);
    }
    if (!wanted.eab_kid.empty()) {
        CO_TRY(key, eab_key(wanted.eab_key));
        settings.external = acme::ExternalAccount{wanted.eab_kid, key};
    }
    CO_TRY(made, co_await accounts_.add(wanted.name, std::move(settings), false));
    if (const auto learned = co_await accounts_.learn_directories(); !learned) {
        base::log::warning("directories_not_learned", {{"error", learned.error().message()}});
    }
    if (says_something(wanted.settings)) {
        co_return co_await accounts_.change(made.id, to_change(wanted.settings));
    }
    co_return co_await accounts_.account(made.id);
}

base::Task<model::CaAccount> CaDesk::change(std::string reference, api::CaAccountChange change)
{
    auto changed = co_await accounts_.change(std::move(reference), to_change(change));
    wake_();
    co_return changed;
}

base::Task<model::CaAccount> CaDesk::register_again(std::string reference)
{
    auto registered = co_await accounts_.register_again(std::move(reference));
    wake_();
    co_return registered;
}

base::Task<model::CaAccount> CaDesk::rotate_key(std::string reference)
{
    co_return co_await rotations_.start(std::move(reference));
}

base::Task<model::CaAccount> CaDesk::deactivate(std::string reference)
{
    auto done = co_await accounts_.deactivate(std::move(reference));
    wake_();
    co_return done;
}

// The account becomes the default, so that renewals stay with it.
base::Task<api::Promotion> CaDesk::promote(std::string reference)
{
    CO_TRY(account, co_await find(std::move(reference)));
    CO_CHECKED(issuance::check_promotable(account));
    if (!account.is_default) {
        issuance::AccountChange prefer;
        prefer.make_default = true;
        CO_TRY(preferred, co_await accounts_.change(account.id, std::move(prefer)));
        account = preferred;
    }
    const auto now = clock_.now();
    auto write = [account, now](store::Transaction& tx) -> base::Result<api::Promotion> {
        api::Promotion made;
        made.account = account;
        TRY(queued, issuance::promote_batch(tx, account, now));
        made.queued = queued;
        TRY(left, tx.certificates.count_only_untrusted(now));
        made.only_untrusted = left;
        return made;
    };
    auto promoted = co_await store_.write(std::move(write));
    wake_();
    co_return promoted;
}

}  // namespace app
