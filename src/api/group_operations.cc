// /v1/edge-groups: where names are served, by our edges or by proxies of others.
#include "api/field_reader.h"
#include "api/views.h"
#include "endpoints/redirect_rules.h"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace api {

namespace {

constexpr std::size_t longest_name = 40;
constexpr std::size_t most_addresses = 64;

bool good_name(std::string_view name)
{
    const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    return !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, allowed);
}

void check_addresses(FieldReader& reader, std::vector<std::string>& addresses)
{
    if (addresses.empty() || addresses.size() > most_addresses) {
        reader.add_problem("addresses", "takes 1 to 64 IPv4 and IPv6 addresses");
    }
    for (auto& each : addresses) {
        boost::system::error_code failure;
        const auto address = boost::asio::ip::make_address(each, failure);
        if (failure) {
            reader.add_problem("addresses", "'" + each.substr(0, 60) + "' is not an IP address");
        } else {
            each = address.to_string();
        }
    }
}

base::Error settings_own(std::string_view name)
{
    return base::Error(base::Errc::conflict,
                       fmt::format("the addresses of the group '{}' come from the setting addresses", name))
        .with_code("group_configured")
        .with_fix("Change the control node's configuration and start it again.");
}

struct Wanted {
    model::EdgeGroup group;
    bool addressed = false;           // addresses are given
    std::optional<model::Pool> pool;  // none: as it is
    std::optional<bool> proxies;      // none: of a new group yes, of others what they are
};

struct Put {
    model::EdgeGroup group;
    bool created = false;
};

// What endpoints took over when they were added.
base::Result<> check_unchanged(const model::EdgeGroup& existing, const Wanted& wanted)
{
    const bool path = existing.own_challenges == wanted.group.own_challenges;
    if (path && existing.proxies == wanted.proxies.value_or(existing.proxies)) {
        return {};
    }
    return base::fail(
        base::Error(base::Errc::conflict, fmt::format("'{}' exists with another {}, which never changes",
                                                      existing.name, path ? "proxies" : "own_challenges"))
            .with_code("group_immutable")
            .with_fix("Add another group."));
}

base::Error no_addresses(std::string_view name)
{
    return base::Error(base::Errc::invalid, fmt::format("there is no group '{}' yet", name))
        .with_code("addresses_missing")
        .with_fix("Give the addresses of its servers: --address 192.0.2.80 (addresses).");
}

base::Error pool_of_proxies(std::string_view name)
{
    return base::Error(
               base::Errc::invalid,
               fmt::format("'{}' is a group of proxies, which redirect by their own configuration", name))
        .with_code("redirect_needs_edges")
        .with_fix("Make the pool of a group of edges.");
}

// A new group begins with what every group serves.
void take_over_defaults(store::Transaction& tx, model::EdgeGroup& group)
{
    if (auto account = tx.accounts.default_account()) {
        group.thumbprint = account->thumbprint;
    }
    if (auto own = tx.groups.get(model::own_group)) {
        group.default_certificate = own->default_certificate;
    }
}

base::Result<Put> put_group(store::Transaction& tx, const Wanted& asked)
{
    const auto& wanted = asked.group;
    Put done;
    auto existing = tx.groups.get(wanted.name);
    if (!existing && existing.error().kind() != base::Errc::not_found) {
        return base::fail(std::move(existing).error());
    }
    if (!existing && !asked.addressed) {
        return base::fail(no_addresses(wanted.name));
    }
    done.created = !existing;
    done.group = existing ? *existing : wanted;
    if (existing) {
        CHECKED(check_unchanged(*existing, asked));
    }
    const auto& addresses = asked.addressed ? wanted.addresses : done.group.addresses;
    const auto pool = asked.pool.value_or(done.group.pool);
    if (existing && existing->addresses == addresses && existing->pool == pool) {
        return done;
    }
    if (done.created) {
        done.group.proxies = asked.proxies.value_or(pool.none());
        take_over_defaults(tx, done.group);
    }
    if (done.group.proxies && !pool.none()) {
        return base::fail(pool_of_proxies(done.group.name));
    }
    done.group.addresses = addresses;
    done.group.pool = pool;
    CHECKED(tx.groups.put(done.group));
    tx.revisions.append(model::RevisionKind::group, done.group.name);
    return done;
}

std::optional<model::Pool> pool_from(FieldReader& reader)
{
    const bool given = reader.text("pool_to").has_value();
    model::Pool pool;
    pool.redirect = redirect_from(reader, "pool");
    pool.labels = static_cast<int>(reader.number("pool_labels", 0, 10).value_or(0));
    return given ? std::optional(pool.none() ? model::Pool() : std::move(pool)) : std::nullopt;
}

base::Task<Answer> put(Parts parts, Call call)
{
    FieldReader reader(call.body);
    Wanted asked;
    auto& wanted = asked.group;
    wanted.name = reader.required_text("name");
    asked.proxies = reader.flag("proxies");
    if (auto addresses = reader.texts("addresses")) {
        asked.addressed = true;
        wanted.addresses = std::move(*addresses);
        check_addresses(reader, wanted.addresses);
    }
    asked.pool = pool_from(reader);
    wanted.own_challenges = reader.flag("own_challenges").value_or(false);
    if (!good_name(wanted.name)) {
        reader.add_problem("name", "takes 1 to 40 lower-case letters, digits and hyphens");
    }
    if (!asked.addressed && !asked.pool) {
        reader.add_problem("addresses", "is missing");
    }
    if (auto wrong = reader.problems()) {
        co_return std::move(*wrong);
    }
    if (wanted.name == model::own_group && asked.addressed) {
        co_return base::fail(settings_own(wanted.name));
    }
    if (asked.pool && !asked.pool->none()) {
        CO_CHECKED(endpoints::check_pool(*asked.pool));
    }
    auto write = [asked](store::Transaction& tx) { return put_group(tx, asked); };
    CO_TRY(done, co_await parts.store.write(std::move(write)));
    co_return Answer(done.created ? 201 : 200, view(done.group));
}

base::Task<Answer> list(Parts parts, Call)
{
    auto read = [](store::Transaction& tx) { return tx.groups.list(); };
    CO_TRY(groups, co_await parts.store.read(std::move(read)));
    co_return Answer(200, page(groups, ""));
}

}  // namespace

std::vector<Operation> group_operations()
{
    return {
        {"POST", "/v1/edge-groups", Scope::admin, true, put},
        {"GET", "/v1/edge-groups", Scope::read, true, list},
    };
}

}  // namespace api
