// Fills a store with endpoints as years of use leave them: each with a certificate, the order that it came
// from and the CA's advice, one in a hundred with an order that fails again and again, some with an open
// alert.
#pragma once

#include "endpoints/testing/world.h"
#include "store/sql/connection.h"

#include <string>

namespace bench {

constexpr std::int64_t first_created = 1'700'000'000'000;
constexpr int rows_a_write = 500;

// Ids rise as those of the product do: "ep_10000042".
std::string number_text(int number);
std::string name_of(int number);

// One in a hundred.
inline bool is_broken(int number)
{
    return number % 100 == 99;
}

// The one with that number and all that belongs to it, as the product stores it.
base::Result<> add_endpoint(store::Transaction& tx, base::Time now, int number);

// The first `made` were added by the store. Copies them until there are `size`, by SQL that both engines
// take.
base::Result<> multiply(sql::Connection& db, int made, int size);
// Events, alerts and lines of the search for all of them.
base::Result<> complete(sql::Connection& db, int made, int size);

model::Certificate certificate(base::Time now, const std::string& key);

}  // namespace bench
