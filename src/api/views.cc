#include "api/views.h"

#include "api/serving_fields.h"
#include "model/serving.h"

namespace api {

namespace {

json::array array_of(const std::vector<std::string>& texts)
{
    json::array made;
    for (const auto& each : texts) {
        made.emplace_back(each);
    }
    return made;
}

json::value text_or_null(const std::string& text)
{
    return text.empty() ? json::value(nullptr) : json::value(text);
}

// Null where there is none.
void add_redirect(json::object& made, const std::string& prefix, const model::Redirect& redirect)
{
    const bool none = redirect.none();
    made[prefix + "_to"] = text_or_null(redirect.to);
    made[prefix + "_status"] = none ? json::value(nullptr) : json::value(redirect.status);
    made[prefix + "_keep_path"] = none ? json::value(nullptr) : json::value(redirect.keep_path);
}

// With U-labels; what is no domain name stays as it is.
std::string display(const std::string& name)
{
    const auto parsed = model::DomainName::parse(name);
    return parsed ? parsed->display() : name;
}

std::string display_host(const model::RequiredRecord& record)
{
    const auto parsed = model::DomainName::parse(record.name);
    const auto zone = parsed ? parsed->registrable() : std::string();
    if (zone.empty() || record.host == "@") {
        return record.host;
    }
    const auto shown = parsed->display();
    return shown.substr(0, shown.size() - display(zone).size() - 1);
}

json::object view(const model::RequiredRecord& record)
{
    json::object made;
    made["purpose"] = model::to_string(record.purpose);
    made["type"] = record.type;
    made["name"] = record.name;
    made["display_name"] = display(record.name);
    made["host"] = record.host;
    made["display_host"] = display_host(record);
    made["value"] = record.value;
    made["required"] = record.required;
    json::array alternatives;
    for (const auto& each : record.alternatives) {
        alternatives.push_back(json::object{{"type", each.type}, {"value", each.value}});
    }
    made["alternatives"] = std::move(alternatives);
    made["status"] = model::to_string(record.status);
    made["found"] = array_of(record.found);
    return made;
}

json::object view(const model::Condition& condition)
{
    json::object made;
    made["type"] = condition.type;
    made["status"] = model::to_string(condition.status);
    made["problem"] = api::view(condition.problem);
    made["observed_at"] = base::to_rfc3339(condition.observed_at);
    return made;
}

void add_status(json::object& made, const model::EndpointStatus& status)
{
    made["state"] = model::to_string(status.state);
    made["since"] = base::to_rfc3339(status.since);
    made["reason"] = api::view(status.reason);
    made["retrying"] = status.retrying;
    made["next_attempt_at"] = time_or_null(status.next_attempt_at);
    made["serving"] = status.serving;
    json::array conditions;
    for (const auto& each : status.conditions) {
        conditions.push_back(view(each));
    }
    made["conditions"] = std::move(conditions);
}

}  // namespace

json::value time_or_null(const std::optional<base::Time>& time)
{
    return time ? json::value(base::to_rfc3339(*time)) : json::value(nullptr);
}

json::value view(const model::Problem& problem)
{
    if (problem.none()) {
        return nullptr;
    }
    json::object made;
    made["code"] = problem.code;
    made["message"] = problem.message;
    made["actor"] = model::to_string(problem.actor);
    made["fix"] = problem.fix;
    return made;
}

json::object view(const model::Endpoint& endpoint)
{
    json::object made;
    made["id"] = endpoint.id;
    made["tenant"] = endpoint.tenant;
    made["name"] = endpoint.name().text();
    made["display_name"] = endpoint.name().display();
    json::array names;
    json::array display_names;
    for (const auto& each : endpoint.names) {
        names.emplace_back(each.text());
        display_names.emplace_back(each.display());
    }
    made["names"] = std::move(names);
    made["display_names"] = std::move(display_names);
    made["vouched"] = endpoint.vouched;
    made["kind"] = model::to_string(endpoint.kind);
    made["ip_filter"] = array_of(endpoint.ip_filter);
    made["filter_at"] = model::to_string(endpoint.filter_at);
    made["upstream"] = text_or_null(endpoint.upstream);
    add_redirect(made, "redirect", endpoint.redirect);
    made["on_demand"] = endpoint.on_demand;
    json::array key_types;
    for (const auto each : endpoint.key_types) {
        key_types.emplace_back(model::to_string(each));
    }
    made["key_types"] = std::move(key_types);
    made["edge_group"] = endpoint.edge_group;
    made["own_challenges"] = endpoint.own_challenges;
    add_serving(made, endpoint);
    add_status(made, endpoint.status);
    json::array records;
    for (const auto& each : endpoint.required_records) {
        records.push_back(view(each));
    }
    made["required_records"] = std::move(records);
    made["next_check_at"] = time_or_null(endpoint.next_check_at);
    made["created_at"] = base::to_rfc3339(endpoint.created_at);
    made["ca_policy"] = array_of(endpoint.ca_policy);
    made["profile"] = endpoint.profile;
    return made;
}

json::object view(const endpoints::Detail& detail, base::Time now)
{
    auto made = view(detail.endpoint);
    const auto order = model::serving_order(detail.endpoint, detail.certificates, now);
    const auto* served = order.empty() ? nullptr : order.front();
    json::array certificates;
    for (const auto& each : detail.certificates) {
        auto one = view(each);
        one["served"] = &each == served;
        certificates.push_back(std::move(one));
    }
    made["certificates"] = std::move(certificates);
    made["order"] = detail.order ? json::value(view(*detail.order)) : json::value(nullptr);
    return made;
}

json::object view(const model::Certificate& certificate)
{
    json::object made;
    made["id"] = certificate.id;
    made["tenant"] = text_or_null(certificate.tenant);
    made["endpoint"] = text_or_null(certificate.endpoint);
    made["source"] = model::to_string(certificate.source);
    made["state"] = model::to_string(certificate.state);
    made["identifiers"] = array_of(certificate.identifiers);
    made["key_type"] = model::to_string(certificate.key_type);
    made["issuer"] = certificate.issuer;
    made["serial"] = certificate.serial;
    made["sha256"] = certificate.sha256;
    made["not_before"] = base::to_rfc3339(certificate.not_before);
    made["not_after"] = base::to_rfc3339(certificate.not_after);
    made["renew_at"] = time_or_null(certificate.renew_at);
    made["ca_account"] = text_or_null(certificate.account);
    made["order"] = text_or_null(certificate.order);
    made["replaced_by"] = text_or_null(certificate.replaced_by);
    made["created_at"] = base::to_rfc3339(certificate.created_at);
    made["trusted"] = certificate.trusted;
    return made;
}

json::object view(const model::Revocation& revocation)
{
    json::object made;
    made["reason"] = endpoints::to_string(static_cast<endpoints::RevocationReason>(revocation.reason));
    made["requested_at"] = base::to_rfc3339(revocation.requested_at);
    made["revoked_at"] = time_or_null(revocation.revoked_at);
    made["next_attempt_at"] = time_or_null(revocation.next_action_at);
    made["attempt"] = revocation.attempt;
    made["problem"] = view(revocation.problem);
    return made;
}

json::object view(const model::RenewalAdvice& advice)
{
    json::object made;
    made["window_start"] = time_or_null(advice.window_start);
    made["window_end"] = time_or_null(advice.window_end);
    made["chosen_at"] = time_or_null(advice.chosen_at);
    made["explanation_url"] = text_or_null(advice.explanation_url);
    made["answered_at"] = time_or_null(advice.answered_at);
    made["next_poll_at"] = time_or_null(advice.next_poll_at);
    made["failures"] = advice.failures;
    return made;
}

json::object view(const model::Order& order)
{
    json::object made;
    made["id"] = order.id;
    made["endpoint"] = text_or_null(order.endpoint);
    made["ca_account"] = text_or_null(order.account);
    made["class"] = static_cast<int>(order.queue_class);
    made["identifiers"] = array_of(order.identifiers);
    made["key_type"] = model::to_string(order.key_type);
    made["status"] = model::to_string(order.status);
    made["challenge"] =
        order.challenge ? json::value(model::to_string(*order.challenge)) : json::value(nullptr);
    made["replaces"] = text_or_null(order.replaces);
    made["certificate"] = text_or_null(order.certificate);
    made["attempt"] = order.attempt;
    made["problem"] = view(order.problem);
    made["forced"] = order.forced;
    made["next_action_at"] = base::to_rfc3339(order.next_action_at);
    made["created_at"] = base::to_rfc3339(order.created_at);
    made["updated_at"] = base::to_rfc3339(order.updated_at);
    return made;
}

json::object view(const model::CaAccount& account)
{
    json::object made;
    made["id"] = account.id;
    made["name"] = account.name;
    made["directory_url"] = account.directory_url;
    made["account_url"] = text_or_null(account.account_url);
    made["contacts"] = array_of(account.contacts);
    made["thumbprint"] = account.thumbprint;
    made["eab_kid"] = text_or_null(account.eab_kid);
    made["default"] = account.is_default;
    made["deactivated"] = account.deactivated;
    made["trusted"] = account.trusted;
    made["fallback"] = account.fallback;
    made["profile"] = account.profile;
    made["preferred_chain"] = account.preferred_issuer;
    json::array key_types;
    for (const auto each : account.key_types) {
        key_types.emplace_back(model::to_string(each));
    }
    made["key_types"] = std::move(key_types);
    made["caa_identities"] = array_of(account.caa_identities);
    made["profiles"] = array_of(account.profiles);
    made["key_rotation"] = model::to_string(account.rotation);
    made["problem"] = view(account.problem);
    made["created_at"] = base::to_rfc3339(account.created_at);
    return made;
}

json::object view(const model::CaHealth& health)
{
    json::object made;
    made["state"] = model::to_string(health.state);
    made["since"] =
        health.since == base::Time{} ? json::value(nullptr) : json::value(base::to_rfc3339(health.since));
    made["failures"] = health.failures;
    const bool failing = health.state != model::CaState::healthy;
    made["next_probe_at"] = failing ? json::value(base::to_rfc3339(health.probe_at)) : json::value(nullptr);
    made["problem"] = view(health.problem);
    made["limited_until"] = time_or_null(health.limited_until);
    return made;
}

json::object view(const model::Token& token)
{
    json::object made;
    made["id"] = token.id;
    made["tenant"] = text_or_null(token.tenant);
    made["name"] = token.name;
    made["scopes"] = array_of(token.scopes);
    made["created_at"] = base::to_rfc3339(token.created_at);
    made["expires_at"] = time_or_null(token.expires_at);
    made["revoked_at"] = time_or_null(token.revoked_at);
    return made;
}

json::object view(const model::Tenant& tenant)
{
    json::object made;
    made["id"] = tenant.id;
    made["name"] = tenant.name;
    made["created_at"] = base::to_rfc3339(tenant.created_at);
    return made;
}

json::object view(const model::EdgeNode& node)
{
    json::object made;
    made["id"] = node.id;
    made["name"] = node.name;
    made["group"] = node.group;
    made["version"] = node.version;
    made["revision"] = node.revision;
    made["seen_at"] = base::to_rfc3339(node.seen_at);
    made["trouble"] = text_or_null(node.trouble);
    made["certificate_until"] = time_or_null(node.certificate_until);
    made["removed_at"] = time_or_null(node.removed_at);
    return made;
}

json::object view(const model::EdgeGroup& group)
{
    json::object made;
    made["name"] = group.name;
    made["addresses"] = array_of(group.addresses);
    made["own_challenges"] = group.own_challenges;
    made["proxies"] = group.proxies;
    made["default_certificate"] = text_or_null(group.default_certificate);
    add_redirect(made, "pool", group.pool.redirect);
    made["pool_labels"] = group.pool.none() ? json::value(nullptr) : json::value(group.pool.labels);
    return made;
}

json::object view(const model::Event& event)
{
    json::object made;
    made["number"] = event.number;
    made["tenant"] = text_or_null(event.tenant);
    made["subject"] = event.subject;
    made["type"] = event.type;
    made["message"] = event.message;
    json::object extra;
    for (const auto& [name, value] : event.data) {
        extra[name] = value;
    }
    made["data"] = std::move(extra);
    made["created_at"] = base::to_rfc3339(event.created_at);
    return made;
}

}  // namespace api
