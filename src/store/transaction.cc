#include "store/sql/connection.h"
#include "store/store.h"

namespace store {

Transaction::Transaction(sql::Connection& db, const EndpointCounts* batch)
    : tenants(db),
      tokens(db),
      endpoints(db, batch),
      names(db),
      certificates(db),
      orders(db),
      accounts(db),
      revocations(db),
      challenges(db),
      revisions(db),
      leases(db),
      budgets(db),
      advice(db),
      events(db),
      edges(db),
      groups(db),
      settings(db),
      alerts(db),
      notices(db),
      channels(db),
      deliveries(db),
      sessions(db),
      records(db, revisions),
      db_(db)
{
}

base::Result<base::Time> Transaction::now()
{
    return db_.now();
}

}  // namespace store
