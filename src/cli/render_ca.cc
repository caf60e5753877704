// CA accounts as people read them.
#include "cli/render.h"

#include <fmt/format.h>

namespace cli {

namespace {

std::string role_of(const json::object& account)
{
    if (flag(account, "default")) {
        return "default";
    }
    const auto place = number(account, "fallback");
    return place > 0 ? fmt::format("fallback {}", place) : "on request";
}

std::string account_state(const json::object& account, const Paint& paint)
{
    if (flag(account, "deactivated")) {
        return paint.bad("deactivated");
    }
    if (const auto code = text(object(account, "problem"), "code"); !code.empty()) {
        return paint.bad(code);
    }
    if (text(account, "account_url").empty()) {
        return paint.warn("not registered yet");
    }
    const auto rotation = text(account, "key_rotation");
    return rotation.empty() || rotation == "none" ? paint.good("registered") : paint.warn("key: " + rotation);
}

std::string ca_state(const json::object& account, const Paint& paint, base::Time now)
{
    const auto& ca = object(account, "ca");
    const auto state = text(ca, "state");
    const auto limited = time(ca, "limited_until");
    if (state == "failing") {
        return paint.bad("failing") +
               fmt::format(", asked again {}", relative(time(ca, "next_probe_at").value_or(now), now));
    }
    if (state == "probing") {
        return paint.warn("being tried again");
    }
    return limited && *limited > now ? paint.warn("limited until " + date(limited, now))
                                     : paint.good("healthy");
}

std::string or_otherwise(const std::string& value, std::string_view otherwise)
{
    return value.empty() ? std::string(otherwise) : harmless(value);
}

}  // namespace

std::string account_list_text(const json::object& page, const Paint& paint, base::Time now)
{
    Table table({"NAME", "USED", "TRUSTED", "ACCOUNT", "CA", "DIRECTORY"});
    for (const auto& each : objects(page, "items")) {
        table.add({harmless(text(each, "name")), role_of(each),
                   flag(each, "trusted") ? "yes" : paint.warn("no"), account_state(each, paint),
                   ca_state(each, paint, now), text(each, "directory_url")});
    }
    return table.empty() ? "No CA accounts.\n" : table.text(paint);
}

std::string account_text(const json::object& account, const Paint& paint, base::Time now)
{
    auto made =
        fmt::format("{} {}\n", paint.bold(harmless(text(account, "name"))), paint.dim(text(account, "id")));
    made += labelled(paint, "directory", text(account, "directory_url"));
    made += labelled(paint, "account", or_otherwise(text(account, "account_url"), "not registered yet"));
    made += labelled(paint, "state", account_state(account, paint));
    made += labelled(paint, "CA", ca_state(account, paint, now));
    made += labelled(paint, "used", role_of(account));
    made += labelled(
        paint, "trusted",
        flag(account, "trusted") ? "yes" : "no: its certificates serve only where nothing trusted does");
    made += labelled(paint, "profile", or_otherwise(text(account, "profile"), "the CA's default"));
    made += labelled(paint, "offers", or_otherwise(joined(texts(account, "profiles")), "no profiles"));
    made += labelled(paint, "chain", or_otherwise(text(account, "preferred_chain"), "the CA's default"));
    made += labelled(paint, "key types", or_otherwise(joined(texts(account, "key_types")), "all"));
    made +=
        labelled(paint, "in CAA", or_otherwise(joined(texts(account, "caa_identities")), "not known yet"));
    made += labelled(paint, "thumbprint", text(account, "thumbprint"));
    if (const auto waiting = number(account, "only_untrusted"); waiting > 0) {
        made +=
            labelled(paint, "staging", fmt::format("{} certificates here are of staging CAs alone", waiting));
    }
    made += problem_text(object(account, "problem"), paint);
    return made + problem_text(object(object(account, "ca"), "problem"), paint);
}

std::string caa_text(const json::object& endpoint, const Paint& paint)
{
    const auto records = texts(endpoint, "caa_records");
    std::string made;
    for (const auto& each : records) {
        made += labelled(paint, made.empty() ? "CAA" : "",
                         harmless(each) + (made.empty() ? "  (only if the domain has CAA records)" : ""));
    }
    const auto policy = joined(texts(endpoint, "ca_policy"));
    return policy.empty() ? made : labelled(paint, "CAs", policy) + made;
}

}  // namespace cli
