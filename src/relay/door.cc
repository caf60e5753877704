#include "relay/door.h"

#include <fmt/format.h>

#include <algorithm>

namespace relay {

namespace {

constexpr std::string_view algorithms[] = {"RS256", "ES256", "ES384", "ES512"};
constexpr std::string_view accounts = "/acme/acct/";

Checked<> check_algorithm(const Jws& jws)
{
    if (std::ranges::find(algorithms, std::string_view(jws.algorithm)) != std::end(algorithms)) {
        return {};
    }
    Problem problem(400, "badSignatureAlgorithm",
                    fmt::format("JWS signature header contains unsupported algorithm \"{}\"", jws.algorithm));
    problem.algorithms.assign(std::begin(algorithms), std::end(algorithms));
    return std::unexpected(std::move(problem));
}

Checked<Jws> read_jws(const Call& call)
{
    const auto type = call.headers.find("Content-Type");
    if (!type || *type != "application/jose+json") {
        return refuse(415, "malformed", "The Content-Type of a request is application/jose+json");
    }
    auto jws = parse_jws(call.body);
    if (!jws) {
        return malformed("Parse error reading JWS: " + jws.error().message());
    }
    CHECKED(check_algorithm(*jws));
    if (jws->url != call.url()) {
        return unauthorized(fmt::format("JWS header parameter 'url' incorrect. Expected \"{}\" got \"{}\"",
                                        call.url(), jws->url));
    }
    return std::move(*jws);
}

// newAccount is signed by the key itself, revokeCert by either, everything else by an account.
Checked<> check_kind_of_key(const Jws& jws, Step step)
{
    const bool by_account = !jws.key_id.empty();
    if (step == Step::new_account && by_account) {
        return malformed("newAccount is signed with \"jwk\", not \"kid\"");
    }
    if (step != Step::new_account && step != Step::revoke && !by_account) {
        return malformed("No Key ID in JWS header");
    }
    return {};
}

}  // namespace

Checked<crypto::PublicKey> read_key(const std::string& jwk)
{
    auto key = crypto::PublicKey::from_jwk(jwk);
    if (!key) {
        return refuse(400, "badPublicKey", key.error().message());
    }
    return std::move(*key);
}

Checked<> check_signature(const Jws& jws, const crypto::PublicKey& key)
{
    CHECKED(check_algorithm(jws));
    if (jws.algorithm != key.jws_algorithm()) {
        return refuse(
            400, "badSignatureAlgorithm",
            fmt::format("The key signs with {}, and the header says {}", key.jws_algorithm(), jws.algorithm));
    }
    if (!key.verify_jws(base::as_bytes(jws.signing_input), jws.signature)) {
        return malformed("JWS verification error");
    }
    return {};
}

Checked<> Door::check_nonce(const Jws& jws)
{
    if (jws.nonce.empty()) {
        return refuse(400, "badNonce", "JWS has no anti-replay nonce");
    }
    if (!nonces_.take(jws.nonce) || Faults::chance(world_.faults.behaviour.bad_nonce_percent)) {
        return refuse(400, "badNonce",
                      fmt::format("JWS has an invalid anti-replay nonce: \"{}\"", jws.nonce));
    }
    return {};
}

boost::asio::awaitable<Checked<Account>> Door::account_of(std::string key_id, std::string base_url)
{
    const auto prefix = base_url + std::string(accounts);
    if (!key_id.starts_with(prefix)) {
        co_return malformed("KeyID header contained an invalid account URL: " + key_id);
    }
    auto found = co_await world_.state.account(key_id.substr(prefix.size()));
    if (!found && found.error().kind() == base::Errc::not_found) {
        co_return refuse(400, "accountDoesNotExist", "Account \"" + key_id + "\" not found");
    }
    CO_TRY(account, checked(std::move(found)));
    if (account.status != AccountStatus::valid) {
        co_return unauthorized(
            fmt::format("Account is not valid, has status \"{}\"", status_text(account.status)));
    }
    co_return std::move(account);
}

boost::asio::awaitable<Checked<Request>> Door::check(Call call, Place place)
{
    CO_TRY(jws, read_jws(call));
    CO_CHECKED(check_nonce(jws));
    CO_CHECKED(check_kind_of_key(jws, place.step));
    Request request;
    if (!jws.key_id.empty()) {
        CO_TRY(account, co_await account_of(jws.key_id, call.base_url));
        request.account = std::move(account);
    }
    CO_TRY(key, read_key(request.account ? request.account->jwk : *jws.jwk));
    CO_CHECKED(check_signature(jws, key));
    if (!request.account) {
        request.key = std::move(key);
    }
    request.payload = std::move(jws.payload);
    request.call = std::move(call);
    request.place = std::move(place);
    co_return std::move(request);
}

}  // namespace relay
