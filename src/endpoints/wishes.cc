#include "endpoints/wishes.h"

#include "base/log.h"
#include "endpoints/name_rules.h"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace endpoints {

namespace {

using model::WishAnswer;
using std::chrono::seconds;

// What may become right by itself soon is forgotten soon.
constexpr seconds until_dns_changes{60};
constexpr seconds until_people_act{300};
constexpr seconds until_it_is_quieter{5};

WishAnswer refusal(std::string code, std::string message, seconds keep)
{
    WishAnswer answer;
    answer.code = std::move(code);
    answer.message = std::move(message);
    answer.keep = keep;
    return answer;
}

WishAnswer refusal(const base::Error& error, seconds keep)
{
    return refusal(error.code(), error.message(), keep);
}

// A rule of ours is a refusal; a store that fails is not.
base::Result<WishAnswer> refused_by(const base::Error& error)
{
    const bool rule = error.kind() == base::Errc::invalid || error.kind() == base::Errc::conflict ||
                      error.kind() == base::Errc::unauthorized;
    return rule ? base::Result<WishAnswer>(refusal(error, until_people_act)) : base::fail(error);
}

WishAnswer granted()
{
    WishAnswer answer;
    answer.granted = true;
    return answer;
}

std::string canonical(const std::string& text)
{
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(text, error);
    return error ? text : address.to_string();
}

// Why one answer of DNS speaks against the name.
std::optional<WishAnswer> against(const base::Result<dns::Lookup>& seen, const model::DomainName& name,
                                  const std::vector<std::string>& pool)
{
    if (!seen || seen->bogus || seen->rcode == dns::Rcode::servfail) {
        return refusal("dns_lookup_failed", fmt::format("The DNS of {} does not answer.", name.display()),
                       until_it_is_quieter);
    }
    if (seen->rcode == dns::Rcode::nxdomain) {
        return refusal("dns_not_found", fmt::format("{} does not exist in DNS.", name.display()),
                       until_dns_changes);
    }
    if (!seen->canonical_name.empty() && seen->canonical_name != name.text()) {
        return refusal("dns_wrong_target",
                       fmt::format("{} is an alias of {}; a pool takes A and AAAA records alone.",
                                   name.display(), seen->canonical_name),
                       until_dns_changes);
    }
    for (const auto& each : seen->records) {
        if (std::ranges::find(pool, canonical(each)) == pool.end()) {
            return refusal(
                "dns_wrong_target",
                fmt::format("{} also leads to {}, which is not of the pool.", name.display(), each),
                until_dns_changes);
        }
    }
    return std::nullopt;
}

}  // namespace

Wishes::Wishes(store::Store& store, Service& service, dns::Resolver& resolver, WishOptions options)
    : store_(store), service_(service), resolver_(resolver), options_(options), guard_(options.flood)
{
}

base::Task<WishAnswer> Wishes::grant(std::string group, model::Wish wish)
{
    const auto now = std::chrono::steady_clock::now();
    auto name = model::DomainName::parse(wish.name);
    if (!name) {
        co_return refusal(name.error(), until_people_act);
    }
    const std::string subject = group + "/" + name->text();
    if (const auto* known = guard_.remembered(subject, now)) {
        auto answer = *known;
        answer.keep = std::chrono::ceil<std::chrono::seconds>(guard_.remembered_until(subject) - now);
        co_return answer;
    }
    if (!guard_.asking(subject) && !guard_.admit(wish.client, now)) {
        ++counts_.limited;
        co_return refusal("wishes_limited", "Too many new names are asked for at the same time.",
                          until_it_is_quieter);
    }
    auto ask = [this, group, name = *name] { return decide_in_time(group, name); };
    CO_TRY(answer, co_await guard_.once(subject, std::move(ask)));
    if (!answer.granted) {
        guard_.remember(subject, answer, now + answer.keep);
    }
    co_return answer;
}

base::Task<WishAnswer> Wishes::decide_in_time(std::string group, model::DomainName name)
{
    auto deciding = decide(std::move(group), name);
    auto answer = co_await base::with_timeout(options_.limit, std::move(deciding));
    if (answer) {
        ++(answer->granted ? counts_.granted : counts_.refused);
        base::log::info(answer->granted ? "wish_granted" : "wish_refused",
                        {{"name", name.text()}, {"code", answer->code}, {"why", answer->message}});
    } else {
        base::log::warning("wish_failed", {{"name", name.text()}, {"error", answer.error().message()}});
    }
    co_return answer;
}

base::Task<WishAnswer> Wishes::decide(std::string group_name, model::DomainName name)
{
    auto read = [group_name](store::Transaction& tx) { return tx.groups.get(group_name); };
    CO_TRY(group, co_await store_.read(std::move(read)));
    if (group.pool.none()) {
        co_return refusal("not_a_pool", fmt::format("The group {} is no pool.", group.name),
                          until_people_act);
    }
    if (const auto fits = model::check_pool_name(group.pool, name); !fits) {
        co_return refusal(fits.error(), until_people_act);
    }
    // DNS is asked only for what nobody has, and only while its domain may have more.
    auto looking = from_tables(group.name, name);
    CO_TRY(known, co_await std::move(looking));
    if (known) {
        co_return std::move(*known);
    }
    auto asking = ask_dns(group, name);
    CO_TRY(seen, co_await std::move(asking));
    if (!seen.granted) {
        co_return seen;
    }
    auto adding = service_.add_on_demand(group.name, name, options_.names_per_domain);
    const auto added = co_await std::move(adding);
    if (!added && added.error().code() != "name_in_use") {
        co_return refused_by(added.error());
    }
    // Whoever was first: this node, another one, or a person.
    auto looking_again = from_tables(group.name, name);
    CO_TRY(made, co_await std::move(looking_again));
    co_return std::move(made).value_or(refusal(
        "name_in_use", fmt::format("{} has just been given up.", name.display()), until_it_is_quieter));
}

base::Task<std::optional<WishAnswer>> Wishes::from_tables(std::string group, model::DomainName name)
{
    auto finding = service_.find_on_demand(std::move(group), name, options_.names_per_domain);
    const auto found = co_await std::move(finding);
    if (!found) {
        CO_TRY(refused, refused_by(found.error()));
        co_return std::optional(std::move(refused));
    }
    if (!*found) {
        co_return std::optional<WishAnswer>();
    }
    co_return std::optional(**found ? granted()
                                    : refusal("name_in_use",
                                              fmt::format("{} is used otherwise here.", name.display()),
                                              until_dns_changes));
}

base::Task<WishAnswer> Wishes::ask_dns(model::EdgeGroup group, model::DomainName name)
{
    auto pool = group.addresses;
    std::ranges::transform(pool, pool.begin(), canonical);
    bool any = false;
    for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa}) {
        const auto seen = co_await resolver_.lookup(name.text(), type);
        if (auto wrong = against(seen, name, pool)) {
            co_return std::move(*wrong);
        }
        any = any || !seen->records.empty();
    }
    if (!any) {
        co_return refusal("dns_not_found", fmt::format("{} has no address in DNS.", name.display()),
                          until_dns_changes);
    }
    co_return granted();
}

}  // namespace endpoints
