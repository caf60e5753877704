#include "relay/order_wish.h"

#include "base/ascii.h"
#include "model/domain_name.h"
#include "relay/fields.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace relay {

namespace {

namespace json = boost::json;

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// None, or what is wrong. `name` is in lower case.
Problem check_name(const std::string& name)
{
    const auto base = name.starts_with("*.") ? name.substr(2) : name;
    if (base.contains('*')) {
        return {400, "malformed", "A wildcard is one \"*\" as the first label"};
    }
    if (!std::ranges::all_of(base, is_host_character)) {
        return {400, "malformed",
                "Domain name contains an invalid character; internationalized names are written in "
                "their \"xn--\" form"};
    }
    if (!base.contains('.')) {
        return {400, "rejectedIdentifier", "Domain name needs at least one dot"};
    }
    const auto parsed = model::DomainName::parse(name);
    if (!parsed || parsed->text() != name) {
        return {400, "malformed", parsed ? "Domain name ends in a dot" : parsed.error().message()};
    }
    return {};
}

Problem check_address(const std::string& text)
{
    boost::system::error_code failure;
    const auto address = boost::asio::ip::make_address(text, failure);
    return failure || address.to_string() != text
               ? Problem(400, "malformed", "An IP identifier is an address in its canonical form")
               : Problem();
}

// Several refusals become subproblems of one.
Checked<> all_good(const std::vector<SubProblem>& problems, int status)
{
    if (problems.empty()) {
        return {};
    }
    Problem whole(status, problems.front().type, problems.front().detail);
    if (problems.size() > 1) {
        whole.detail = fmt::format(
            "Cannot issue for \"{}\": {} (and {} more problems. Refer to sub-problems for more "
            "information.)",
            problems.front().identifier.value, problems.front().detail, problems.size() - 1);
        whole.subproblems = problems;
    } else {
        whole.detail =
            fmt::format("Cannot issue for \"{}\": {}", problems.front().identifier.value, whole.detail);
    }
    return std::unexpected(std::move(whole));
}

Checked<Identifier> read_identifier(const json::value& value)
{
    if (!value.is_object()) {
        return malformed("An identifier is an object");
    }
    Fields fields(value.get_object());
    Identifier identifier{fields.text("type").value_or(""),
                          base::to_lower(fields.text("value").value_or(""))};
    if (identifier.type != "dns" && identifier.type != "ip") {
        return refuse(400, "unsupportedIdentifier",
                      fmt::format("Identifiers of type \"{}\" are not supported", identifier.type));
    }
    return identifier;
}

// "*.x" beside "y.x" (ca-facts 4.8).
Checked<> check_overlap(const std::vector<Identifier>& identifiers)
{
    for (const auto& each : identifiers) {
        const auto dot = each.value.find('.');
        const Identifier over{"dns", "*" + (dot == std::string::npos ? "" : each.value.substr(dot))};
        const bool covered = each.type == "dns" && !each.value.starts_with("*.") &&
                             std::ranges::find(identifiers, over) != identifiers.end();
        if (covered) {
            return malformed(
                fmt::format("Domain name \"{}\" is redundant with a wildcard domain in the same request. "
                            "Remove one or the other from the certificate request.",
                            each.value));
        }
    }
    return {};
}

Checked<std::vector<Identifier>> read_identifiers(const json::value* list)
{
    if (list == nullptr || !list->is_array() || list->get_array().empty()) {
        return malformed("NewOrder request did not specify any identifiers");
    }
    std::vector<Identifier> identifiers;
    std::vector<SubProblem> problems;
    for (const auto& value : list->get_array()) {
        TRY(identifier, read_identifier(value));
        const auto problem =
            identifier.type == "dns" ? check_name(identifier.value) : check_address(identifier.value);
        if (!problem.none()) {
            problems.push_back({identifier, problem.type, problem.detail});
        }
        if (std::ranges::find(identifiers, identifier) == identifiers.end()) {
            identifiers.push_back(std::move(identifier));
        }
    }
    CHECKED(all_good(problems, 400));
    CHECKED(check_overlap(identifiers));
    return std::move(identifiers);
}

Checked<std::string> read_profile(const std::optional<std::string>& wanted, const ServerSettings& settings)
{
    const auto name = wanted && !wanted->empty() ? *wanted : settings.default_profile;
    if (!settings.profiles.contains(name) && wanted) {
        std::vector<std::string> known;
        for (const auto& [each, profile] : settings.profiles) {
            known.push_back(each);
        }
        return refuse(400, "invalidProfile",
                      fmt::format("Order specified profile \"{}\"; profiles of this server are: {}", name,
                                  fmt::join(known, ", ")));
    }
    return name;
}

}  // namespace

Checked<OrderWish> read_order(const json::object& payload, const ServerSettings& settings)
{
    Fields fields(payload);
    const auto* list = fields.any("identifiers");
    const auto profile = fields.text("profile");
    OrderWish wish;
    wish.replaces = fields.text("replaces").value_or("");
    if (fields.any("notBefore") != nullptr || fields.any("notAfter") != nullptr) {
        return malformed("NotBefore and NotAfter are not supported");
    }
    if (const auto typed = fields.well_typed(); !typed) {
        return malformed(typed.error().message());
    }
    TRY(identifiers, read_identifiers(list));
    TRY(name, read_profile(profile, settings));
    const auto found = settings.profiles.find(name);
    const auto rules = found == settings.profiles.end() ? Profile() : found->second;
    if (identifiers.size() > rules.most_names) {
        return malformed(fmt::format("Order cannot contain more than {} identifiers", rules.most_names));
    }
    const bool has_address = std::ranges::find(identifiers, "ip", &Identifier::type) != identifiers.end();
    if (has_address && !rules.addresses) {
        return refuse(400, "rejectedIdentifier",
                      fmt::format("Profile \"{}\" does not permit IP address identifiers", name));
    }
    if (!wish.replaces.empty() && !settings.renewal_information) {
        return malformed("\"replaces\" is not supported");
    }
    wish.identifiers = std::move(identifiers);
    wish.profile = std::move(name);
    return wish;
}

}  // namespace relay
