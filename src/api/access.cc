#include "api/call.h"
#include "api/session_access.h"
#include "base/ascii.h"
#include "base/bytes.h"
#include "base/random.h"
#include "crypto/digest.h"

#include <algorithm>

namespace api {

namespace {

Scope scope_of(const model::Token& token)
{
    Scope best = Scope::none;
    for (const auto& each : token.scopes) {
        const auto one = each == "admin"   ? Scope::admin
                         : each == "write" ? Scope::write
                         : each == "read"  ? Scope::read
                                           : Scope::none;
        best = std::max(best, one);
    }
    return best;
}

std::string_view word(Scope scope)
{
    return scope == Scope::admin ? "admin" : scope == Scope::write ? "write" : "read";
}

base::Error unauthenticated(std::string code, std::string message)
{
    return base::Error(base::Errc::unauthorized, std::move(message))
        .with_code(std::move(code))
        .with_fix(
            "Send a token: Authorization: Bearer <token>; the operator's is in operator.token in the data "
            "folder.");
}

}  // namespace

std::string hash_secret(std::string_view secret)
{
    return base::to_hex(crypto::sha256(base::as_bytes(secret)));
}

MintedToken mint_token(std::string name, std::string tenant, std::vector<std::string> scopes, base::Time now)
{
    MintedToken made;
    made.secret = base::random_secret();
    made.row.id = base::new_id("tok");
    made.row.tenant = std::move(tenant);
    made.row.name = std::move(name);
    made.row.secret_hash = hash_secret(made.secret);
    made.row.scopes = std::move(scopes);
    made.row.created_at = now;
    return made;
}

Access access_of(const model::Token& token)
{
    Access access;
    access.caller.tenant = token.tenant;
    access.token = token.id;
    access.token_name = token.name;
    access.scope = scope_of(token);
    access.ends_at = token.expires_at;
    return access;
}

base::Task<Access> authenticate(Parts parts, const http::RequestHead& request)
{
    const auto authorization = request.headers.find("Authorization");
    auto secret = authorization ? std::string() : session_secret(request);
    if (secret.empty()) {
        return authenticate_bearer(parts, std::string(authorization.value_or("")));
    }
    const bool safe = request.method == "GET" || request.method == "HEAD";
    return authenticate_session(parts, std::move(secret), safe || browser_of(request).ours);
}

base::Task<Access> authenticate_bearer(Parts parts, std::string authorization)
{
    constexpr std::string_view scheme = "bearer ";
    if (base::to_lower(authorization.substr(0, scheme.size())) != scheme) {
        co_return base::fail(unauthenticated("token_missing", "this needs a bearer token"));
    }
    const auto hash = hash_secret(std::string_view(authorization).substr(scheme.size()));
    const auto now = parts.clock.now();
    auto find = [hash, now](store::Transaction& tx) { return tx.tokens.find(hash, now); };
    auto token = co_await parts.store.read(std::move(find));
    if (!token && token.error().kind() == base::Errc::not_found) {
        co_return base::fail(unauthenticated("token_invalid", "the token is unknown, expired or revoked"));
    }
    if (!token) {
        co_return base::fail(std::move(token).error());
    }
    co_return access_of(*token);
}

base::Result<> authorize(const Access& access, const Operation& operation)
{
    if (access.scope < operation.scope) {
        return base::fail(
            base::Error(base::Errc::unauthorized,
                        fmt::format("this needs a token with the scope '{}'", word(operation.scope)))
                .with_code("scope_missing")
                .with_fix(
                    fmt::format("Use a token that has it, or ask for one: certwright token create --scope {}",
                                word(operation.scope))));
    }
    if (operation.operator_only && !access.caller.is_operator()) {
        return base::fail(
            base::Error(base::Errc::unauthorized, "this concerns all tenants")
                .with_code("operator_required")
                .with_fix("Use the operator's token: it is in operator.token in the data folder of the "
                          "control node."));
    }
    return {};
}

}  // namespace api
