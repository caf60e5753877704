#include "alerts/document.h"

#include "model/domain_name.h"

namespace alerts {

namespace {

json::value time_or_null(const std::optional<base::Time>& time)
{
    return time ? json::value(base::to_rfc3339(*time)) : json::value(nullptr);
}

}  // namespace

json::object document_of(const model::Alert& alert)
{
    const auto parsed = model::DomainName::parse(alert.name);
    json::object made;
    made["id"] = alert.id;
    made["rule"] = alert.rule;
    made["severity"] = model::to_string(alert.severity);
    made["tenant"] = alert.tenant.empty() ? json::value(nullptr) : json::value(alert.tenant);
    made["subject"] = alert.subject;
    made["name"] = alert.name;
    made["display_name"] = parsed ? parsed->display() : alert.name;
    made["code"] = alert.problem.code;
    made["message"] = alert.problem.message;
    made["actor"] = model::to_string(alert.problem.actor);
    made["fix"] = alert.problem.fix;
    made["deadline"] = time_or_null(alert.deadline);
    made["count"] = alert.count;
    made["opened_at"] = base::to_rfc3339(alert.opened_at);
    made["seen_at"] = base::to_rfc3339(alert.seen_at);
    made["notified_at"] = time_or_null(alert.notified_at);
    made["resolved_at"] = time_or_null(alert.resolved_at);
    return made;
}

json::object document_of(const model::Event& event)
{
    json::object data;
    for (const auto& [name, value] : event.data) {
        data[name] = value;
    }
    json::object made;
    made["number"] = event.number;
    made["type"] = event.type;
    made["tenant"] = event.tenant;
    made["subject"] = event.subject;
    made["message"] = event.message;
    made["data"] = std::move(data);
    made["created_at"] = base::to_rfc3339(event.created_at);
    return made;
}

json::object notice_document(const std::string& id, std::string_view type, base::Time now, const Text& text,
                             std::string_view about, json::value what)
{
    json::object made;
    made["id"] = id;
    made["type"] = type;
    made["created_at"] = base::to_rfc3339(now);
    made["summary"] = text.summary;
    made["text"] = text.body;
    if (!about.empty()) {
        made[about] = std::move(what);
    }
    return made;
}

}  // namespace alerts
