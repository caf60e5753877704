// How a handler sees a request, and what it answers with. Internal to api/.
#pragma once

#include "api/api.h"

#include <boost/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace api {

namespace json = boost::json;

enum class Scope { none, read, write, admin };

struct Access {
    endpoints::Caller caller;
    std::string token;  // its id, for the log
    std::string token_name;
    Scope scope = Scope::none;
    std::string session;                // hash of its secret; empty: by the token itself
    std::optional<base::Time> ends_at;  // the session, else the token
};

struct Call {
    Access access;
    std::map<std::string, std::string> path;
    std::map<std::string, std::string> query;
    json::object body;       // empty when none was sent
    bool secure = false;     // the browser speaks TLS
    bool dashboard = false;  // sent by our own page: see session_access.h

    const std::string& parameter(const std::string& name) const { return path.at(name); }
};

struct Answer {
    Answer() = default;
    Answer(int s, json::value b) : status(s), body(std::move(b)) {}

    int status = 200;
    json::value body;  // null: `text` is sent instead
    std::string text;
    std::string content_type = "application/json";
    http::Headers headers;
};

using Handler = base::Task<Answer> (*)(Parts parts, Call call);

struct Operation {
    std::string_view method;
    std::string_view pattern;
    Scope scope = Scope::read;
    bool operator_only = false;
    Handler handler = nullptr;
    std::size_t most_body = 256 * 1024;
};

std::vector<Operation> endpoint_operations();
std::vector<Operation> endpoint_lifecycle_operations();  // import, suspend, transfer, restore
std::vector<Operation> certificate_operations();
std::vector<Operation> account_operations();  // tokens, tenants
std::vector<Operation> ca_operations();
std::vector<Operation> limit_operations();     // what is left of CAs' limits
std::vector<Operation> alert_operations();     // alerts, silences, channels
std::vector<Operation> group_operations();     // edge groups
std::vector<Operation> edge_operations();      // edges, invitations
std::vector<Operation> zone_operations();      // zones and their records
std::vector<Operation> session_operations();   // signing in and out, counts for an overview
std::vector<Operation> overview_operations();  // orders, events, status, health, metrics, openapi

// The members that creating an endpoint takes.
class FieldReader;
endpoints::NewEndpoint new_endpoint_from(FieldReader& reader);
// <prefix>_to, <prefix>_status and <prefix>_keep_path.
model::Redirect redirect_from(FieldReader& reader, const std::string& prefix);
// tenant_forbidden when the caller may not act for `tenant`.
base::Result<> check_tenant(const Access& access, const std::string& tenant);
json::object view(const endpoints::Outcome& outcome);

// Who sent the request, by its header Authorization, else by its session cookie. Errors: token_missing,
// token_invalid, session_ended, request_foreign.
base::Task<Access> authenticate(Parts parts, const http::RequestHead& request);
// The same for the value of the header Authorization alone.
base::Task<Access> authenticate_bearer(Parts parts, std::string authorization);
// What a live token may do.
Access access_of(const model::Token& token);
// Errors: scope_missing, operator_required.
base::Result<> authorize(const Access& access, const Operation& operation);

}  // namespace api
