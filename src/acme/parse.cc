#include "acme/parse.h"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace acme {

namespace json = boost::json;

namespace {

constexpr std::string_view no_object = "the CA's answer is no JSON object";
constexpr std::size_t most_items = 1000;

// Not ACME at all: a page of something in between, or a CA that is out of order.
std::unexpected<base::Error> bad_answer(std::string_view why)
{
    return base::fail(base::Error(base::Errc::invalid, std::string(why)).with_code("acme:badAnswer"));
}

base::Result<json::object> parse_object(std::string_view body)
{
    boost::system::error_code error;
    auto value = json::parse(body, error);
    if (error || !value.is_object()) {
        return bad_answer(no_object);
    }
    return std::move(value.as_object());
}

std::string text(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* found = value != nullptr ? value->if_string() : nullptr;
    return found != nullptr ? std::string(*found) : std::string();
}

bool flag(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* found = value != nullptr ? value->if_bool() : nullptr;
    return found != nullptr && *found;
}

int number(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    const auto* found = value != nullptr ? value->if_int64() : nullptr;
    return found != nullptr && *found >= 0 && *found <= 999 ? static_cast<int>(*found) : 0;
}

const json::object* child(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr ? value->if_object() : nullptr;
}

std::vector<std::string> texts(const json::object& object, std::string_view name)
{
    std::vector<std::string> found;
    const auto* value = object.if_contains(name);
    const auto* list = value != nullptr ? value->if_array() : nullptr;
    for (std::size_t i = 0; list != nullptr && i < std::min(list->size(), most_items); ++i) {
        if (const auto* item = (*list)[i].if_string()) {
            found.emplace_back(*item);
        }
    }
    return found;
}

template <class T, class Read>
std::vector<T> objects(const json::object& object, std::string_view name, Read read)
{
    std::vector<T> found;
    const auto* value = object.if_contains(name);
    const auto* list = value != nullptr ? value->if_array() : nullptr;
    for (std::size_t i = 0; list != nullptr && i < std::min(list->size(), most_items); ++i) {
        if (const auto* item = (*list)[i].if_object()) {
            found.push_back(read(*item));
        }
    }
    return found;
}

Identifier to_identifier(const json::object& object)
{
    return {text(object, "type"), text(object, "value")};
}

Identifier identifier_of(const json::object& object)
{
    const auto* found = child(object, "identifier");
    return found != nullptr ? to_identifier(*found) : Identifier{};
}

std::string short_type(std::string type)
{
    for (const std::string_view prefix : {"urn:ietf:params:acme:error:", "urn:acme:error:"}) {
        if (type.starts_with(prefix)) {
            return type.substr(prefix.size());
        }
    }
    return type;
}

Problem::Sub to_subproblem(const json::object& object)
{
    return {identifier_of(object), short_type(text(object, "type")), text(object, "detail")};
}

Problem to_problem(const json::object& object)
{
    Problem problem;
    problem.type = short_type(text(object, "type"));
    problem.detail = text(object, "detail");
    if (problem.detail.empty()) {
        problem.detail = text(object, "title");
    }
    problem.status = number(object, "status");
    problem.instance = text(object, "instance");
    problem.subproblems = objects<Problem::Sub>(object, "subproblems", to_subproblem);
    return problem;
}

Problem problem_of(const json::object& object, std::string_view name)
{
    const auto* found = child(object, name);
    return found != nullptr ? to_problem(*found) : Problem{};
}

Challenge to_challenge(const json::object& object)
{
    return {text(object, "type"), text(object, "url"), text(object, "token"), text(object, "status"),
            problem_of(object, "error")};
}

}  // namespace

Problem parse_problem(std::string_view body)
{
    const auto object = parse_object(body);
    return object ? to_problem(*object) : Problem{};
}

base::Result<Directory> parse_directory(std::string_view body)
{
    TRY(object, parse_object(body));
    Directory directory;
    directory.new_nonce = text(object, "newNonce");
    directory.new_account = text(object, "newAccount");
    directory.new_order = text(object, "newOrder");
    directory.revoke_cert = text(object, "revokeCert");
    directory.key_change = text(object, "keyChange");
    directory.renewal_info = text(object, "renewalInfo");
    if (const auto* meta = child(object, "meta")) {
        directory.terms_of_service = text(*meta, "termsOfService");
        directory.website = text(*meta, "website");
        directory.caa_identities = texts(*meta, "caaIdentities");
        directory.external_account_required = flag(*meta, "externalAccountRequired");
        if (const auto* profiles = child(*meta, "profiles")) {
            for (const auto& [name, description] : *profiles) {
                directory.profiles[name] = text(*profiles, name);
            }
        }
    }
    if (directory.new_nonce.empty() || directory.new_account.empty() || directory.new_order.empty()) {
        return bad_answer("the answer is no ACME directory");
    }
    return directory;
}

base::Result<Account> parse_account(std::string_view body)
{
    TRY(object, parse_object(body));
    Account account;
    account.status = text(object, "status");
    account.orders_url = text(object, "orders");
    return account;
}

base::Result<OrderResource> parse_order(std::string_view body)
{
    TRY(object, parse_object(body));
    OrderResource order;
    order.status = text(object, "status");
    order.identifiers = objects<Identifier>(object, "identifiers", to_identifier);
    order.authorizations = texts(object, "authorizations");
    order.finalize = text(object, "finalize");
    order.certificate = text(object, "certificate");
    order.profile = text(object, "profile");
    order.replaces = text(object, "replaces");
    order.problem = problem_of(object, "error");
    if (order.status.empty()) {
        return bad_answer("the CA's order has no status");
    }
    return order;
}

base::Result<Authorization> parse_authorization(std::string_view body)
{
    TRY(object, parse_object(body));
    Authorization authorization;
    authorization.identifier = identifier_of(object);
    authorization.wildcard = flag(object, "wildcard");
    authorization.status = text(object, "status");
    authorization.challenges = objects<Challenge>(object, "challenges", to_challenge);
    if (authorization.status.empty()) {
        return bad_answer("the CA's authorization has no status");
    }
    return authorization;
}

base::Result<Challenge> parse_challenge(std::string_view body)
{
    TRY(object, parse_object(body));
    return to_challenge(object);
}

base::Result<RenewalInfo> parse_renewal_info(std::string_view body)
{
    TRY(object, parse_object(body));
    const auto* window = child(object, "suggestedWindow");
    if (window == nullptr) {
        return base::fail(base::Errc::invalid, "the CA's renewal information has no window");
    }
    TRY(start, base::parse_rfc3339(text(*window, "start")));
    TRY(end, base::parse_rfc3339(text(*window, "end")));
    if (end <= start) {
        return base::fail(base::Errc::invalid, "the CA's renewal window ends before it begins");
    }
    RenewalInfo renewal;
    renewal.start = start;
    renewal.end = end;
    renewal.explanation_url = text(object, "explanationURL");
    return renewal;
}

}  // namespace acme
