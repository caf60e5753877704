#include "relay/account_desk.h"

#include "base/random.h"
#include "relay/door.h"
#include "relay/fields.h"

#include <fmt/format.h>

#include <charconv>

namespace relay {

namespace {

namespace json = boost::json;

constexpr std::size_t most_contacts = 10;

Checked<std::vector<std::string>> read_contacts(const std::vector<std::string>& contacts)
{
    if (contacts.size() > most_contacts) {
        return refuse(400, "invalidContact", fmt::format("More than {} contacts", most_contacts));
    }
    for (const auto& each : contacts) {
        if (!each.starts_with("mailto:")) {
            return refuse(400, "unsupportedContact", fmt::format("\"{}\" is not a mailto: contact", each));
        }
        const auto address = std::string_view(each).substr(7);
        const auto at = address.find('@');
        if (at == 0 || at == std::string_view::npos || address.find('.', at) == std::string_view::npos ||
            address.find_first_of(",? ") != std::string_view::npos) {
            return refuse(400, "invalidContact", fmt::format("\"{}\" is not one mail address", each));
        }
    }
    return contacts;
}

Checked<> type_check(const Fields& fields)
{
    const auto typed = fields.well_typed();
    return typed ? Checked<>() : malformed(typed.error().message());
}

}  // namespace

Answer AccountDesk::existing(const Request& request)
{
    CO_TRY(account, checked(co_await world_.state.account_of_key(request.key->thumbprint())));
    if (account.status != AccountStatus::valid) {
        co_return unauthorized(
            fmt::format("Account is not valid, has status \"{}\"", status_text(account.status)));
    }
    auto reply = json_reply(200, view(account, request, world_));
    reply.headers.add("Location", request.url("/acme/acct/", account.id));
    co_return std::move(reply);
}

Answer AccountDesk::new_account(Request& request)
{
    CO_CHECKED(co_await meet_faults(world_, request, {}));
    CO_TRY(payload, payload_object(request));
    Fields fields(payload);
    const bool only_existing = fields.flag("onlyReturnExisting").value_or(false);
    const bool agreed = fields.flag("termsOfServiceAgreed").value_or(false);
    const auto contacts = fields.texts("contact").value_or(std::vector<std::string>());
    const auto* binding = fields.any("externalAccountBinding");
    CO_CHECKED(type_check(fields));
    const auto known = co_await world_.state.account_of_key(request.key->thumbprint());
    if (known) {
        co_return co_await existing(request);
    }
    if (only_existing) {
        co_return refuse(400, "accountDoesNotExist", "No account exists with the provided key");
    }
    if (!world_.settings.terms_of_service.empty() && !agreed) {
        co_return malformed("must agree to terms of service");
    }
    Account account;
    CO_TRY(good_contacts, read_contacts(contacts));
    CO_TRY(external, co_await external_of(request, binding));
    if (const auto refusal = world_.limits.register_account(request.call.client, world_.clock.now())) {
        Problem problem(429, "rateLimited", refusal->detail);
        problem.retry_after = refusal->retry_after;
        co_return std::unexpected(std::move(problem));
    }
    account.id = base::random_label(16);
    account.jwk = request.key->jwk();
    account.thumbprint = request.key->thumbprint();
    account.contacts = good_contacts;
    account.external = external;
    account.created_at = world_.now();
    const auto admitted =
        co_await world_.accounts.admit({account.thumbprint, account.contacts, account.external});
    if (!admitted) {
        co_return unauthorized(admitted.error().message());
    }
    const auto inserted = co_await world_.state.insert_account(account);
    if (!inserted && inserted.error().kind() == base::Errc::conflict) {
        co_return co_await existing(request);
    }
    CO_CHECKED(checked(inserted));
    auto reply = json_reply(201, view(account, request, world_));
    reply.headers.add("Location", request.url("/acme/acct/", account.id));
    co_return std::move(reply);
}

boost::asio::awaitable<Checked<std::string>> AccountDesk::external_of(const Request& request,
                                                                      const json::value* binding)
{
    if (binding == nullptr) {
        if (world_.accounts.external_required()) {
            co_return refuse(403, "externalAccountRequired", "This server needs an external account binding");
        }
        co_return std::string();
    }
    const auto jws = parse_jws(json::serialize(*binding));
    if (!jws) {
        co_return malformed("externalAccountBinding: " + jws.error().message());
    }
    if (jws->key_id.empty() || !jws->nonce.empty() || jws->url != request.call.url()) {
        co_return malformed("externalAccountBinding: it has a \"kid\", the URL of newAccount, and no nonce");
    }
    const auto bound = crypto::PublicKey::from_jwk(jws->payload);
    if (!bound || bound->thumbprint() != request.key->thumbprint()) {
        co_return malformed("externalAccountBinding: it is not about the key of this request");
    }
    const auto mac_key = co_await world_.accounts.mac_key(jws->key_id);
    const bool good = mac_key && crypto::verify_jws_hmac(jws->algorithm, *mac_key,
                                                         base::as_bytes(jws->signing_input), jws->signature);
    if (!good) {
        co_return unauthorized("externalAccountBinding: unknown key id, or its signature is wrong");
    }
    if (world_.accounts.external_once()) {
        CO_TRY(used, checked(co_await world_.state.external_used(jws->key_id)));
        if (used) {
            co_return unauthorized("externalAccountBinding: the key has been used");
        }
    }
    co_return jws->key_id;
}

Answer AccountDesk::account(Request& request)
{
    CO_CHECKED(co_await meet_faults(world_, request, {}));
    if (request.place.ids.at(0) != request.account->id) {
        co_return unauthorized("Request signing key did not match account key");
    }
    if (request.payload.empty()) {
        co_return json_reply(200, view(*request.account, request, world_));
    }
    CO_TRY(payload, payload_object(request));
    Fields fields(payload);
    const auto status = fields.text("status");
    const auto contacts = fields.texts("contact");
    CO_CHECKED(type_check(fields));
    if (status && *status != "deactivated" && *status != "valid") {
        co_return malformed("Invalid value provided for status field");
    }
    CO_TRY(good_contacts, read_contacts(contacts.value_or(request.account->contacts)));
    const Change<Account> change = [&](Account& account) -> base::Result<> {
        account.contacts = good_contacts;
        account.status = status == "deactivated" ? AccountStatus::deactivated : account.status;
        return {};
    };
    CO_TRY(changed, checked(co_await world_.state.change_account(request.account->id, change)));
    co_return json_reply(200, view(changed, request, world_));
}

// RFC 8555 7.3.5.
Answer AccountDesk::key_change(Request& request)
{
    CO_CHECKED(co_await meet_faults(world_, request, {}));
    const auto inner = parse_jws(request.payload);
    if (!inner) {
        co_return malformed("Parse error reading inner JWS: " + inner.error().message());
    }
    if (!inner->jwk || !inner->nonce.empty() || inner->url != request.call.url()) {
        co_return malformed("The inner JWS has a \"jwk\", the URL of the outer one, and no nonce");
    }
    CO_TRY(key, read_key(*inner->jwk));
    CO_CHECKED(check_signature(*inner, key));
    const auto payload = parse_object(inner->payload, "the inner payload");
    const auto* old_key = payload ? payload->if_contains("oldKey") : nullptr;
    const auto* account = payload ? payload->if_contains("account") : nullptr;
    const auto old = crypto::PublicKey::from_jwk(old_key != nullptr ? json::serialize(*old_key) : "");
    if (account == nullptr || !account->is_string() ||
        account->get_string() != request.url("/acme/acct/", request.account->id)) {
        co_return malformed("The inner payload is about another account");
    }
    if (!old || old->thumbprint() != request.account->thumbprint) {
        co_return malformed("The inner payload does not have the account's present key as \"oldKey\"");
    }
    const auto taken = co_await world_.state.account_of_key(key.thumbprint());
    if (taken) {
        Problem problem(409, "conflict", "New key is already in use for a different account");
        problem.location = request.url("/acme/acct/", taken->id);
        co_return std::unexpected(std::move(problem));
    }
    const Change<Account> change = [&](Account& record) -> base::Result<> {
        record.jwk = key.jwk();
        record.thumbprint = key.thumbprint();
        return {};
    };
    CO_TRY(changed, checked(co_await world_.state.change_account(request.account->id, change)));
    co_return json_reply(200, view(changed, request, world_));
}

Answer AccountDesk::orders(Request& request)
{
    CO_CHECKED(co_await meet_faults(world_, request, {}));
    CO_CHECKED(only_post_as_get(request));
    if (!world_.settings.order_lists || request.place.ids.at(0) != request.account->id) {
        co_return refuse(404, "malformed", "No such list of orders");
    }
    const std::string_view target = request.call.target;
    const auto cursor = target.find("?cursor=");
    std::size_t from = 0;
    if (cursor != std::string_view::npos) {
        const auto text = target.substr(cursor + 8);
        std::from_chars(text.data(), text.data() + text.size(), from);
    }
    const auto page = world_.settings.orders_per_page;
    CO_TRY(found, checked(co_await world_.state.orders_of(request.account->id, from, page + 1)));
    json::array urls;
    for (std::size_t i = 0; i < std::min(found.size(), page); ++i) {
        if (found[i].status != OrderStatus::invalid) {  // RFC 8555 7.1.2.1
            urls.push_back(json::string(request.url("/acme/order/", found[i].id)));
        }
    }
    auto reply = json_reply(200, {{"orders", std::move(urls)}});
    if (found.size() > page) {
        reply.headers.add("Link",
                          fmt::format("<{}?cursor={}>;rel=\"next\"",
                                      request.url("/acme/orders/", request.account->id), from + page));
    }
    co_return std::move(reply);
}

}  // namespace relay
