#include "endpoints/lookup.h"

#include <fmt/format.h>

#include <algorithm>

namespace endpoints {

namespace {

base::Error unknown(std::string_view what, std::string_view reference)
{
    return base::Error(base::Errc::not_found,
                       fmt::format("there is no {} '{}'", what, reference.substr(0, 260)))
        .with_code(fmt::format("{}_not_found", what));
}

base::Result<model::Endpoint> look_up(store::Transaction& tx, const Caller& caller,
                                      const std::string& reference)
{
    if (reference.starts_with("ep_")) {
        return tx.endpoints.get(reference);
    }
    TRY(name, model::DomainName::parse(reference));
    return tx.endpoints.find_by_name(name, caller.tenant);
}

}  // namespace

base::Result<model::Endpoint> find_endpoint(store::Transaction& tx, const Caller& caller,
                                            const std::string& reference)
{
    auto found = look_up(tx, caller, reference);
    if (!found && found.error().kind() != base::Errc::not_found &&
        found.error().kind() != base::Errc::invalid) {
        return found;
    }
    if (!found || found->deleted_at || !caller.may_see(found->tenant)) {
        return base::fail(
            unknown("endpoint", reference).with_fix("See what exists with: certwright endpoint list"));
    }
    return found;
}

base::Result<model::Endpoint> find_working(store::Transaction& tx, const Caller& caller,
                                           const std::string& reference)
{
    TRY(found, find_endpoint(tx, caller, reference));
    if (found.status.state == model::EndpointState::deleting) {
        return base::fail(
            base::Error(base::Errc::conflict, fmt::format("'{}' is being removed", found.name().display()))
                .with_code("endpoint_deleting")
                .with_fix("Add it again: certwright endpoint add " + found.name().text()));
    }
    return found;
}

base::Result<model::Certificate> find_certificate(store::Transaction& tx, const Caller& caller,
                                                  const std::string& id)
{
    auto found = tx.certificates.get(id);
    if (!found && found.error().kind() != base::Errc::not_found) {
        return found;
    }
    if (!found || !caller.may_see(found->tenant)) {
        return base::fail(
            unknown("certificate", id).with_fix("See what exists with: certwright certificate list"));
    }
    return found;
}

base::Error foreign_tenant()
{
    return base::Error(base::Errc::unauthorized, "this token may act for its own tenant only")
        .with_code("tenant_forbidden")
        .with_fix("Leave the tenant out: a token acts for its own.");
}

base::Result<model::EdgeGroup> find_group(store::Transaction& tx, const std::string& name)
{
    auto group = tx.groups.get(name);
    if (!group && group.error().kind() == base::Errc::not_found) {
        return base::fail(
            base::Error(base::Errc::invalid, fmt::format("there is no edge group '{}'", name.substr(0, 60)))
                .with_code("group_not_found")
                .with_fix("Add it with `certwright group add`, or see `certwright group list`."));
    }
    return group;
}

base::Result<model::Tenant> find_tenant(store::Transaction& tx, const std::string& id)
{
    auto found = tx.tenants.get(id);
    if (!found && found.error().kind() == base::Errc::not_found) {
        return base::fail(unknown("tenant", id).with_fix("See what exists with: certwright tenant list"));
    }
    return found;
}

base::Result<Detail> read_detail(store::Transaction& tx, const Caller& caller, const std::string& reference)
{
    Detail detail;
    TRY(endpoint, find_endpoint(tx, caller, reference));
    TRY(certificates, tx.certificates.of_endpoint(endpoint.id));
    TRY(orders, tx.orders.of_endpoint(endpoint.id, 1));
    detail.endpoint = std::move(endpoint);
    detail.certificates = std::move(certificates);
    if (!orders.empty()) {
        detail.order = std::move(orders.front());
    }
    return detail;
}

model::Event endpoint_event(const model::Endpoint& endpoint, std::string type, std::string message,
                            base::Time now)
{
    model::Event event;
    event.tenant = endpoint.tenant;
    event.subject = endpoint.id;
    event.type = std::move(type);
    event.message = std::move(message);
    event.data["name"] = endpoint.name().text();
    event.created_at = now;
    return event;
}

base::Result<std::vector<model::Problem>> unproved_names(store::Transaction& tx,
                                                         const model::Endpoint& endpoint)
{
    std::vector<model::Problem> problems;
    TRY(held, tx.names.held_by(endpoint.id));
    for (const auto& name : endpoint.names) {
        if (std::ranges::find(held, name.text()) != held.end()) {
            continue;
        }
        model::Problem problem;
        problem.code = "ownership_missing";
        problem.message = fmt::format(
            "{} is not proved to be yours yet; until it is, this certificate is not served for it.",
            name.display());
        problem.actor = model::Actor::customer;
        const auto proof = std::ranges::find(endpoint.required_records, model::ownership_owner(name),
                                             &model::RequiredRecord::name);
        if (proof != endpoint.required_records.end()) {
            problem.fix = fmt::format("Create the record: {} TXT {}", proof->host, proof->value);
        }
        problems.push_back(std::move(problem));
    }
    return problems;
}

std::vector<model::Problem> delegation_warnings(const model::Endpoint& endpoint)
{
    std::vector<model::Problem> warnings;
    if (!model::needs_delegation(endpoint)) {
        return warnings;
    }
    for (const auto& record : endpoint.required_records) {
        if (record.purpose == model::RecordPurpose::challenge && record.status != model::RecordStatus::ok) {
            model::Problem problem;
            problem.code = "delegation_missing";
            problem.message =
                fmt::format("{} can only be proved by DNS, and the delegation {} has not been seen yet.",
                            endpoint.name().display(), record.name);
            problem.actor = model::Actor::customer;
            problem.fix = fmt::format("Create: {} {} -> {}", record.type, record.host, record.value);
            warnings.push_back(std::move(problem));
        }
    }
    return warnings;
}

}  // namespace endpoints
