// What is said in the days before a renewal: whether something will stop it.
#pragma once

#include "model/certificate.h"
#include "store/store.h"

#include <optional>
#include <vector>

namespace diagnosis {

// When the endpoint must be looked at because a renewal is near: days before the soonest `renew_at` of a
// managed certificate, in proportion for short lifetimes. None: nothing will be renewed.
std::optional<base::Time> look_before_renewal(const std::vector<model::Certificate>& live);

// After a look: the first one in those days appends the event certificate.renewal.upcoming, which says what
// will stop the renewal, or that nothing will. `before` is the endpoint as it was before the look.
base::Result<> tell_of_renewal(store::Transaction& tx, const model::Endpoint& before,
                               const model::Endpoint& after, const std::vector<model::Certificate>& live,
                               base::Time now);

}  // namespace diagnosis
