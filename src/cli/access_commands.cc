// certwright token ..., certwright tenant ...
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/render.h"
#include "http/uri.h"

#include <fmt/format.h>

namespace cli {

namespace {

struct NewToken {
    std::string name;
    std::string tenant;
    std::vector<std::string> scopes;
    std::int64_t days = 0;
};

void create_token(Console& console, const NewToken& wanted)
{
    json::object body;
    if (!wanted.name.empty()) {
        body["name"] = wanted.name;
    }
    if (!wanted.tenant.empty()) {
        body["tenant"] = wanted.tenant;
    }
    if (!wanted.scopes.empty()) {
        json::array scopes;
        for (const auto& each : wanted.scopes) {
            scopes.emplace_back(each);
        }
        body["scopes"] = std::move(scopes);
    }
    if (wanted.days > 0) {
        body["expires_at"] = base::to_rfc3339(console.now() + std::chrono::hours(24 * wanted.days));
    }
    const auto reply = console.call("POST", "/v1/tokens", body);
    if (!reply || console.print_json(reply->body)) {
        return;
    }
    // The secret alone on standard output, so that TOKEN=$(certwright token create) works.
    console.out() << text(reply->object(), "token") << "\n";
    console.err() << fmt::format("{} with the scopes {}. It is shown only now.\n",
                                 text(reply->object(), "id"), joined(texts(reply->object(), "scopes")));
}

void add_token_commands(CLI::App& app, Console& console)
{
    auto& noun = add_noun(app, "token", "Who may use the API");
    auto wanted = std::make_shared<NewToken>();
    auto& create = add_verb(noun, "create", "Make a token; its secret is printed once",
                            "certwright token create --name ci --tenant acme --scope write --days 90\n"
                            "certwright token create --scope edge:default");
    create.add_option("--name", wanted->name, "What it is for")->type_name("TEXT");
    create.add_option("--tenant", wanted->tenant, "Whose it is; without it the operator's, for all tenants")
        ->type_name("ID");
    create
        .add_option("--scope", wanted->scopes, "read (default), write, admin, or edge:GROUP; may be repeated")
        ->allow_extra_args(false);
    create.add_option("--days", wanted->days, "It expires after so many days")
        ->check(CLI::Range(1, 3650).description(""))
        ->type_name("DAYS");
    create.callback([wanted, &console] { create_token(console, *wanted); });

    auto& list = add_verb(noun, "list", "List tokens, without their secrets", "certwright token list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/tokens");
        if (reply && !console.print_json(reply->body)) {
            console.out() << token_list_text(reply->object(), console.paint(), console.now());
        }
    });

    auto id = std::make_shared<std::string>();
    auto& revoke = add_verb(noun, "revoke", "End a token at once", "certwright token revoke tok_abc");
    revoke.add_option("ID", *id, "The token's id, from token list")->required();
    revoke.callback([id, &console] {
        if (console.call("DELETE", "/v1/tokens/" + http::percent_encode(*id)) && !console.globals.json) {
            console.out() << fmt::format("{} was revoked.\n", *id);
        }
    });
}

void add_tenant_commands(CLI::App& app, Console& console)
{
    struct NewTenant {
        std::string id;
        std::string name;
    };
    auto& noun = add_noun(app, "tenant", "Customers that are kept apart");
    auto wanted = std::make_shared<NewTenant>();
    auto& add = add_verb(noun, "add", "Add a tenant", "certwright tenant add acme --name 'Acme Ltd'");
    add.add_option("ID", wanted->id, "Lower-case letters, digits, hyphens")->required();
    add.add_option("--name", wanted->name, "What people call it")->type_name("TEXT");
    add.callback([wanted, &console] {
        json::object body{{"id", wanted->id}};
        if (!wanted->name.empty()) {
            body["name"] = wanted->name;
        }
        const auto reply = console.call("POST", "/v1/tenants", body);
        if (reply && !console.print_json(reply->body)) {
            console.out() << fmt::format(
                "{} is here. Make it a token: certwright token create --tenant {} --scope write\n",
                wanted->id, wanted->id);
        }
    });
    auto& list = add_verb(noun, "list", "List tenants", "certwright tenant list");
    list.callback([&console] {
        const auto reply = console.call("GET", "/v1/tenants");
        if (reply && !console.print_json(reply->body)) {
            console.out() << tenant_list_text(reply->object(), console.paint());
        }
    });
}

}  // namespace

void add_access_commands(CLI::App& app, Console& console)
{
    add_token_commands(app, console);
    add_tenant_commands(app, console);
}

}  // namespace cli
