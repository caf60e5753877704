// CAA records as a CA reads them (RFC 8659, RFC 8657).
#include "base/ascii.h"
#include "http/syntax.h"
#include "relay/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace relay {

namespace {

using boost::asio::awaitable;

struct CaaRecord {
    int flags = 0;
    std::string tag;    // lower case
    std::string value;  // without quotes
};

// From the presentation form: 0 issue "ca.example; x=y".
CaaRecord read_record(const std::string& text)
{
    CaaRecord record;
    const auto first = text.find(' ');
    const auto second = text.find(' ', first == std::string::npos ? text.size() : first + 1);
    if (second == std::string::npos) {
        return record;
    }
    std::from_chars(text.data(), text.data() + first, record.flags);
    record.tag = base::to_lower(text.substr(first + 1, second - first - 1));
    record.value = text.substr(second + 1);
    if (record.value.size() >= 2 && record.value.starts_with('"') && record.value.ends_with('"')) {
        record.value = record.value.substr(1, record.value.size() - 2);
    }
    return record;
}

bool contains_method(std::string_view list, std::string_view method)
{
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (http::trim(list.substr(0, comma)) == method) {
            return true;
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

// One issue or issuewild value: names us, and its parameters hold.
bool allows(std::string_view value, const std::vector<std::string>& identities,
            const ValidationRequest& request)
{
    auto semicolon = std::min(value.find(';'), value.size());
    const auto domain = base::to_lower(http::trim(value.substr(0, semicolon)));
    bool good = std::ranges::find(identities, domain) != identities.end();
    while (good && semicolon < value.size()) {
        value.remove_prefix(semicolon + 1);
        semicolon = std::min(value.find(';'), value.size());
        const auto parameter = http::trim(value.substr(0, semicolon));
        const auto equals = parameter.find('=');
        if (parameter.empty()) {
            continue;
        }
        if (equals == std::string_view::npos) {
            return false;  // malformed: better nobody than anybody
        }
        const auto name = base::to_lower(http::trim(parameter.substr(0, equals)));
        const auto wanted = http::trim(parameter.substr(equals + 1));
        good = (name != "validationmethods" || contains_method(wanted, request.challenge)) &&
               (name != "accounturi" || wanted == request.account_url);
    }
    return good;
}

Problem judge(const std::vector<std::string>& records, const std::string& at,
              const std::vector<std::string>& identities, const ValidationRequest& request)
{
    const auto& name = request.identifier.value;
    const Problem refused(403, "caa", fmt::format("CAA record for {} prevents issuance", at));
    std::vector<std::string> issue;
    std::vector<std::string> wild;
    for (const auto& text : records) {
        const auto record = read_record(text);
        const bool known = record.tag == "issue" || record.tag == "issuewild" || record.tag == "iodef" ||
                           record.tag == "contactemail" || record.tag == "contactphone" ||
                           record.tag == "issuemail" || record.tag == "issuevmc";
        if (!known && (record.flags & 129) != 0) {  // critical; 1 is what some write by mistake for it
            return {403, "caa",
                    fmt::format("CAA record for {} has an unknown critical tag, looking for {}", at, name)};
        }
        if (record.tag == "issue") {
            issue.push_back(record.value);
        } else if (record.tag == "issuewild") {
            wild.push_back(record.value);
        }
    }
    const auto& relevant = request.wildcard && !wild.empty() ? wild : issue;
    const bool open = relevant.empty();
    return open || std::ranges::any_of(relevant,
                                       [&](const auto& value) { return allows(value, identities, request); })
               ? Problem()
               : refused;
}

}  // namespace

// Climbs from the name to its top-level domain; the first record set decides.
awaitable<Problem> check_caa_records(dns::Resolver& resolver, const std::vector<std::string>& identities,
                                     const ValidationRequest& request)
{
    std::string at = request.identifier.type == "dns" ? request.identifier.value : "";
    while (!at.empty()) {
        const auto lookup = co_await resolver.lookup(at, dns::RecordType::caa);
        const bool absent = lookup && !lookup->bogus && lookup->rcode == dns::Rcode::nxdomain;
        auto problem = absent ? Problem() : dns_problem(lookup, dns::RecordType::caa, at);
        if (!problem.none()) {
            problem.type = "caa";
            problem.detail =
                fmt::format("While processing CAA for {}: {}", request.identifier.value, problem.detail);
            co_return problem;
        }
        if (lookup && !lookup->records.empty()) {
            co_return judge(lookup->records, at, identities, request);
        }
        const auto dot = at.find('.');
        at = dot == std::string::npos ? "" : at.substr(dot + 1);
    }
    co_return Problem();
}

}  // namespace relay
