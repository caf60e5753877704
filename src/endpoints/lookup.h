// Finding what a caller means, and noting what was done. For endpoints/ and the services above it.
#pragma once

#include "endpoints/service.h"

namespace endpoints {

// By id or by name; endpoint_not_found for unknown, released and foreign ones.
base::Result<model::Endpoint> find_endpoint(store::Transaction& tx, const Caller& caller,
                                            const std::string& reference);
// The same, but conflict (endpoint_deleting) when it is being removed.
base::Result<model::Endpoint> find_working(store::Transaction& tx, const Caller& caller,
                                           const std::string& reference);
base::Result<model::Certificate> find_certificate(store::Transaction& tx, const Caller& caller,
                                                  const std::string& id);
// tenant_forbidden: a caller acts for another tenant than its own.
base::Error foreign_tenant();
base::Result<model::Tenant> find_tenant(store::Transaction& tx, const std::string& id);
base::Result<model::EdgeGroup> find_group(store::Transaction& tx,
                                          const std::string& name);  // group_not_found
base::Result<Detail> read_detail(store::Transaction& tx, const Caller& caller, const std::string& reference);

model::Event endpoint_event(const model::Endpoint& endpoint, std::string type, std::string message,
                            base::Time now);

// The accounts that the endpoint's CA policy names exist, issue for its key types and know its profile.
// Errors: ca_account_not_found, ca_policy_invalid, ca_profile_unknown.
base::Result<> check_ca_policy(store::Transaction& tx, const model::Endpoint& endpoint);

// A problem for each name that `endpoint` does not hold, with the record that proves it.
base::Result<std::vector<model::Problem>> unproved_names(store::Transaction& tx,
                                                         const model::Endpoint& endpoint);

// What has to be done by people before `endpoint` can be proved: a missing delegation that it cannot do
// without.
std::vector<model::Problem> delegation_warnings(const model::Endpoint& endpoint);

}  // namespace endpoints
