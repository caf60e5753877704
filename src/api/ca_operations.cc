// /v1/ca-accounts
#include "api/field_reader.h"
#include "api/views.h"

#include <algorithm>

namespace api {

namespace {

constexpr std::size_t longest_text = 200;
constexpr std::int64_t most_places = 100;

bool usable_name(std::string_view name)
{
    return !name.empty() && name.size() <= 60 && name != "default" && !name.starts_with('-') &&
           !name.starts_with("ca_") &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") == std::string_view::npos;
}

// What both a new account and a change may say.
CaAccountChange read_change(FieldReader& reader)
{
    CaAccountChange change;
    change.make_default = reader.flag("default").value_or(false);
    if (const auto fallback = reader.number("fallback", 0, most_places)) {
        change.fallback = static_cast<int>(*fallback);
    }
    change.profile = reader.text("profile");
    change.preferred_chain = reader.text("preferred_chain");
    change.key_types = reader.choices("key_types", model::key_type_from);
    change.trusted = reader.flag("trusted");
    for (const auto& [name, text] :
         {std::pair("profile", &change.profile), std::pair("preferred_chain", &change.preferred_chain)}) {
        if (*text && (*text)->size() > longest_text) {
            reader.add_problem(name, "is too long");
        }
    }
    return change;
}

// An account with how its CA does, read at one moment.
struct Standing {
    model::CaAccount account;
    model::CaHealth health;
};

base::Result<Standing> standing_of(store::Transaction& tx, model::CaAccount account)
{
    Standing standing;
    TRY(health, tx.accounts.health(account.directory_url));
    standing.health = std::move(health);
    standing.account = std::move(account);
    return standing;
}

json::object shown(const Standing& standing)
{
    auto made = view(standing.account);
    made["ca"] = view(standing.health);
    return made;
}

base::Task<Answer> answer_with(Parts parts, int status, std::string id)
{
    auto read = [id](store::Transaction& tx) -> base::Result<Standing> {
        TRY(account, tx.accounts.get(id));
        return standing_of(tx, std::move(account));
    };
    CO_TRY(standing, co_await parts.store.read(std::move(read)));
    co_return Answer(status, shown(standing));
}

base::Task<Answer> create(Parts parts, Call call)
{
    FieldReader reader(call.body);
    NewCaAccount wanted;
    wanted.directory = reader.required_text("directory_url");
    wanted.name = reader.required_text("name");
    wanted.contacts = reader.texts("contacts").value_or(std::vector<std::string>());
    wanted.eab_kid = reader.text("eab_kid").value_or("");
    wanted.eab_key = reader.text("eab_key").value_or("");
    wanted.settings = read_change(reader);
    if (!wanted.name.empty() && !usable_name(wanted.name)) {
        reader.add_problem("name",
                           "has up to 60 lower-case letters, digits, dots, hyphens and underscores, and is "
                           "not 'default'");
    }
    if (wanted.directory.size() > 2000) {
        reader.add_problem("directory_url", "is too long");
    }
    if (wanted.directory.starts_with("http://")) {
        reader.add_problem("directory_url", "must begin with https://");
    }
    if (wanted.eab_kid.empty() != wanted.eab_key.empty()) {
        reader.add_problem("eab_kid", "comes together with eab_key");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(account, co_await parts.ca_registry.add(std::move(wanted)));
    co_return Answer(201, view(account));
}

base::Task<Answer> list(Parts parts, Call)
{
    auto read = [](store::Transaction& tx) -> base::Result<std::vector<Standing>> {
        TRY(accounts, tx.accounts.list());
        std::vector<Standing> all;
        for (auto& each : accounts) {
            TRY(standing, standing_of(tx, std::move(each)));
            all.push_back(std::move(standing));
        }
        return all;
    };
    CO_TRY(all, co_await parts.store.read(read));
    json::array items;
    for (const auto& each : all) {
        items.push_back(shown(each));
    }
    co_return Answer(200, json::object{{"items", std::move(items)}, {"next", nullptr}});
}

base::Task<Answer> show(Parts parts, Call call)
{
    CO_TRY(account, co_await parts.ca_registry.find(call.parameter("account")));
    const auto now = parts.clock.now();
    auto count = [now](store::Transaction& tx) { return tx.certificates.count_only_untrusted(now); };
    CO_TRY(waiting, co_await parts.store.read(std::move(count)));
    CO_TRY(answer, co_await answer_with(parts, 200, account.id));
    answer.body.as_object()["only_untrusted"] = waiting;
    co_return std::move(answer);
}

base::Task<Answer> change(Parts parts, Call call)
{
    FieldReader reader(call.body);
    auto wanted = read_change(reader);
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    CO_TRY(account, co_await parts.ca_registry.change(call.parameter("account"), std::move(wanted)));
    co_return co_await answer_with(parts, 200, account.id);
}

base::Task<Answer> register_again(Parts parts, Call call)
{
    CO_TRY(account, co_await parts.ca_registry.register_again(call.parameter("account")));
    co_return co_await answer_with(parts, 200, account.id);
}

base::Task<Answer> rotate_key(Parts parts, Call call)
{
    CO_TRY(account, co_await parts.ca_registry.rotate_key(call.parameter("account")));
    co_return co_await answer_with(parts, 202, account.id);
}

base::Task<Answer> deactivate(Parts parts, Call call)
{
    CO_TRY(account, co_await parts.ca_registry.deactivate(call.parameter("account")));
    co_return co_await answer_with(parts, 200, account.id);
}

base::Task<Answer> promote(Parts parts, Call call)
{
    CO_TRY(promoted, co_await parts.ca_registry.promote(call.parameter("account")));
    CO_TRY(answer, co_await answer_with(parts, 202, promoted.account.id));
    auto& body = answer.body.as_object();
    body["queued"] = promoted.queued;
    body["only_untrusted"] = promoted.only_untrusted;
    co_return std::move(answer);
}

}  // namespace

std::vector<Operation> ca_operations()
{
    return {
        {"POST", "/v1/ca-accounts", Scope::admin, true, create},
        {"GET", "/v1/ca-accounts", Scope::read, true, list},
        {"GET", "/v1/ca-accounts/{account}", Scope::read, true, show},
        {"PATCH", "/v1/ca-accounts/{account}", Scope::admin, true, change},
        {"POST", "/v1/ca-accounts/{account}/register", Scope::admin, true, register_again},
        {"POST", "/v1/ca-accounts/{account}/rotate-key", Scope::admin, true, rotate_key},
        {"POST", "/v1/ca-accounts/{account}/promote", Scope::admin, true, promote},
        {"POST", "/v1/ca-accounts/{account}/deactivate", Scope::admin, true, deactivate},
    };
}

}  // namespace api
