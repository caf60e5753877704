// Names that come by themselves: what a pool was asked for.
#include "endpoints/lookup.h"
#include "endpoints/service.h"

#include <fmt/format.h>

namespace endpoints {

namespace {

// What is here of that name already, whoever's and in whatever state; none: nothing.
base::Result<std::optional<model::Endpoint>> known_endpoint(store::Transaction& tx,
                                                            const model::DomainName& name)
{
    auto found = tx.endpoints.find_by_name(name);
    if (found) {
        return std::optional<model::Endpoint>(std::move(*found));
    }
    if (found.error().kind() == base::Errc::not_found) {
        return std::optional<model::Endpoint>();
    }
    return base::fail(std::move(found).error());
}

// The edges of `group` have it, or will in a moment.
base::Result<bool> is_served_by(store::Transaction& tx, const model::Endpoint& endpoint,
                                const model::DomainName& name, const std::string& group)
{
    TRY(holder, tx.names.holder(name));
    return holder == endpoint.id && endpoint.edge_group == group &&
           endpoint.status.state != model::EndpointState::deleting &&
           endpoint.status.state != model::EndpointState::suspended;
}

base::Result<> check_fan_out(store::Transaction& tx, const model::DomainName& name, std::int64_t most)
{
    TRY(there, tx.names.count_on_demand(model::own_tenant, name.registrable()));
    if (there < most) {
        return {};
    }
    return base::fail(
        base::Error(base::Errc::unauthorized,
                    fmt::format("{} names under {} came on demand already", there, name.registrable()))
            .with_code("fanout_limited")
            .with_fix("Add further ones by hand, or raise on_demand.names_per_domain."));
}

}  // namespace

base::Task<std::optional<bool>> Service::find_on_demand(std::string group, model::DomainName name,
                                                        std::int64_t most_per_domain)
{
    auto work = [group, name, most_per_domain](store::Transaction& tx) -> base::Result<std::optional<bool>> {
        TRY(known, known_endpoint(tx, name));
        if (known) {
            TRY(served, is_served_by(tx, *known, name, group));
            return std::optional<bool>(served);
        }
        CHECKED(check_fan_out(tx, name, most_per_domain));
        return std::optional<bool>();
    };
    co_return co_await store_.read(std::move(work));
}

base::Task<model::Endpoint> Service::add_on_demand(std::string group_name, model::DomainName name,
                                                   std::int64_t most_per_domain)
{
    const auto now = clock_.now();
    NewEndpoint wanted;
    wanted.names = {name.text()};
    wanted.edge_group = group_name;
    CO_TRY(drafted, draft(Caller(), wanted, now));
    drafted.on_demand = true;
    drafted.bulk = true;  // Nobody typed it in: names of people go first.
    auto work = [this, drafted, name, most_per_domain,
                 now](store::Transaction& tx) -> base::Result<model::Endpoint> {
        TRY(known, known_endpoint(tx, name));
        if (known) {
            return std::move(*known);
        }
        CHECKED(check_fan_out(tx, name, most_per_domain));
        TRY(group, tx.groups.get(drafted.edge_group));
        auto endpoint = drafted;
        endpoint.redirect = group.pool.redirect;
        CHECKED(check_settings(Caller(), endpoint, model::Endpoint()));
        return insert_on_demand(tx, std::move(endpoint), now);
    };
    auto made = co_await store_.write(std::move(work));
    issuance_.wake();
    co_return made;
}

// It holds its name by what DNS said, not by anybody's word: whoever proves that it is his takes it over.
base::Result<model::Endpoint> Service::insert_on_demand(store::Transaction& tx, model::Endpoint endpoint,
                                                        base::Time now) const
{
    endpoint.vouched = false;
    std::vector<model::Problem> warnings;
    CHECKED(add_records(tx, endpoint, warnings));
    // The order looks at DNS by itself; this is for when it does not come to that.
    endpoint.next_check_at = now + std::chrono::minutes(1);
    CHECKED(tx.endpoints.insert(endpoint));
    TRY(held, tx.names.hold(endpoint.id, endpoint.name()));
    if (!held) {
        return base::fail(base::Error(base::Errc::conflict, fmt::format("{} is used by another account here",
                                                                        endpoint.name().display()))
                              .with_code("name_in_use"));
    }
    TRY(order, issuance_.enqueue_first(tx, endpoint, now));
    CHECKED(checks_.refresh_status(tx, endpoint.id, now));
    CHECKED(publish(tx, endpoint));
    CHECKED(tx.events.append(endpoint_event(endpoint, "endpoint.created",
                                            fmt::format("A visitor asked for {}, whose DNS leads to {}.",
                                                        endpoint.name().display(), endpoint.edge_group),
                                            now)));
    return tx.endpoints.get(endpoint.id);
}

}  // namespace endpoints
