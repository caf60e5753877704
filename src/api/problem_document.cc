#include "api/problem_document.h"

#include "base/log.h"
#include "base/random.h"
#include "model/problem.h"

#include <algorithm>

namespace api {

namespace {

struct Row {
    std::string_view code;
    int status;
    std::string_view title;
    model::Actor actor;
};

using model::Actor;

constexpr Row rows[] = {
    {"token_missing", 401, "No token", Actor::customer},
    {"token_invalid", 401, "Token not accepted", Actor::customer},
    {"session_ended", 401, "Signed out", Actor::customer},
    {"sign_in_code_invalid", 401, "Sign-in link used up", Actor::customer},
    {"request_foreign", 403, "Not from the dashboard", Actor::customer},
    {"token_required", 403, "Only by a token", Actor::customer},
    {"scope_missing", 403, "Token may not do this", Actor::customer},
    {"operator_required", 403, "Only the operator may do this", Actor::platform},
    {"tenant_forbidden", 403, "Another tenant", Actor::customer},
    {"fanout_limited", 403, "Too many names under one domain", Actor::customer},
    {"quota_exceeded", 403, "Quota used up", Actor::customer},
    {"upstream_forbidden", 403, "Upstream not allowed", Actor::customer},
    {"group_forbidden", 403, "Another edge group", Actor::platform},
    {"own_challenges_forbidden", 403, "May not keep its challenges", Actor::platform},
    {"body_invalid", 400, "The request body is wrong", Actor::customer},
    {"parameters_invalid", 400, "The query is wrong", Actor::customer},
    {"json_invalid", 400, "Not JSON", Actor::customer},
    {"body_too_large", 413, "The request body is too large", Actor::customer},
    {"media_type_unsupported", 415, "Not JSON", Actor::customer},
    {"name_invalid", 422, "Not a usable name", Actor::customer},
    {"name_too_long", 422, "Name too long", Actor::customer},
    {"name_public_suffix", 422, "Public suffix", Actor::customer},
    {"name_reserved", 422, "Reserved name", Actor::customer},
    {"too_many_names", 422, "Too many names", Actor::customer},
    {"upstream_invalid", 422, "Not a usable upstream", Actor::customer},
    {"redirect_invalid", 422, "Not a usable redirect", Actor::customer},
    {"redirect_loop", 422, "Redirects to itself", Actor::customer},
    {"redirect_needs_edges", 422, "Nothing answers there", Actor::customer},
    {"addresses_missing", 422, "No such edge group", Actor::customer},
    {"pool_invalid", 422, "Not a usable pool", Actor::customer},
    {"forwarding_invalid", 422, "Not usable for upstreams", Actor::customer},
    {"hsts_invalid", 422, "Not usable for HSTS", Actor::customer},
    {"edge_setting", 422, "Proxies of others serve it", Actor::customer},
    {"ip_filter_invalid", 422, "Not a usable IP filter", Actor::customer},
    {"key_types_invalid", 422, "Not usable key types", Actor::customer},
    {"source_invalid", 422, "Not a usable source", Actor::customer},
    {"unparsable", 422, "Cannot be read", Actor::customer},
    {"chain_incomplete", 422, "Incomplete chain", Actor::customer},
    {"key_mismatch", 422, "Key and certificate do not match", Actor::customer},
    {"name_not_covered", 422, "Certificate for other names", Actor::customer},
    {"cert_upload_expired", 422, "Expired certificate", Actor::customer},
    {"group_not_found", 422, "No such edge group", Actor::customer},
    {"scopes_invalid", 422, "Not usable scopes", Actor::customer},
    {"name_in_use", 409, "Name in use", Actor::customer},
    {"names_immutable", 409, "Names cannot be changed", Actor::customer},
    {"group_immutable", 409, "The edge group never changes", Actor::customer},
    {"edge_ambiguous", 409, "Several edges of that name", Actor::platform},
    {"feed_not_listening", 409, "No feed for other machines", Actor::platform},
    {"group_configured", 409, "Comes from the configuration", Actor::platform},
    {"cert_upload_older", 409, "Older than what is served", Actor::customer},
    {"endpoint_deleting", 409, "Being removed", Actor::customer},
    {"certificate_managed", 409, "Managed certificate", Actor::customer},
    {"tenant_exists", 409, "Tenant exists", Actor::customer},
    {"endpoint_not_found", 404, "No such endpoint", Actor::customer},
    {"certificate_not_found", 404, "No such certificate", Actor::customer},
    {"ca_account_not_found", 404, "No such CA account", Actor::customer},
    {"tenant_not_found", 404, "No such tenant", Actor::customer},
    {"token_not_found", 404, "No such token", Actor::customer},
    {"alert_not_found", 404, "No such alert", Actor::customer},
    {"silence_not_found", 404, "No such silence", Actor::customer},
    {"channel_not_found", 404, "No such channel", Actor::customer},
    {"silence_invalid", 422, "Not a usable silence", Actor::customer},
    {"channel_invalid", 422, "Not a usable channel", Actor::customer},
    {"webhook_invalid", 422, "Not a usable webhook", Actor::customer},
    {"webhook_forbidden", 403, "Webhook not allowed", Actor::customer},
    {"channel_forbidden", 403, "Not through the API", Actor::platform},
    {"channel_configured", 409, "Made by the configuration", Actor::platform},
    {"channel_exists", 409, "Channel exists", Actor::customer},
    {"channel_disabled", 409, "Channel disabled", Actor::customer},
    {"channel_unconfirmed", 409, "Address not confirmed", Actor::customer},
    {"channel_confirmed", 409, "Nothing to confirm", Actor::customer},
    {"code_wrong", 422, "Wrong code", Actor::customer},
    {"confirmation_too_soon", 429, "Mailed already", Actor::customer},
    {"mail_not_configured", 503, "No mail is sent here", Actor::platform},
    {"test_too_soon", 429, "Tested a moment ago", Actor::customer},
    {"zone_not_found", 404, "No such zone", Actor::customer},
    {"zone_exists", 409, "Zone exists", Actor::platform},
    {"zone_configured", 409, "Comes from the configuration", Actor::platform},
    {"zone_invalid", 422, "Not a usable zone", Actor::platform},
    {"zone_file_invalid", 422, "Not a usable zone file", Actor::platform},
    {"record_invalid", 422, "Not a usable record", Actor::customer},
    {"record_outside_zone", 422, "Outside the zone", Actor::customer},
    {"record_conflict", 409, "In conflict with other records", Actor::customer},
    {"record_of_endpoint", 409, "Belongs to an endpoint", Actor::customer},
    {"record_not_found", 404, "No such records", Actor::customer},
    {"streams_exhausted", 503, "Too many event streams", Actor::platform},
    {"disk_full", 503, "Disk full", Actor::platform},
    {"ca_unavailable", 503, "The CA does not answer", Actor::ca},
    {"ca_rate_limited", 429, "The CA's limit is reached", Actor::none},
};

// For codes that are not listed: what the kind alone says.
Row row_of_kind(base::Errc kind)
{
    switch (kind) {
        case base::Errc::invalid:
            return {"invalid", 400, "The request is wrong", Actor::customer};
        case base::Errc::not_found:
            return {"not_found", 404, "Not found", Actor::customer};
        case base::Errc::conflict:
            return {"conflict", 409, "Conflict", Actor::customer};
        case base::Errc::unauthorized:
            return {"forbidden", 403, "Not allowed", Actor::customer};
        case base::Errc::rate_limited:
            return {"rate_limited", 429, "Too many requests", Actor::none};
        case base::Errc::unavailable:
            return {"unavailable", 503, "Not available now", Actor::platform};
        case base::Errc::timeout:
            return {"timeout", 504, "Took too long", Actor::platform};
        case base::Errc::internal:
            break;
    }
    return {"internal", 500, "Internal error", Actor::platform};
}

bool is_listed(std::string_view code)
{
    return std::ranges::find(rows, code, &Row::code) != std::end(rows);
}

// Texts of failures that nobody wrote for a client stay in the log.
bool is_private(const base::Error& error)
{
    const bool ours = error.kind() == base::Errc::internal || error.kind() == base::Errc::unavailable ||
                      error.kind() == base::Errc::timeout;
    return ours && !is_listed(error.code());
}

Answer document(const Row& row, std::string_view code, std::string_view detail, std::string_view fix)
{
    Answer answer;
    answer.status = row.status;
    answer.content_type = "application/problem+json";
    json::object body;
    body["type"] = "urn:certwright:problem:" + std::string(code);
    body["title"] = row.title;
    body["status"] = row.status;
    body["detail"] = detail;
    body["code"] = code;
    body["actor"] = model::to_string(row.actor);
    if (!fix.empty()) {
        body["fix"] = fix;
    }
    answer.body = std::move(body);
    return answer;
}

}  // namespace

Answer problem(const base::Error& error)
{
    const auto* listed = std::ranges::find(rows, error.code(), &Row::code);
    const Row row = listed != std::end(rows) ? *listed : row_of_kind(error.kind());
    if (is_private(error)) {
        const auto id = base::new_id("err");
        base::log::error("api_request_failed",
                         {{"id", id}, {"kind", base::to_string(error.kind())}, {"reason", error.message()}});
        auto answer = document(row, row.code,
                               "certwright could not do this; its log has the reason under " + id + ".", "");
        answer.body.as_object()["id"] = id;
        return answer;
    }
    auto answer = document(row, error.code().empty() ? row.code : std::string_view(error.code()),
                           error.message(), error.fix());
    if (error.retry_after()) {
        answer.headers.add("Retry-After", std::to_string(error.retry_after()->count()));
        answer.body.as_object()["retry_after"] = error.retry_after()->count();
    }
    if (row.status == 401) {
        answer.headers.add("WWW-Authenticate", "Bearer");
    }
    return answer;
}

Answer problem(const std::vector<FieldProblem>& fields, std::string code)
{
    std::string detail;
    json::array errors;
    for (const auto& field : fields) {
        detail += (detail.empty() ? "" : "; ") + field.pointer + ": " + field.detail;
        errors.push_back(json::object{{"pointer", field.pointer}, {"detail", field.detail}});
    }
    auto answer = problem(base::Error(base::Errc::invalid, std::move(detail)).with_code(std::move(code)));
    answer.body.as_object()["errors"] = std::move(errors);
    return answer;
}

}  // namespace api
