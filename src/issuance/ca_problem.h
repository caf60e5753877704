// What the CA said, in the words of our table of problems.
#pragma once

#include "acme/resources.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/endpoint.h"

#include <optional>
#include <string>

namespace issuance {

// Of a failed challenge or order. `name`: the identifier concerned.
model::Problem problem_of(const acme::Problem& said, const std::string& name,
                          std::optional<model::ChallengeType> challenge);

// Of a call that failed. `now` turns Retry-After into a time.
model::Problem problem_of(const base::Error& error, const std::string& name, base::Time now);

// The CA waits for a person (an account paused after many failures): asking again does not help.
bool is_paused(const base::Error& error);

// The CA knows the account no more, has closed it, or wants something of the operator first.
bool is_about_account(const base::Error& error);

// The CA, or what stands before it, asks us to come back later (503 with Retry-After): it is not out of
// order.
bool is_busy(const base::Error& error);

// The failure is about how a name is proved, so that another challenge may work.
bool is_proof_problem(std::string_view code);

}  // namespace issuance
