// /v1/tokens, /v1/tenants
#include "api/field_reader.h"
#include "api/views.h"
#include "base/random.h"
#include "endpoints/lookup.h"

#include <algorithm>

namespace api {

namespace {

constexpr std::size_t longest_name = 100;

bool known_scope(std::string_view scope)
{
    return scope == "read" || scope == "write" || scope == "admin" ||
           (scope.starts_with("edge:") && scope.size() > 5 && scope.size() < 70);
}

// A tenant's token makes tokens of that tenant only; edges serve every tenant, so their tokens are the
// operator's.
base::Result<> check_token(const Access& access, const model::Token& wanted)
{
    const auto invalid = [](std::string message) {
        return base::fail(base::Error(base::Errc::invalid, std::move(message))
                              .with_code("scopes_invalid")
                              .with_fix("Use read, write or admin, or edge:<group> alone."));
    };
    if (wanted.scopes.empty() || !std::ranges::all_of(wanted.scopes, known_scope)) {
        return invalid("a token has at least one scope: read, write, admin or edge:<group>");
    }
    const bool edge = std::ranges::any_of(
        wanted.scopes, [](const std::string& scope) { return scope.starts_with("edge:"); });
    if (edge && (wanted.scopes.size() > 1 || !wanted.tenant.empty() || !access.caller.is_operator())) {
        return invalid(
            "an edge's token has no other scope, belongs to no tenant, and is made by the operator");
    }
    return access.caller.may_see(wanted.tenant) ? base::Result<>() : base::fail(endpoints::foreign_tenant());
}

// An edge's token is for a group that is there, as the first one always is.
base::Result<> check_group(store::Transaction& tx, const model::Token& token)
{
    constexpr std::string_view prefix = "edge:";
    const auto& scope = token.scopes.front();
    if (scope.starts_with(prefix) && scope.substr(prefix.size()) != model::own_group) {
        CHECKED(endpoints::find_group(tx, scope.substr(prefix.size())));
    }
    return {};
}

base::Task<Answer> create_token(Parts parts, Call call)
{
    FieldReader reader(call.body);
    const auto name = reader.text("name").value_or("");
    auto tenant = reader.text("tenant").value_or(call.access.caller.tenant);
    auto scopes = reader.texts("scopes").value_or(std::vector<std::string>{"read"});
    const auto expires_at = reader.time("expires_at");
    if (name.size() > longest_name) {
        reader.add_problem("name", "is longer than 100 characters");
    }
    if (expires_at && *expires_at <= parts.clock.now()) {
        reader.add_problem("expires_at", "is in the past");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    auto minted = mint_token(name, std::move(tenant), std::move(scopes), parts.clock.now());
    minted.row.expires_at = expires_at;
    CO_CHECKED(check_token(call.access, minted.row));
    auto put = [row = minted.row](store::Transaction& tx) -> base::Result<> {
        if (!row.tenant.empty()) {
            TRY(tenant, endpoints::find_tenant(tx, row.tenant));
        }
        CHECKED(check_group(tx, row));
        return tx.tokens.put(row);
    };
    CO_CHECKED(co_await parts.store.write(std::move(put)));
    auto body = view(minted.row);
    body["token"] = minted.secret;
    co_return Answer(201, std::move(body));
}

base::Task<Answer> list_tokens(Parts parts, Call call)
{
    auto read = [tenant = call.access.caller.tenant](store::Transaction& tx) {
        return tx.tokens.list(tenant);
    };
    CO_TRY(tokens, co_await parts.store.read(std::move(read)));
    co_return Answer(200, page(tokens, ""));
}

base::Task<Answer> revoke_token(Parts parts, Call call)
{
    const auto now = parts.clock.now();
    auto write = [caller = call.access.caller, id = call.parameter("token"),
                  now](store::Transaction& tx) -> base::Result<> {
        TRY(tokens, tx.tokens.list(caller.tenant));
        if (std::ranges::find(tokens, id, &model::Token::id) == tokens.end()) {
            return base::fail(
                base::Error(base::Errc::not_found, fmt::format("there is no token '{}'", id.substr(0, 60)))
                    .with_code("token_not_found")
                    .with_fix("See what exists with: certwright token list"));
        }
        return tx.tokens.revoke(id, now);
    };
    CO_CHECKED(co_await parts.store.write(std::move(write)));
    co_return Answer(204, nullptr);
}

bool plain_identifier(std::string_view text)
{
    return !text.empty() && text.size() <= 40 && text.front() != '-' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

base::Task<Answer> create_tenant(Parts parts, Call call)
{
    FieldReader reader(call.body);
    model::Tenant tenant;
    tenant.id = reader.required_text("id");
    tenant.name = reader.text("name").value_or(tenant.id);
    tenant.created_at = parts.clock.now();
    if (!tenant.id.empty() && !plain_identifier(tenant.id)) {
        reader.add_problem("id", "must be up to 40 lower-case letters, digits and hyphens");
    }
    if (tenant.name.size() > longest_name) {
        reader.add_problem("name", "is longer than 100 characters");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    auto put = [tenant](store::Transaction& tx) -> base::Result<model::Tenant> {
        if (const auto existing = tx.tenants.get(tenant.id)) {
            if (existing->name == tenant.name) {
                return *existing;
            }
            return base::fail(base::Error(base::Errc::conflict,
                                          fmt::format("the tenant '{}' exists with another name", tenant.id))
                                  .with_code("tenant_exists")
                                  .with_fix("Use it as it is, or choose another id."));
        }
        CHECKED(tx.tenants.put(tenant));
        return tenant;
    };
    CO_TRY(stored, co_await parts.store.write(std::move(put)));
    co_return Answer(201, view(stored));
}

base::Task<Answer> list_tenants(Parts parts, Call)
{
    auto read = [](store::Transaction& tx) { return tx.tenants.list(); };
    CO_TRY(tenants, co_await parts.store.read(std::move(read)));
    co_return Answer(200, page(tenants, ""));
}

}  // namespace

std::vector<Operation> account_operations()
{
    return {
        {"POST", "/v1/tokens", Scope::admin, false, create_token},
        {"GET", "/v1/tokens", Scope::admin, false, list_tokens},
        {"DELETE", "/v1/tokens/{token}", Scope::admin, false, revoke_token},
        {"POST", "/v1/tenants", Scope::admin, true, create_tenant},
        {"GET", "/v1/tenants", Scope::read, true, list_tenants},
    };
}

}  // namespace api
