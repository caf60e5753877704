// The rules: what is worth an alert. Pure functions of what the store says; nothing here asks anybody.
#pragma once

#include "model/alert.h"
#include "model/certificate.h"
#include "model/endpoint.h"
#include "model/order.h"
#include "model/records.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alerts {

// How a rule reads and how often it may be told.
struct Rule {
    std::string_view name;
    bool of_time;               // about an expiry: told daily at most; others hourly at most
    std::string_view headline;  // {name} and {deadline} are replaced
    std::string_view many;      // the same for a group, after its number
    std::string_view advice;    // the command that shows more; {subject} is replaced
    bool of_platform = false;   // about a CA account, an edge or a zone
};

std::span<const Rule> rules();
const Rule* find_rule(std::string_view name);

// Parts of a certificate's lifetime. Days would be wrong for some CA.
struct Thresholds {
    double expiring = 0.20;
    double critical = 0.07;
};

struct Finding {
    std::string rule;
    model::Severity severity = model::Severity::warning;
    model::Problem problem;
    std::optional<base::Time> deadline;
};

// An endpoint, or the platform's own certificate (then `endpoint` is empty), as stored at one moment.
struct Facts {
    std::optional<model::Endpoint> endpoint;
    std::vector<model::Certificate> certificates;  // live ones
    std::optional<model::Order> order;             // the unfinished one
};

struct Verdict {
    std::vector<Finding> findings;          // about the subject itself, at most one a rule
    std::vector<Finding> of_account;        // about the CA account of its order
    std::optional<base::Time> next_change;  // when the clock alone will change the verdict
};

Verdict judge(const Facts& facts, const Thresholds& thresholds, base::Time now);

// Used up but for a tenth, or blocked by the CA for longer than an hour.
std::optional<Finding> judge_budget(const model::Bucket& orders, base::Time now);
// Not seen for a month: it counts as taken away.
bool is_gone(const model::EdgeNode& edge, base::Time now);
// Not seen for `silent`; after a month it counts as taken away.
std::optional<Finding> judge_edge(const model::EdgeNode& edge, std::chrono::milliseconds silent,
                                  base::Time now);

}  // namespace alerts
