#include "relay/problem.h"

#include "base/log.h"

#include <boost/json.hpp>

namespace relay {

namespace {

namespace json = boost::json;

std::string urn(const std::string& type)
{
    return "urn:ietf:params:acme:error:" + type;
}

}  // namespace

Problem to_problem(const base::Error& error)
{
    if (error.kind() == base::Errc::not_found) {
        return {404, "malformed", error.message()};
    }
    base::log::error("acme_server_failure", {{"error", error.message()}});
    Problem problem(500, "serverInternal", "The server failed: " + error.message());
    problem.retry_after = std::chrono::seconds(60);
    return problem;
}

std::string to_document(const Problem& problem)
{
    json::object document{
        {"type", urn(problem.type)}, {"detail", problem.detail}, {"status", problem.status}};
    json::array subproblems;
    for (const auto& each : problem.subproblems) {
        subproblems.push_back(
            {{"type", urn(each.type)},
             {"detail", each.detail},
             {"identifier", {{"type", each.identifier.type}, {"value", each.identifier.value}}}});
    }
    if (!subproblems.empty()) {
        document["subproblems"] = std::move(subproblems);
    }
    if (!problem.algorithms.empty()) {
        document["algorithms"] = json::value_from(problem.algorithms);
    }
    return json::serialize(document);
}

}  // namespace relay
